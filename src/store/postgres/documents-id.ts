import type { Database } from '../records/database.ts';

/** `Store.keepDocumentsId`: a row that is there once. */
export function keepDocumentsId(db: Database, id: string): Promise<string> {
  return db.write(async (sql) => {
    await sql.query('insert into documents_id (id) values ($1) on conflict (is_only) do nothing', [id]);
    const [row] = await sql.query('select id from documents_id');
    return String(row?.id);
  });
}
