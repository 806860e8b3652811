import { invalidateCatalogue } from '../records/catalogue-version.ts';
import type { Sql } from '../records/database.ts';
import type { RecordVersions } from '../records/keep-records.ts';
import type { PostgresDatabase } from './postgres-database.ts';

/** What the nodes tell each other by: a number that each write of the small records makes another. */
export function recordVersions(db: PostgresDatabase): RecordVersions {
  return {
    read: async () => {
      const [row] = await db.read((sql) => sql.query('select version from record_version'));
      return String(row?.version);
    },
    next,
  };
}

async function next(sql: Sql): Promise<void> {
  await sql.query('update record_version set version = version + 1');
}

/** Has every staged chunk of a datamart staged again, on whichever node. */
export async function outdateCatalogue(sql: Sql, datamartId: string): Promise<void> {
  await invalidateCatalogue(sql, datamartId);
  await next(sql);
}
