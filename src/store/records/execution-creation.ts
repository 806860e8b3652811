import { type Execution, type Job, type NewExecution, PLAIN_IMPORT, START } from '../../model/execution.ts';
import type { Upload } from '../execution-records.ts';
import { noteChanges } from './audit-log.ts';
import { literal, parameters, type Sql, type SqlValue } from './database.ts';

/** Makes executions that were asked for at the same time; null for one whose owner is gone. */
export async function createExecutions(
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
       options, mapping, corrects_execution_id, lease_until)
     values ${owned.map((execution) => newRow(execution, given.add)).join(', ')} returning id, document_folder`,
    given.values,
  );
  const idByFolder = new Map(rows.map((row) => [String(row.document_folder), String(row.id)]));
  for (const id of idByFolder.values()) sql.emit('EXECUTION_CREATED', id);
  const checkpoints = [...idByFolder.values()].map(
    (id) => `(${literal(id)}, 0, 0, 0, 0, '{}', 0, 0, 0, 0, 0, 0, 0, 0)`,
  );
  await sql.query(
    `insert into execution_checkpoint (execution_id, next_offset, line, successes, failures, failures_by_code, pairs,
       memberships_created, memberships_updated, memberships_deleted, unchanged, superseded, user_points_created,
       error_file_bytes)
     values ${checkpoints.join(', ')}`,
  );
  const created = executions.map(({ author: _author, key: _key, sourceFile: _file, ...execution }) => {
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

/** What the audit log says an action was on. */
export function changeOf({ id, datamartId }: Execution) {
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
    execution.mapping === undefined || execution.mapping === null
      ? 'null'
      : add(JSON.stringify(execution.mapping)),
    typeof execution.corrects === 'string' ? literal(execution.corrects) : 'null',
    '0',
  ].join(', ')})`;
}

function pendingExecution(id: string, execution: NewExecution): Execution {
  return {
    id,
    ...execution,
    options: execution.options ?? PLAIN_IMPORT,
    mapping: execution.mapping ?? null,
    reverts: null,
    revertedBy: null,
    corrects: execution.corrects ?? null,
    repaired: null,
    status: 'PENDING',
    startDate: null,
    endDate: null,
    cancelRequested: false,
    failure: null,
    filesRemovedDate: null,
    checked: { bytes: 0, commands: 0 },
    checkpoint: START,
    segmentsCreated: [],
  };
}
