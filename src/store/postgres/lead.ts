import type { Database } from '../records/database.ts';
import { literal } from '../records/database.ts';
import type { Store } from '../store.ts';

/** `Store.lead`: a row that whoever finds it free or past its time takes. */
export async function lead(
  db: Database,
  { worker, now, until }: Parameters<Store['lead']>[0],
): Promise<boolean> {
  return db.write(async (sql) => {
    const rows = await sql.query(
      `insert into node_lease as l (name, worker, lease_until) values ('keeper', $1, ${literal(until)})
       on conflict (name) do update set worker = excluded.worker, lease_until = excluded.lease_until
       where l.worker = excluded.worker or l.lease_until < ${literal(now)}
       returning worker`,
      [worker],
    );
    return rows.length > 0;
  });
}
