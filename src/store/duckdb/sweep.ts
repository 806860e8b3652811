import { passFaultPoint } from '../../fault-points.ts';
import { numberOrNull } from '../records/database.ts';
import { changeRows } from './big-tables.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import type { MergeContext } from './merge-engine.ts';
import { statement } from './statements.ts';

/** Up to when expired memberships were removed since the store was opened. */
type RemovedExpired = { upTo: number };

/** `Store.removeExpired` for the embedded store. */
export async function removeExpired(
  db: DuckDbDatabase,
  now: number,
  {
    changes,
    serving,
    removed,
  }: Pick<MergeContext, 'changes' | 'serving'> & { readonly removed: RemovedExpired },
): Promise<number> {
  // an execution takes for live what was live when it started; decided in the turn of the claims,
  // so that one either runs here already or starts later
  const before = await db.write(async (sql) => {
    const [running] = await sql.query(
      `select min(start_date) as start_date from execution where status = 'RUNNING'`,
    );
    const upTo = Math.min(now, numberOrNull(running?.start_date) ?? now);
    removed.upTo = Math.max(removed.upTo, upTo);
    return Math.trunc(upTo);
  });
  const rows = await db.merge(async (sql) => {
    await sql.query(statement('insert-expiries', { step: changes.nextStep(), now: Math.trunc(now), before }));
    const where = `where expiration_ts <= ${before}`;
    const rows = await changeRows(sql, 'membership', (table) => `delete from ${table} ${where}`);
    passFaultPoint('expired-removed');
    return rows;
  });
  if (rows > 0) serving.noteLitter({ sweptUpTo: before });
  return rows;
}
