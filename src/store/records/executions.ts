import { gather } from '../../gather.ts';
import type { Execution, ExecutionStatus } from '../../model/execution.ts';
import type { Priority } from '../../model/records.ts';
import type { ExecutionRecords, Upload } from '../execution-records.ts';
import { removeAnswersBefore } from './command-calls.ts';
import { listCorrections } from './corrections.ts';
import { type Database, parameters, type Sql } from './database.ts';
import {
  claimExecutions,
  isExecutionWaiting,
  noteChecked,
  releaseExecution,
  renewLease,
} from './execution-claims.ts';
import { createExecutions } from './execution-creation.ts';
import { cancelExecution, finishExecution, type NoteEnds } from './execution-ends.ts';
import {
  getExecution,
  listExecutions,
  listExecutionsAfter,
  listExpiredFiles,
  listLastExecutions,
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
  noteEnds: NoteEnds,
): ExecutionRecords {
  return {
    create: gather<Upload, Execution | 'KEY_REUSED' | null>(
      (uploads) => db.write((sql) => createAtOnce(sql, uploads)),
      MOST_CREATED,
    ),
    removeKeysBefore: (instant) =>
      db.write(
        async (sql) => (await removeKeysBefore(sql, instant)) + (await removeAnswersBefore(sql, instant)),
      ),

    get: (id) => db.read((sql) => getExecution(sql, id)),
    list: (of) => db.read((sql) => listExecutions(sql, of)),
    listLast: (importIds) => db.read((sql) => listLastExecutions(sql, importIds)),
    listAfter: (id) => db.read((sql) => listExecutionsAfter(sql, id)),
    sameFiles: (ids) => db.read((sql) => findSameFiles(sql, ids)),
    listCorrections: (ids) => db.read((sql) => listCorrections(sql, ids)),
    countByStatus: () => db.read(countByStatus),
    waitingSince: () => db.read(readWaitingSince),

    claim: (of) =>
      db.write(async (sql) => claimExecutions(sql, of, Math.max(of.now, await removedUpTo(sql)))),
    isWaiting: (of) => db.read((sql) => isExecutionWaiting(sql, of)),
    renewLease: (of) => db.write((sql) => renewLease(sql, of)),
    noteChecked: (of) => db.write((sql) => noteChecked(sql, of)),
    release: (of) => db.write((sql) => releaseExecution(sql, of)),

    finish: (of) => db.write((sql) => finishExecution(sql, of, noteEnds)),
    cancel: (id, now, author) => db.write((sql) => cancelExecution(sql, { id, now, author }, noteEnds)),
    revert: (id, asked) => db.write((sql) => createRevert(sql, id, asked)),

    referredFolders: (folders) => db.read((sql) => findReferredFolders(sql, folders)),
    listExpiredFiles: (endedBefore) => db.read((sql) => listExpiredFiles(sql, endedBefore)),
    markFilesRemoved: (id, now) => db.write((sql) => markFilesRemoved(sql, id, now)),
  };
}

async function createAtOnce(
  sql: Sql,
  uploads: readonly Upload[],
): Promise<readonly (Execution | 'KEY_REUSED' | null)[]> {
  const created = await createOnce(sql, uploads, {
    insert: (fresh) => createExecutions(sql, fresh),
    get: (id) => getExecution(sql, id),
  });
  await noteTaken(sql, uploads, created);
  return created;
}

async function countByStatus(sql: Sql): Promise<ReadonlyMap<ExecutionStatus, number>> {
  const rows = await sql.query('select status, count(*) as executions from execution group by status');
  return new Map(rows.map((row) => [String(row.status) as ExecutionStatus, Number(row.executions)]));
}

async function readWaitingSince(sql: Sql): Promise<ReadonlyMap<Priority, number>> {
  const rows = await sql.query(
    `select priority, min(creation_date) as since from execution where status = 'PENDING' group by priority`,
  );
  return new Map(rows.map((row) => [String(row.priority) as Priority, Number(row.since)]));
}

async function findReferredFolders(sql: Sql, folders: readonly string[]): Promise<ReadonlySet<string>> {
  if (folders.length === 0) return new Set();
  const given = parameters();
  const list = folders.map((folder) => given.add(folder)).join(', ');
  const rows = await sql.query(
    `select document_folder from execution where document_folder in (${list}) and files_removed_date is null
     union all select folder from segment_export where folder in (${list})`,
    given.values,
  );
  return new Set(rows.map((row) => String(row.document_folder)));
}

async function markFilesRemoved(sql: Sql, id: string, now: number): Promise<void> {
  await sql.query(
    'update execution set files_removed_date = cast($2 as bigint) where id = cast($1 as bigint)',
    [id, now],
  );
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
