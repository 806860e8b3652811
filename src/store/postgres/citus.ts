import { StoreUnreachableError, StoreUnusableError } from '../../errors.ts';
import type { Sql } from '../records/database.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';

/** Whether the large tables are distributed over the nodes of a Citus cluster. */
export async function isDistributed(sql: Sql): Promise<boolean> {
  const [citus] = await sql.query(`select to_regclass('pg_dist_partition') is not null as is_there`);
  if (!citus?.is_there) return false;
  const [table] = await sql.query(
    `select 1 from pg_dist_partition where logicalrelid = to_regclass('user_point')`,
  );
  return table !== undefined;
}

/**
 * Commits at the workers what the coordinator has committed and a worker has only prepared, since the
 * COMMIT PREPARED did not arrive. Until then nobody sees those rows: a merge would decide without them,
 * and what it decides would be lost.
 *
 * It runs in a transaction of its own: Citus lets one recovery run at a time, until its transaction
 * ends, so that in those of merges it would have merges of different datamarts wait for each other.
 * A worker that cannot be reached is a warning for Citus. Here it is a fault: nobody knows what that
 * worker has prepared.
 */
export async function recoverPrepared(sql: Pick<PostgresSql, 'aside'>): Promise<void> {
  const warnings = await sql
    .aside(`set local lock_timeout = '20s'; select recover_prepared_transactions()`)
    .catch((cause: { code?: string }) => {
      throw cause.code === '42501' ? new StoreUnreachableError(MISSING_GRANT, { cause }) : cause;
    });
  const [warning] = warnings;
  if (warning !== undefined)
    throw new StoreUnreachableError(`the database cannot finish what a worker has prepared: ${warning}`);
}

const MISSING_GRANT =
  'the role may not finish what workers have prepared: as a superuser, on the coordinator, run "grant execute on function recover_prepared_transactions() to ROLE" (deploy/roles.sql)';

/** The same where the store is distributed; for transactions that have their locks and have read nothing yet. */
export async function recoverBeforeMerge(sql: PostgresSql): Promise<void> {
  if (await isDistributed(sql)) await recoverPrepared(sql);
}

/** Throws where the store is distributed and its role may not recover: each of its merges would wait. */
export async function requireRecovery(db: Pick<PostgresDatabase, 'read'>): Promise<void> {
  const isAllowed = await db.read(async (sql) => {
    if (!(await isDistributed(sql))) return true;
    const [row] = await sql.query(
      `select has_function_privilege('recover_prepared_transactions()', 'execute') as is_allowed`,
    );
    return row?.is_allowed === true;
  });
  if (!isAllowed) throw new StoreUnusableError(MISSING_GRANT);
}

/**
 * A call of the leader, again and again: reads see what was committed even when nobody merges. It is
 * not waited for, since it may take as long as a worker takes to answer; merges tell what goes wrong.
 */
export function regularRecovery(db: Pick<PostgresDatabase, 'read'>): () => void {
  let isUnderWay = false;
  return () => {
    if (isUnderWay) return;
    isUnderWay = true;
    db.read(recoverBeforeMerge)
      .catch(() => undefined)
      .finally(() => (isUnderWay = false));
  };
}
