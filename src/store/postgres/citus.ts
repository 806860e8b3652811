import { StoreUnreachableError, StoreUnusableError } from '../../errors.ts';
import type { Sql } from '../records/database.ts';
import type { PostgresSql, ReadingSql } from './postgres-sql.ts';

type Read = <T>(work: (sql: ReadingSql) => Promise<T>) => Promise<T>;
type Reads = { readonly read: Read };
type PromptReads = {
  readonly readPromptly: <T>(work: (sql: ReadingSql) => Promise<T>, ms?: number) => Promise<T>;
};

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
 * Commits at the workers what the coordinator has committed and a worker has only prepared, since
 * the COMMIT PREPARED did not arrive. Until then nobody sees those rows: a merge would decide
 * without them, and what it decides would be lost.
 *
 * It runs in a transaction of its own: Citus lets one recovery run at a time, until its transaction
 * ends, so that in those of merges it would have merges of different datamarts wait for each other.
 * A worker that cannot be reached is a warning for Citus. Here it is a fault: nobody knows what
 * that worker has prepared.
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

/**
 * The same where the store is distributed; for transactions that have their locks and have read
 * nothing yet.
 */
export async function recoverBeforeMerge(sql: PostgresSql): Promise<void> {
  if (await isDistributed(sql)) await recoverPrepared(sql);
}

/**
 * Throws where the store is distributed and its role may not recover: each of its merges would
 * wait.
 */
export async function requireRecovery(db: Reads): Promise<void> {
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
 * A call of the leader, again and again: reads see what was committed even when nobody merges. It
 * is not waited for, since it may take as long as a worker takes to answer; merges tell what goes
 * wrong.
 */
export function regularRecovery(db: Reads): () => void {
  let isUnderWay = false;
  return () => {
    if (isUnderWay) return;
    isUnderWay = true;
    db.read(recoverBeforeMerge)
      .catch(() => undefined)
      .finally(() => (isUnderWay = false));
  };
}

/** How long it is believed which workers answer: each question has every worker ask every other. */
const HEALTH_MS = 10_000;
/**
 * A worker that is gone without a word takes as long as Citus waits for a connection, 30 s by
 * default.
 */
const MAX_HEALTH_MS = 60_000;

const WORKERS_DOWN = `
  select distinct case when result is null then from_nodename || ':' || from_nodeport
    else to_nodename || ':' || to_nodeport end as worker
  from citus_check_cluster_node_health()
  where result is not true
  order by worker`;

/**
 * `Store.workersDown`: a worker that the coordinator cannot ask (null), or that another one cannot
 * reach (false). Nobody waits for it: it is asked beside whoever wants to know, and told the next
 * time.
 */
export function workerHealth(db: PromptReads): () => readonly string[] {
  let down: readonly string[] = [];
  let askedAt = Number.NEGATIVE_INFINITY;
  let isAsking = false;
  const ask = async () => {
    const rows = await db.readPromptly(
      async (sql) => ((await isDistributed(sql)) ? sql.query(WORKERS_DOWN) : []),
      MAX_HEALTH_MS,
    );
    down = rows.map(({ worker }) => String(worker));
  };
  return () => {
    if (!isAsking && performance.now() - askedAt >= HEALTH_MS) {
      isAsking = true;
      askedAt = performance.now();
      ask()
        // that the coordinator does not answer is told by everything else
        .catch(() => undefined)
        .finally(() => (isAsking = false));
    }
    return down;
  };
}

/** How long the size of the shards is believed: each question asks all workers. */
const SIZE_MS = 60_000;

/**
 * What the shards take on the workers, of the database that does not count them; of those that
 * answer.
 */
export function bytesOfShards(db: Reads): () => Promise<number> {
  let read: { readonly at: number; readonly bytes: Promise<number> } | null = null;
  const ask = () =>
    db.read(async (sql) => {
      if (!(await isDistributed(sql))) return 0;
      const [row] = await sql.query(
        `select coalesce(sum(citus_total_relation_size(name::regclass, false)), 0) as bytes
         from unnest(array['user_point', 'membership', 'membership_change']) as name`,
      );
      return Number(row?.bytes);
    });
  return () => {
    if (read === null || performance.now() - read.at >= SIZE_MS) {
      const fresh = { at: performance.now(), bytes: ask() };
      read = fresh;
      fresh.bytes.catch(() => {
        if (read === fresh) read = null;
      });
    }
    return read.bytes;
  };
}

const SUMMARIZE = `select brin_summarize_new_values('membership_change_range')`;
/**
 * The table of the coordinator is empty: the index is that of each shard, under a name of its own.
 */
const SUMMARIZE_SHARDS = `select count(*) from run_command_on_shards('membership_change', $command$
  select brin_summarize_new_values(i.indexrelid)
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_am a on a.oid = c.relam
  where i.indrelid = '%s'::regclass and a.amname = 'brin'
$command$)`;

/** Has what the change log got lately found by ranges of pages. */
export async function summarizeChangeRanges(sql: Sql): Promise<void> {
  await sql.query((await isDistributed(sql)) ? SUMMARIZE_SHARDS : SUMMARIZE);
}
