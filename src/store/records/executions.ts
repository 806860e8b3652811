import { gather } from '../../gather.ts';
import {
  type Checkpoint,
  type Ending,
  type Execution,
  type ExecutionStatus,
  type FailuresByCode,
  hasEnded,
  type ImportOptions,
  isPlain,
  type Job,
  type NewExecution,
  PLAIN_IMPORT,
  type SegmentEffect,
  START,
} from '../../model/execution.ts';
import type { MimeType, Priority } from '../../model/records.ts';
import type { ExecutionFilter, ExecutionRecords, Upload } from '../store.ts';
import { noteChange, noteChanges } from './audit-log.ts';
import {
  type Database,
  limits,
  literal,
  numberOrNull,
  parameters,
  type Row,
  type Sql,
  type SqlValue,
  textOrNull,
} from './database.ts';
import { createOnce, removeKeysBefore } from './idempotency-keys.ts';
import { createRevert } from './reverts.ts';

/** Executions with their checkpoints. A checkpoint has a table of its own, so that a merge and a cancel never meet. */
const executionsOf = (
  relation: string,
) => `select e.*, c.next_offset, c.line, c.successes, c.failures, c.failures_by_code, c.pairs,
    c.memberships_created, c.memberships_updated, c.memberships_deleted, c.unchanged, c.superseded, c.user_points_created,
    c.memberships_left, c.memberships_kept, c.error_file_bytes, c.segments
  from ${relation} e join execution_checkpoint c on c.execution_id = e.id`;
export const EXECUTIONS = executionsOf('execution');

/** Later than any instant: a priority outweighs any wait. */
const RANK_MS = 1e15;
const RANK: Readonly<Record<Priority, number>> = { HIGH: 0, MEDIUM: 1, LOW: 2 };
const PRIORITY_RANK = `case priority when 'HIGH' then 0 when 'MEDIUM' then 1 else 2 end`;

/** Executions that are made in one transaction at most. */
const MOST_CREATED = 64;

/** Up to when expired memberships were removed since the store was opened: no execution starts earlier. */
export type RemovedExpired = { upTo: number };

/** `noteEnds` is told of executions that end, in the transaction that ends them. */
export function executionRecords(
  db: Database,
  removed: RemovedExpired,
  noteEnds: (sql: Sql, executionIds: readonly string[]) => Promise<void>,
): ExecutionRecords {
  return {
    create: gather<Upload, Execution | 'KEY_REUSED' | null>(
      (uploads) =>
        db.write((sql) =>
          createOnce(sql, uploads, {
            insert: (fresh) => createExecutions(sql, fresh),
            get: (id) => getExecution(sql, id),
          }),
        ),
      MOST_CREATED,
    ),

    removeKeysBefore: (instant) => db.write((sql) => removeKeysBefore(sql, instant)),

    get: (id) => db.read((sql) => getExecution(sql, id)),

    list: ({ filter, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const where = conditions(filter, given.add).join(' and ');
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

    listAfter: (id) => db.read((sql) => listExecutionsAfter(sql, id)),

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

    claim: (of) => db.write((sql) => claimExecutions(sql, of, Math.max(of.now, removed.upTo))),

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
      }),

    isWaiting: ({ worker, now, priority }) =>
      db.read(async (sql) => {
        const { next, begun } = await nextBegun(sql, { worker, now });
        const rank = rankOf(priority);
        if (next !== null && rankOf(next.priority as Priority) <= rank) return true;
        const [pending] = await nextPending(sql, begun, { documents: 1, bytes: 0 });
        return pending !== undefined && rankOf(pending.priority) <= rank;
      }),

    release: ({ id, worker, now }) =>
      db.write(async (sql) => {
        await sql.query(
          `update execution set worker = null, lease_until = cast($3 as bigint)
           where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING'`,
          [id, worker, now],
        );
      }),

    finish: ({ id, worker, status, failure, checkpoint, now }) =>
      db.write(async (sql) => {
        const rows = await sql.query(
          `update execution set status = $3, failure = $4, end_date = cast($5 as bigint), worker = null, lease_until = 0
           where id = cast($1 as bigint) and worker = $2 and status = 'RUNNING' returning id`,
          [id, worker, status, failure, now],
        );
        if (rows.length > 0 && checkpoint !== undefined) await storeCheckpoint(sql, id, checkpoint);
        if (rows.length > 0) await noteEnds(sql, [id]);
        return rows.length > 0;
      }),

    cancel: (id, now, author) =>
      db.write(async (sql) => {
        const execution = await getExecution(sql, id);
        if (!execution) return null;
        if (hasEnded(execution.status)) return 'ENDED';
        await sql.query('update execution set cancel_requested = true where id = cast($1 as bigint)', [id]);
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
          `select document_folder from execution where document_folder in (${list})
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

/** Makes executions that were asked for at the same time; null for one whose owner is gone. */
async function createExecutions(
  sql: Sql,
  executions: readonly Upload[],
): Promise<readonly (Execution | null)[]> {
  const imports = await existing(sql, 'document_import', executions.map(ownerOf('DOCUMENT_IMPORT')));
  const segments = await existing(sql, 'segment', executions.map(ownerOf('USER_SEGMENT_IMPORT')));
  const owned = executions.filter(({ job }) =>
    job.type === 'DOCUMENT_IMPORT' ? imports.has(job.documentImportId) : segments.has(job.segmentId),
  );
  if (owned.length === 0) return executions.map(() => null);
  const given = parameters();
  const rows = await sql.query(
    `insert into execution (id, job_type, document_import_id, segment_id, organisation_id, datamart_id, mime_type, priority,
       user_id, status, creation_date, cancel_requested, document_folder, document_name, document_bytes, document_sha256,
       options, lease_until)
     values ${owned.map((execution) => newRow(execution, given.add)).join(', ')} returning id, document_folder`,
    given.values,
  );
  const idByFolder = new Map(rows.map((row) => [String(row.document_folder), String(row.id)]));
  const checkpoints = [...idByFolder.values()].map(
    (id) => `(${literal(id)}, 0, 0, 0, 0, '{}', 0, 0, 0, 0, 0, 0, 0, 0)`,
  );
  await sql.query(
    `insert into execution_checkpoint (execution_id, next_offset, line, successes, failures, failures_by_code, pairs,
       memberships_created, memberships_updated, memberships_deleted, unchanged, superseded, user_points_created,
       error_file_bytes)
     values ${checkpoints.join(', ')}`,
  );
  const created = executions.map(({ author: _author, key: _key, ...execution }) => {
    const id = idByFolder.get(execution.document.folder);
    return id === undefined ? null : pendingExecution(id, execution);
  });
  const notes = created.map((execution, i) => ({ execution, author: executions[i]?.author }));
  await noteChanges(
    sql,
    notes.flatMap(({ execution, author }) =>
      execution && author ? [{ author, change: { ...changeOf(execution), action: 'UPLOAD' } as const }] : [],
    ),
  );
  return created;
}

function changeOf({ id, datamartId }: Execution) {
  return { resourceType: 'execution', resourceId: id, datamartId } as const;
}

function ownerOf(type: Job['type']): (execution: NewExecution) => string | null {
  return ({ job }) => {
    if (job.type !== type) return null;
    return job.type === 'DOCUMENT_IMPORT' ? job.documentImportId : job.segmentId;
  };
}

/** Those of some ids that a table has. */
async function existing(
  sql: Sql,
  table: 'document_import' | 'segment',
  ids: readonly (string | null)[],
): Promise<ReadonlySet<string>> {
  const asked = new Set(ids.filter((id) => id !== null));
  if (asked.size === 0) return new Set();
  const rows = await sql.query(`select id from ${table} where id in (${[...asked].map(literal).join(', ')})`);
  return new Set(rows.map((row) => String(row.id)));
}

/** Numbers as literals: a parameter costs as much as the row it is in. */
function newRow(execution: NewExecution, add: (value: SqlValue) => string): string {
  const { job, document } = execution;
  return `(${[
    "nextval('execution_id')",
    add(job.type),
    job.type === 'DOCUMENT_IMPORT' ? literal(job.documentImportId) : 'null',
    job.type === 'DOCUMENT_IMPORT' ? 'null' : literal(job.segmentId),
    literal(execution.organisationId),
    literal(execution.datamartId),
    add(execution.mimeType),
    add(execution.priority),
    add(execution.userId),
    "'PENDING'",
    literal(execution.creationDate),
    'false',
    add(document.folder),
    add(document.fileName),
    literal(document.bytes),
    add(document.sha256),
    execution.options === undefined ? 'null' : add(JSON.stringify(execution.options)),
    '0',
  ].join(', ')})`;
}

function pendingExecution(id: string, execution: NewExecution): Execution {
  return {
    id,
    ...execution,
    options: execution.options ?? PLAIN_IMPORT,
    reverts: null,
    revertedBy: null,
    status: 'PENDING',
    startDate: null,
    endDate: null,
    cancelRequested: false,
    failure: null,
    filesRemovedDate: null,
    checked: { bytes: 0, commands: 0 },
    checkpoint: START,
  };
}

async function claimExecutions(
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
  return group.map((execution) => ({
    ...execution,
    status: 'RUNNING' as const,
    startDate: execution.startDate ?? startDate,
  }));
}

/**
 * Of the executions that have begun and that nobody runs now, the one that is next: in each datamart the first in its order,
 * and among datamarts what is to be canceled, then by priority, then what was given back first. `begun` has the datamarts
 * with any that has begun: what is PENDING there waits for it.
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

/** Orders executions that were given back: by priority, then since when they wait; what is to be canceled comes first. */
function turnOf(row: Row): number {
  return row.cancel_requested ? -1 : rankOf(row.priority as Priority) * RANK_MS + Number(row.lease_until);
}

function rankOf(priority: Priority): number {
  return RANK[priority];
}

/** Whether one that was given back goes before one that has not begun: by priority, then by how long each has waited. */
function comesBefore(begun: Row, pending: Execution): boolean {
  return turnOf(begun) <= rankOf(pending.priority) * RANK_MS + pending.creationDate;
}

/** The PENDING executions that are next, of one datamart that is not `taken`; what is PENDING has not begun. */
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
 * The first of some executions, and those after it while their documents have at most so many bytes together. One about which
 * something is decided as a whole is always by itself.
 */
function firstOf(executions: readonly Execution[], bytes: number): readonly Execution[] {
  let left = bytes;
  const end = executions.findIndex((execution) => {
    const { document } = execution;
    left -= isPlain(execution) ? document.bytes : Number.POSITIVE_INFINITY;
    return left < 0;
  });
  return end === -1 ? executions : executions.slice(0, Math.max(1, end));
}

/** Removes the executions of an import or of a segment that do not run; resolves to the folders of their documents. */
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

function conditions(filter: ExecutionFilter, add: (value: SqlValue) => string): string[] {
  const where = [`e.datamart_id = cast(${add(filter.datamartId)} as bigint)`];
  if (filter.documentImportId !== undefined) {
    where.push(`e.document_import_id = cast(${add(filter.documentImportId)} as bigint)`);
  }
  if (filter.segmentId !== undefined) where.push(`e.segment_id = cast(${add(filter.segmentId)} as bigint)`);
  if (filter.statuses !== undefined) {
    where.push(`e.status in (${filter.statuses.map((status) => add(status)).join(', ') || 'null'})`);
  }
  return where;
}

async function getExecution(sql: Sql, id: string): Promise<Execution | null> {
  const [row] = await sql.query(`${EXECUTIONS} where e.id = cast($1 as bigint)`, [id]);
  return row ? toExecution(row) : null;
}

/** `ExecutionRecords.listAfter`. */
export async function listExecutionsAfter(sql: Sql, id: string): Promise<readonly Execution[]> {
  const rows = await sql.query(
    `${executionsOf(`(select * from execution where id > cast($1 as bigint) order by id limit 1000)`)} order by e.id`,
    [id],
  );
  return rows.map((row) => toExecution(row));
}

/** Those of some executions that there are, by id. */
export async function executionsById(
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Execution>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.query(
    executionsOf(`(select * from execution where id in (${ids.map(literal).join(', ')}))`),
  );
  return new Map(rows.map((row) => [String(row.id), toExecution(row)]));
}

export function toExecution(row: Row, checkpoint = toCheckpoint(row)): Execution {
  return {
    id: String(row.id),
    organisationId: String(row.organisation_id),
    datamartId: String(row.datamart_id),
    job: toJob(row),
    mimeType: String(row.mime_type) as MimeType,
    priority: String(row.priority) as Priority,
    userId: textOrNull(row.user_id),
    status: String(row.status) as ExecutionStatus,
    creationDate: Number(row.creation_date),
    startDate: numberOrNull(row.start_date),
    endDate: numberOrNull(row.end_date),
    cancelRequested: Boolean(row.cancel_requested),
    failure: textOrNull(row.failure),
    document: {
      folder: String(row.document_folder),
      fileName: String(row.document_name),
      bytes: Number(row.document_bytes),
      sha256: String(row.document_sha256),
    },
    options:
      row.options === null
        ? PLAIN_IMPORT
        : { ...PLAIN_IMPORT, ...(JSON.parse(String(row.options)) as Partial<ImportOptions>) },
    reverts: textOrNull(row.reverts_execution_id),
    revertedBy: textOrNull(row.reverted_by_execution_id),
    filesRemovedDate: numberOrNull(row.files_removed_date),
    checked: { bytes: Number(row.checked_bytes), commands: Number(row.checked_commands) },
    checkpoint,
  };
}

function toJob(row: Row): Job {
  return row.job_type === 'DOCUMENT_IMPORT'
    ? { type: 'DOCUMENT_IMPORT', documentImportId: String(row.document_import_id) }
    : { type: 'USER_SEGMENT_IMPORT', segmentId: String(row.segment_id) };
}

function toCheckpoint(row: Row): Checkpoint {
  return {
    offset: Number(row.next_offset),
    line: Number(row.line),
    successes: Number(row.successes),
    failures: Number(row.failures),
    failuresByCode: JSON.parse(String(row.failures_by_code)) as FailuresByCode,
    pairs: Number(row.pairs),
    effects: {
      membershipsCreated: Number(row.memberships_created),
      membershipsUpdated: Number(row.memberships_updated),
      membershipsDeleted: Number(row.memberships_deleted),
      unchanged: Number(row.unchanged),
      superseded: Number(row.superseded),
      userPointsCreated: Number(row.user_points_created),
      membershipsLeft: Number(row.memberships_left),
      membershipsKept: Number(row.memberships_kept),
    },
    errorFileBytes: Number(row.error_file_bytes),
    ...(row.segments === null ? {} : { segments: JSON.parse(String(row.segments)) as SegmentEffect[] }),
  };
}

/** Stores how far an execution has come; for the transaction of a merge. */
export async function storeCheckpoint(sql: Sql, executionId: string, checkpoint: Checkpoint): Promise<void> {
  const numbers = checkpointNumbers(checkpoint);
  const set = CHECKPOINT_NUMBERS.map((column, i) => `${column} = ${literal(numbers[i] ?? 0)}`);
  await sql.query(
    `update execution_checkpoint set ${set.join(', ')}, failures_by_code = $1, segments = $2
     where execution_id = ${literal(executionId)}`,
    [
      JSON.stringify(checkpoint.failuresByCode),
      checkpoint.segments ? JSON.stringify(checkpoint.segments) : null,
    ],
  );
}

/** Whether a chunk may be merged now; for the transaction of a merge, which must see what it answers. */
export async function checkMerge(
  sql: Sql,
  chunk: {
    executionId: string;
    datamartId: string;
    worker: string;
    catalogueVersion: number;
    offset: number;
  },
): Promise<'READY' | 'STALE_CATALOGUE' | 'LEASE_LOST'> {
  const [row] = await sql.query(
    `select e.worker, e.status, c.next_offset, d.catalogue_version
     from execution e join execution_checkpoint c on c.execution_id = e.id join datamart d on d.id = e.datamart_id
     where e.id = cast($1 as bigint)`,
    [chunk.executionId],
  );
  const held = row?.status === 'RUNNING' && row.worker === chunk.worker;
  if (!row || !held || Number(row.next_offset) !== chunk.offset) return 'LEASE_LOST';
  return Number(row.catalogue_version) === chunk.catalogueVersion ? 'READY' : 'STALE_CATALOGUE';
}

/** Whether the documents of a group may be merged now: `checkMerge` for all of them. */
export async function checkGroup(
  sql: Sql,
  group: {
    executionIds: readonly string[];
    datamartId: string;
    worker: string;
    catalogueVersion: number;
  },
): Promise<boolean> {
  const ids = group.executionIds.map(literal).join(', ');
  const datamartId = literal(group.datamartId);
  const [row] = await sql.query(
    `select
       (select count(*) from execution
        where id in (${ids}) and datamart_id = ${datamartId} and status = 'RUNNING' and worker = $1) as held,
       (select count(*) from execution_checkpoint where execution_id in (${ids}) and next_offset = 0) as at_start,
       (select catalogue_version from datamart where id = ${datamartId}) as catalogue_version`,
    [group.worker],
  );
  const documents = group.executionIds.length;
  return (
    Number(row?.held) === documents &&
    Number(row?.at_start) === documents &&
    Number(row?.catalogue_version) === group.catalogueVersion
  );
}

/** Stores the last checkpoints of executions and how they ended; for the transaction that merges a group. */
export async function endExecutions(
  sql: Sql,
  ended: readonly (Ending & { executionId: string; checkpoint: Checkpoint; now: number })[],
): Promise<void> {
  const codes = parameters();
  const checkpoints = ended.map(
    ({ executionId, checkpoint }) =>
      `(${[executionId, ...checkpointNumbers(checkpoint)].map(literal).join(', ')}, ${codes.add(JSON.stringify(checkpoint.failuresByCode))})`,
  );
  await sql.query(
    `update execution_checkpoint set ${CHECKPOINT_NUMBERS.map((column) => `${column} = v.${column}`).join(', ')},
       failures_by_code = v.failures_by_code
     from (values ${checkpoints.join(', ')}) v (id, ${CHECKPOINT_NUMBERS.join(', ')}, failures_by_code)
     where execution_id = v.id`,
    codes.values,
  );
  const given = parameters();
  const endings = ended.map(
    ({ executionId, status, failure, now }) =>
      `(${literal(executionId)}, ${given.add(status)}, cast(${given.add(failure)} as text), ${literal(now)})`,
  );
  await sql.query(
    `update execution set status = v.status, failure = v.failure, end_date = v.end_date, worker = null, lease_until = 0
     from (values ${endings.join(', ')}) v (id, status, failure, end_date)
     where execution.id = v.id`,
    given.values,
  );
}

/** The columns of a checkpoint that are numbers, in the order of `checkpointNumbers`. */
const CHECKPOINT_NUMBERS = [
  'next_offset',
  'line',
  'successes',
  'failures',
  'pairs',
  'memberships_created',
  'memberships_updated',
  'memberships_deleted',
  'unchanged',
  'superseded',
  'user_points_created',
  'memberships_left',
  'memberships_kept',
  'error_file_bytes',
] as const;

function checkpointNumbers({ effects, ...checkpoint }: Checkpoint): readonly number[] {
  return [
    checkpoint.offset,
    checkpoint.line,
    checkpoint.successes,
    checkpoint.failures,
    checkpoint.pairs,
    effects.membershipsCreated,
    effects.membershipsUpdated,
    effects.membershipsDeleted,
    effects.unchanged,
    effects.superseded,
    effects.userPointsCreated,
    effects.membershipsLeft,
    effects.membershipsKept,
    checkpoint.errorFileBytes,
  ];
}
