import { literal } from '../records/database.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

/**
 * What orders the changes of memberships (migration 003): kept in memory, since no other process
 * writes to this store.
 */
export interface ChangeLog {
  /** Higher than that of any change that was noted before. One that is never used does no harm. */
  nextStep(): number;
}

export async function readChangeLog(db: DuckDbDatabase): Promise<ChangeLog> {
  const [row] = await db.read((sql) =>
    sql.query('select coalesce(max(step), 0) as step from membership_change'),
  );
  let step = Number(row?.step);
  return { nextStep: () => ++step };
}

/**
 * `Store.removeChangesBefore` for the embedded store: in the turn of a merge, and only when there
 * is something to do.
 */
export async function removeChangesBefore(db: DuckDbDatabase, instant: number): Promise<number> {
  const where = `from membership_change where date < ${literal(Math.trunc(instant))}`;
  const [oldest] = await db.read((sql) => sql.query(`select 1 ${where} limit 1`));
  if (!oldest) return 0;
  return db.merge(async (sql) => {
    const [removed] = await sql.query(`delete ${where}`);
    await sql.query(
      `update change_log set known_since = greatest(known_since, ${literal(Math.trunc(instant))})`,
    );
    return Number(removed?.Count ?? 0);
  });
}
