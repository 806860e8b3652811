import {
  type Checkpoint,
  type CreatedSegment,
  type ErrorPart,
  type Execution,
  type ExecutionStatus,
  type FailuresByCode,
  type ImportOptions,
  type Job,
  PLAIN_IMPORT,
  type SegmentEffect,
} from '../../model/execution.ts';
import type { Mapping } from '../../model/mapping.ts';
import type { Listed, MimeType, Priority } from '../../model/records.ts';
import type { Warnings } from '../../model/warning.ts';
import type { ExecutionRecords } from '../execution-records.ts';
import { limits, literal, numberOrNull, parameters, type Row, type Sql, textOrNull } from './database.ts';
import { conditionsOf } from './execution-conditions.ts';

/**
 * Executions with their checkpoints. A checkpoint has a table of its own, so that a merge and a
 * cancel never meet.
 */
export const executionsOf = (
  relation: string,
) => `select e.*, c.next_offset, c.line, c.successes, c.failures, c.not_applied, c.failures_by_code, c.pairs,
    c.memberships_created, c.memberships_updated, c.memberships_deleted, c.unchanged, c.superseded, c.user_points_created,
    c.memberships_left, c.memberships_kept, c.error_file_bytes, c.error_lines_omitted,
    c.error_parts, c.segments, c.warnings
  from ${relation} e join execution_checkpoint c on c.execution_id = e.id`;
export const EXECUTIONS = executionsOf('execution');

/** One execution; null when it is not there. */
export async function getExecution(sql: Sql, id: string): Promise<Execution | null> {
  const [row] = await sql.query(`${EXECUTIONS} where e.id = cast($1 as bigint)`, [id]);
  return row ? toExecution(row) : null;
}

/** `ExecutionRecords.list`. */
export async function listExecutions(
  sql: Sql,
  { filter, page }: Parameters<ExecutionRecords['list']>[0],
): Promise<Listed<Execution>> {
  const given = parameters();
  const where = conditionsOf(filter, given.add).join(' and ');
  // the page is cut before the join, which would be over all executions
  const rows = await sql.query(
    `${executionsOf(`(select * from execution e where ${where} order by e.id desc ${limits(page)})`)} order by e.id desc`,
    given.values,
  );
  const [count] = await sql.query(`select count(*) as total from execution e where ${where}`, given.values);
  return { elements: rows.map((row) => toExecution(row)), total: Number(count?.total) };
}

/** `ExecutionRecords.listAfter`. */
export async function listExecutionsAfter(sql: Sql, id: string): Promise<readonly Execution[]> {
  const rows = await sql.query(
    `${executionsOf(`(select * from execution where id > cast($1 as bigint) order by id limit 1000)`)} order by e.id`,
    [id],
  );
  return rows.map((row) => toExecution(row));
}

/** `ExecutionRecords.listExpiredFiles`. */
export async function listExpiredFiles(sql: Sql, endedBefore: number): Promise<readonly Execution[]> {
  const rows = await sql.query(
    `${EXECUTIONS} where e.end_date < cast($1 as bigint) and e.files_removed_date is null order by e.id limit 1000`,
    [endedBefore],
  );
  return rows.map((row) => toExecution(row));
}

/** `ExecutionRecords.listLast`. */
export async function listLastExecutions(
  sql: Sql,
  importIds: readonly string[],
): Promise<ReadonlyMap<string, Execution>> {
  if (importIds.length === 0) return new Map();
  const last = `select max(id) from execution where document_import_id in (${importIds.map(literal).join(', ')})
    group by document_import_id`;
  const rows = await sql.query(executionsOf(`(select * from execution where id in (${last}))`));
  return new Map(rows.map((row) => [String(row.document_import_id), toExecution(row)]));
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
    mapping: row.mapping === null ? null : (JSON.parse(String(row.mapping)) as Mapping),
    reverts: textOrNull(row.reverts_execution_id),
    revertedBy: textOrNull(row.reverted_by_execution_id),
    corrects: textOrNull(row.corrects_execution_id),
    repaired: numberOrNull(row.repaired_lines),
    filesRemovedDate: numberOrNull(row.files_removed_date),
    checked: { bytes: Number(row.checked_bytes), commands: Number(row.checked_commands) },
    checkpoint,
    segmentsCreated: toCreatedSegments(row.segments_created),
  };
}

export function toCreatedSegments(value: unknown): readonly CreatedSegment[] {
  const text = textOrNull(value as Row[string]);
  return text === null ? [] : (JSON.parse(text) as CreatedSegment[]);
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
    notApplied: Number(row.not_applied),
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
    errorLinesOmitted: Number(row.error_lines_omitted),
    ...(row.error_parts === null ? {} : { errorParts: JSON.parse(String(row.error_parts)) as ErrorPart[] }),
    ...(row.warnings === null ? {} : { warnings: JSON.parse(String(row.warnings)) as Warnings }),
    ...(row.segments === null ? {} : { segments: JSON.parse(String(row.segments)) as SegmentEffect[] }),
  };
}
