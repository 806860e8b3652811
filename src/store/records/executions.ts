import { gather } from '../../gather.ts';
import { type Execution, type ExecutionStatus, hasEnded } from '../../model/execution.ts';
import type { Priority } from '../../model/records.ts';
import type { ExecutionRecords, Upload } from '../execution-records.ts';
import { noteChange } from './audit-log.ts';
import { storeCheckpoint } from './checkpoints.ts';
import { removeAnswersBefore } from './command-calls.ts';
import { listCorrections } from './corrections.ts';
import { type Database, limits, literal, parameters, type Sql } from './database.ts';
import { claimExecutions, isExecutionWaiting } from './execution-claims.ts';
import { conditionsOf } from './execution-conditions.ts';
import { changeOf, createExecutions } from './execution-creation.ts';
import {
  EXECUTIONS,
  executionsOf,
  getExecution,
  listExecutionsAfter,
  listLastExecutions,
  toExecution,
} from './execution-rows.ts';
import { createOnce, removeKeysBefore } from './idempotency-keys.ts';
import { createRevert } from './reverts.ts';
import { findSameFiles } from './same-files.ts';
import { noteTaken } from './source-files.ts';

/** Executions that are made in one transaction at most. */
const MOST_CREATED = 64;

/**
 * Up to when expired memberships were removed: no execution starts earlier. Asked in the
 * transaction of a claim.
 */
export type RemovedUpTo = (sql: Sql) => Promise<number> | number;

/** `noteEnds` is told of executions that end, in the transaction that ends them. */
export function executionRecords(
  db: Database,
  removedUpTo: RemovedUpTo,
  noteEnds: (sql: Sql, executionIds: readonly string[]) => Promise<void>,
): ExecutionRecords {
  return {
    create: gather<Upload, Execution | 'KEY_REUSED' | null>(
      (uploads) =>
        db.write(async (sql) => {
          const made = await createOnce(sql, uploads, {
            insert: (fresh) => createExecutions(sql, fresh),
            get: (id) => getExecution(sql, id),
          });
          await noteTaken(sql, uploads, made);
          return made;
        }),
      MOST_CREATED,
    ),

    removeKeysBefore: (instant) =>
      db.write(
        async (sql) => (await removeKeysBefore(sql, instant)) + (await removeAnswersBefore(sql, instant)),
      ),

    get: (id) => db.read((sql) => getExecution(sql, id)),

    list: ({ filter, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const where = conditionsOf(filter, given.add).join(' and ');
        // the page is cut before the join, which would be over all executions
        const rows = await sql.query(
          `${executionsOf(`(select * from execution e where ${where} order by e.id desc ${limits(page)})`)} order by e.id desc`,
          given.values,
        );
        const [count] = await sql.query(
          `select count(*) as total from execution e where ${where}`,
          given.values,
        );
        return { elements: rows.map((row) => toExecution(row)), total: Number(count?.total) };
      }),

    listLast: (importIds) => db.read((sql) => listLastExecutions(sql, importIds)),

    listAfter: (id) => db.read((sql) => listExecutionsAfter(sql, id)),

    sameFiles: (ids) => db.read((sql) => findSameFiles(sql, ids)),

    listCorrections: (ids) => db.read((sql) => listCorrections(sql, ids)),

    countByStatus: () =>
      db.read(async (sql) => {
        const rows = await sql.query('select status, count(*) as executions from execution group by status');
        return new Map(rows.map((row) => [String(row.status) as ExecutionStatus, Number(row.executions)]));
      }),

    waitingSince: () =>
      db.read(async (sql) => {
        const rows = await sql.query(
          `select priority, min(creation_date) as since from execution where status = 'PENDING' group by priority`,
        );
        return new Map(rows.map((row) => [String(row.priority) as Priority, Number(row.since)]));
      }),

    claim: (of) =>
      db.write(async (sql) => claimExecutions(sql, of, Math.max(of.now, await removedUpTo(sql)))),

    renewLease: ({ id, worker, leaseUntil }) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update execution set lease_until = cast($3 as bigint)
           where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING' returning cancel_requested`,
          [id, worker, leaseUntil],
        );
        return { held: row !== undefined, cancelRequested: Boolean(row?.cancel_requested) };
      }),

    noteChecked: ({ id, worker, checked: { bytes, commands } }) =>
      db.write(async (sql) => {
        await sql.query(
          `update execution set checked_bytes = ${literal(bytes)}, checked_commands = ${literal(commands)}
           where id = ${literal(id)} and worker = $1 and status = 'RUNNING'`,
          [worker],
        );
        sql.emit('EXECUTION_CHANGED', id);
      }),

    isWaiting: (of) => db.read((sql) => isExecutionWaiting(sql, of)),

    release: ({ id, worker, now }) =>
      db.write(async (sql) => {
        await sql.query(
          `update execution set worker = null, lease_until = cast($3 as bigint)
           where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING'`,
          [id, worker, now],
        );
        sql.emit('EXECUTION_CHANGED', id);
      }),

    finish: ({ id, worker, status, failure, checkpoint, segmentsCreated, repaired = null, now }) =>
      db.write(async (sql) => {
        const rows = await sql.query(
          `update execution set status = $3, failure = $4, end_date = cast($5 as bigint), worker = null, lease_until = 0,
             segments_created = coalesce(cast($6 as text), segments_created),
             repaired_lines = ${repaired === null ? 'null' : literal(repaired)}
           where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING' returning id`,
          [id, worker, status, failure, now, segmentsCreated ? JSON.stringify(segmentsCreated) : null],
        );
        if (rows.length > 0 && checkpoint !== undefined) await storeCheckpoint(sql, id, checkpoint);
        if (rows.length > 0) await noteEnds(sql, [id]);
        sql.emit('EXECUTION_CHANGED', id);
        return rows.length > 0;
      }),

    cancel: (id, now, author) =>
      db.write(async (sql) => {
        const execution = await getExecution(sql, id);
        if (!execution) return null;
        if (hasEnded(execution.status)) return 'ENDED';
        await sql.query('update execution set cancel_requested = true where id = cast($1 as bigint)', [id]);
        sql.emit('CANCEL_REQUESTED', id);
        sql.emit('EXECUTION_CHANGED', id);
        if (execution.status === 'PENDING') {
          await sql.query(
            `update execution set status = 'CANCELED', end_date = cast($2 as bigint) where id = cast($1 as bigint)`,
            [id, now],
          );
          await noteEnds(sql, [id]);
        }
        await noteChange(sql, author, { ...changeOf(execution), action: 'CANCEL' });
        return getExecution(sql, id);
      }),

    revert: (id, asked) => createRevert(db, id, { ...asked, getExecution }),

    referredFolders: (folders) =>
      db.read(async (sql) => {
        if (folders.length === 0) return new Set<string>();
        const given = parameters();
        const list = folders.map((folder) => given.add(folder)).join(', ');
        const rows = await sql.query(
          `select document_folder from execution where document_folder in (${list}) and files_removed_date is null
           union all select folder from segment_export where folder in (${list})`,
          given.values,
        );
        return new Set(rows.map((row) => String(row.document_folder)));
      }),

    listExpiredFiles: (endedBefore) =>
      db.read(async (sql) => {
        const rows = await sql.query(
          `${EXECUTIONS} where e.end_date < cast($1 as bigint) and e.files_removed_date is null order by e.id limit 1000`,
          [endedBefore],
        );
        return rows.map((row) => toExecution(row));
      }),

    markFilesRemoved: (id, now) =>
      db.write(async (sql) => {
        await sql.query(
          'update execution set files_removed_date = cast($2 as bigint) where id = cast($1 as bigint)',
          [id, now],
        );
      }),
  };
}

/**
 * Removes the executions of an import or of a segment that do not run; resolves to the folders of
 * their documents.
 */
export async function removeExecutions(
  sql: Sql,
  owner: 'document_import_id' | 'segment_id',
  id: string,
): Promise<string[]> {
  const where = `${owner} = cast($1 as bigint) and status <> 'RUNNING'`;
  const executions = await sql.query(`select document_folder from execution where ${where}`, [id]);
  await sql.query(
    `delete from execution_checkpoint where execution_id in (select id from execution where ${where})`,
    [id],
  );
  await sql.query(`delete from execution where ${where}`, [id]);
  return executions.map((row) => String(row.document_folder));
}
