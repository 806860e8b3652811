import { type Execution, mayBeGrouped, START } from '../../model/execution.ts';
import type { Priority } from '../../model/records.ts';
import type { ExecutionRecords } from '../execution-records.ts';
import { literal, type Row, type Sql } from './database.ts';
import { getExecution, toExecution } from './execution-rows.ts';

/** Later than any instant: a priority outweighs any wait. */
const RANK_MS = 1e15;
const RANK: Readonly<Record<Priority, number>> = { HIGH: 0, MEDIUM: 1, LOW: 2 };
const PRIORITY_RANK = `case priority when 'HIGH' then 0 when 'MEDIUM' then 1 else 2 end`;

/** `ExecutionRecords.claim`. */
export async function claimExecutions(
  sql: Sql,
  { worker, now, leaseUntil, most }: Parameters<ExecutionRecords['claim']>[0],
  startDate: number,
): Promise<readonly Execution[]> {
  const { next, begun } = await nextBegun(sql, { worker, now });
  const pending = await nextPending(sql, begun, most);
  const goesOn = next !== null && (pending[0] === undefined || comesBefore(next, pending[0]));
  const group = goesOn
    ? [await getExecution(sql, String(next.id))].filter((execution) => execution !== null)
    : pending;
  if (group.length === 0) return [];
  await sql.query(
    `update execution set status = 'RUNNING', worker = $1, lease_until = ${literal(leaseUntil)},
       start_date = coalesce(start_date, ${literal(startDate)})
     where id in (${group.map(({ id }) => literal(id)).join(', ')})`,
    [worker],
  );
  for (const { id } of group) sql.emit('EXECUTION_CHANGED', id);
  return group.map((execution) => ({
    ...execution,
    status: 'RUNNING' as const,
    startDate: execution.startDate ?? startDate,
  }));
}

/**
 * Of the executions that have begun and that nobody runs now, the one that is next: in each
 * datamart the first in its order, and among datamarts what is to be canceled, then by priority,
 * then what was given back first. `begun` has the datamarts with any that has begun: what is
 * PENDING there waits for it.
 */
async function nextBegun(
  sql: Sql,
  { worker, now }: { readonly worker: string; readonly now: number },
): Promise<{ next: Row | null; begun: ReadonlySet<string> }> {
  const running = await sql.query(
    `select id, datamart_id, priority, worker, lease_until, cancel_requested from execution
     where status = 'RUNNING' order by ${PRIORITY_RANK}, id`,
  );
  const isHeld = (row: Row) =>
    row.worker === worker || (row.worker !== null && Number(row.lease_until) >= now);
  const taken = new Set(running.filter(isHeld).map((row) => String(row.datamart_id)));
  let next: Row | null = null;
  const seen = new Set(taken);
  for (const row of running) {
    const datamartId = String(row.datamart_id);
    if (seen.has(datamartId)) continue;
    seen.add(datamartId);
    if (next === null || turnOf(row) < turnOf(next)) next = row;
  }
  return { next, begun: seen };
}

/**
 * Orders executions that were given back: by priority, then since when they wait; what is to be
 * canceled comes first.
 */
function turnOf(row: Row): number {
  return row.cancel_requested ? -1 : rankOf(row.priority as Priority) * RANK_MS + Number(row.lease_until);
}

function rankOf(priority: Priority): number {
  return RANK[priority];
}

/**
 * Whether one that was given back goes before one that has not begun: by priority, then by how long
 * each has waited.
 */
function comesBefore(begun: Row, pending: Execution): boolean {
  return turnOf(begun) <= rankOf(pending.priority) * RANK_MS + pending.creationDate;
}

/**
 * The PENDING executions that are next, of one datamart that is not `taken`; what is PENDING has
 * not begun.
 */
async function nextPending(
  sql: Sql,
  taken: ReadonlySet<string>,
  most: { readonly documents: number; readonly bytes: number },
): Promise<readonly Execution[]> {
  const others = taken.size === 0 ? '' : `and datamart_id not in (${[...taken].map(literal).join(', ')})`;
  const rows = await sql.query(
    `select * from execution
     where status = 'PENDING' and datamart_id = (
       select datamart_id from execution
       where status = 'PENDING' ${others}
       order by ${PRIORITY_RANK}, id
       limit 1
     )
     order by ${PRIORITY_RANK}, id
     limit ${literal(most.documents)}`,
  );
  return firstOf(
    rows.map((row) => toExecution(row, START)),
    most.bytes,
  );
}

/**
 * The first of some executions, and those after it while their documents have at most so many bytes
 * together. One about which something is decided as a whole, or that corrects another, is always by
 * itself.
 */
function firstOf(executions: readonly Execution[], bytes: number): readonly Execution[] {
  let left = bytes;
  const end = executions.findIndex((execution) => {
    const { document } = execution;
    left -= mayBeGrouped(execution) ? document.bytes : Number.POSITIVE_INFINITY;
    return left < 0;
  });
  return end === -1 ? executions : executions.slice(0, Math.max(1, end));
}

/** `ExecutionRecords.isWaiting`. */
export async function isExecutionWaiting(
  sql: Sql,
  { worker, now, priority }: Parameters<ExecutionRecords['isWaiting']>[0],
): Promise<boolean> {
  const { next, begun } = await nextBegun(sql, { worker, now });
  const rank = rankOf(priority);
  if (next !== null && rankOf(next.priority as Priority) <= rank) return true;
  const [pending] = await nextPending(sql, begun, { documents: 1, bytes: 0 });
  return pending !== undefined && rankOf(pending.priority) <= rank;
}

/** The condition that the worker `$1` runs an execution. */
function isRunning(id: string): string {
  return `id = ${literal(id)} and worker = $1 and status = 'RUNNING'`;
}

/** `ExecutionRecords.renewLease`. */
export async function renewLease(
  sql: Sql,
  { id, worker, leaseUntil }: Parameters<ExecutionRecords['renewLease']>[0],
): ReturnType<ExecutionRecords['renewLease']> {
  const [row] = await sql.query(
    `update execution set lease_until = ${literal(leaseUntil)} where ${isRunning(id)} returning cancel_requested`,
    [worker],
  );
  return { held: row !== undefined, cancelRequested: Boolean(row?.cancel_requested) };
}

/** `ExecutionRecords.noteChecked`. */
export async function noteChecked(
  sql: Sql,
  { id, worker, checked: { bytes, commands } }: Parameters<ExecutionRecords['noteChecked']>[0],
): Promise<void> {
  await sql.query(
    `update execution set checked_bytes = ${literal(bytes)}, checked_commands = ${literal(commands)}
     where ${isRunning(id)}`,
    [worker],
  );
  sql.emit('EXECUTION_CHANGED', id);
}

/** `ExecutionRecords.release`. */
export async function releaseExecution(
  sql: Sql,
  { id, worker, now }: Parameters<ExecutionRecords['release']>[0],
): Promise<void> {
  await sql.query(
    `update execution set worker = null, lease_until = ${literal(now)} where ${isRunning(id)}`,
    [worker],
  );
  sql.emit('EXECUTION_CHANGED', id);
}
