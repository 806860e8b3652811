import { type Static, Type } from 'typebox';
import {
  type Correction,
  type CreatedSegment,
  commandsOf,
  EXECUTION_STATUSES,
  type Execution,
  hasEnded,
  type ImportOptions,
  isPlain,
  type RunProgress,
  type SegmentEffect,
  WAIT_REASONS,
} from '../../model/execution.ts';
import { countsOf, errorOf } from '../../model/execution-counts.ts';
import { JOB_MEMBERS, JobError, viewJob } from '../answers.ts';
import { fileUri } from '../data-files/uri.ts';
import { Count, Id, nullableInteger, nullOr, oneOf } from '../schemas.ts';

const Progress = Type.Object({
  /**
   * CHECKING: the file is read as a whole before any of it is applied (`dry_run`,
   * `max_failure_ratio`, `mode=replace`).
   */
  phase: oneOf(['CHECKING', 'APPLYING']),
  step: Type.Unsafe<RunProgress['step'] | null>({
    type: ['string', 'null'],
    enum: ['READING', 'MERGING', 'WAITING', null],
    description:
      'READING: lines are read and checked. MERGING: lines that were read are applied, and none are read meanwhile. WAITING: the execution waits for an external fault to pass or, for the reason LOOK_UPS, pauses before the next chunk because look-ups are slower than lookupGoalMs. Null while another node runs it, and for a revert',
  }),
  waiting: Type.Union([
    Type.Null(),
    Type.Object({ reason: oneOf(WAIT_REASONS), since: Type.Integer({ description: 'ms since the epoch' }) }),
  ]),
  bytes_read: Count,
  bytes_total: Count,
  commands_read: Count,
  commands_per_second: nullableInteger({ description: 'null while it is unknown' }),
  eta_ms: nullableInteger({ description: 'null while it is unknown' }),
});

const SegmentId = nullOr(Id, { description: 'null: the segment does not exist and would be created' });
const SegmentSizes = {
  segment_id: SegmentId,
  technical_name: Type.Optional(Type.String({ description: 'of a segment that would be created' })),
  size_before: Count,
  size_after: Count,
  members_leaving: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'with mode=replace: members who leave, whether or not others replace them',
    }),
  ),
};

const Result = Type.Object({
  input_file_uri: Type.String(),
  input_file_name: Type.String(),
  input_file_bytes: Type.Optional(
    Type.Integer({ minimum: 0, description: 'decompressed; a revert has no file' }),
  ),
  error_file_uri: Type.Optional(Type.String()),
  total_success: Count,
  total_failure: Count,
  not_applied: Type.Integer({
    minimum: 0,
    description:
      'valid commands that were not applied because of a guard (max_failure_ratio, max_shrink_ratio); total_success + total_failure + not_applied = num_tasks',
  }),
  failures_by_code: Type.Record(Type.String(), Count),
  error_lines_omitted: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'failed lines that are not in the error file because it was full',
    }),
  ),
  warnings: Type.Record(Type.String(), Count, {
    description: 'warnings by code; `…/executions/{id}/warnings` lists examples',
  }),
  memberships_created: Count,
  memberships_updated: Count,
  memberships_deleted: Count,
  unchanged: Count,
  superseded: Count,
  user_points_created: Count,
  memberships_left: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'with mode=replace: members who left because the file does not contain them',
    }),
  ),
  memberships_kept: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'of a revert: memberships left alone because they have changed since. With mode=replace: memberships kept because a failed line, and no valid one, names their user',
    }),
  ),
  segments_created: Type.Optional(
    Type.Array(Type.Object({ segment_id: SegmentId, technical_name: Type.String() }), {
      description:
        'with create_missing_segments: the segments that the file created (in a dry run: would create), in the order of the file',
    }),
  ),
  segments: Type.Optional(
    Type.Array(Type.Object(SegmentSizes), {
      description:
        'for dry runs and mode=replace: the named segments, with their live members before and after',
    }),
  ),
  total_user_segment_imported: Type.Optional(Count),
  total_user_segment_treated: Type.Optional(Count),
});

const Parameters = Type.Object({
  datamart_id: Type.Integer(),
  document_import_id: Type.Optional(Type.Integer()),
  segment_id: Type.Optional(Id),
  document_type: Type.Literal('USER_SEGMENT'),
  file_uri: Type.String(),
  total_success: Count,
  total_failure: Count,
  max_failure_ratio: Type.Optional(Type.Number()),
  mode: Type.Optional(Type.Literal('replace')),
  segment_ids: Type.Optional(Type.Array(Id)),
  max_shrink_ratio: Type.Optional(Type.Number()),
  create_missing_segments: Type.Optional(Type.Literal(true)),
});

export const ExecutionView = Type.Object({
  ...JOB_MEMBERS,
  num_tasks: nullableInteger(),
  completed_tasks: nullableInteger(),
  erroneous_tasks: Count,
  external_model_name: Type.Literal('PUBLIC_DOCUMENT_IMPORT'),
  dry_run: Type.Optional(
    Type.Literal(true, { description: 'everything is checked and counted, and nothing is written' }),
  ),
  job_type: Type.Optional(oneOf(['USER_SEGMENT_IMPORT', 'REVERT'])),
  reverts_execution_id: Type.Optional(Id),
  reverted_by_execution_id: Type.Optional(Id),
  corrects_execution_id: Type.Optional(Id),
  repaired: Type.Optional(
    nullableInteger({
      description:
        'of a correction: how many failed lines of the corrected execution it applied; null until it ends, and if its records have no error_line',
    }),
  ),
  corrected_by: Type.Optional(
    Type.Array(Type.Object({ id: Id, status: oneOf(EXECUTION_STATUSES), repaired: nullableInteger() }), {
      description:
        'executions that correct failed lines of this one, oldest first, without dry runs and reverted ones',
    }),
  ),
  parameters: Parameters,
  result: Result,
  error: JobError,
  progress: Type.Optional(Progress),
  debug: Type.Optional(Type.String()),
});

/** What corrects executions, by their ids. */
export type Corrections = ReadonlyMap<string, readonly Correction[]>;

/** An execution as the API shows it (spec §3, §8). */
export function viewExecution(
  of: Execution,
  now: number,
  known: {
    /** How far it is between two checkpoints, where that is known. */
    readonly live?: RunProgress | null | undefined;
    readonly corrections?: Corrections;
  } = {},
): Static<typeof ExecutionView> {
  const commands = commandsOf(of.checkpoint);
  const corrections = known.corrections?.get(of.id);
  const ended = hasEnded(of.status);
  const isSegmentImport = of.job.type === 'USER_SEGMENT_IMPORT';
  return {
    ...viewJob(of),
    num_tasks: ended ? commands : null,
    completed_tasks: of.status === 'PENDING' ? null : commands,
    erroneous_tasks: of.checkpoint.failures,
    external_model_name: 'PUBLIC_DOCUMENT_IMPORT',
    ...(of.options.dryRun ? { dry_run: true } : {}),
    ...(of.reverts !== null
      ? { job_type: 'REVERT', reverts_execution_id: of.reverts }
      : isSegmentImport
        ? { job_type: 'USER_SEGMENT_IMPORT' }
        : {}),
    ...(of.revertedBy === null ? {} : { reverted_by_execution_id: of.revertedBy }),
    ...(of.corrects === null ? {} : { corrects_execution_id: of.corrects, repaired: of.repaired }),
    ...(corrections === undefined ? {} : { corrected_by: corrections.map(viewCorrection) }),
    parameters: parameters(of),
    result: result(of),
    error: errorOf(of),
    ...(of.status === 'RUNNING' ? progressMembers(of, now, known.live ?? null) : {}),
  };
}

function viewCorrection({ executionId, status, repaired }: Correction) {
  return { id: executionId, status, repaired };
}

function parameters(of: Execution): Static<typeof Parameters> {
  return {
    datamart_id: Number(of.datamartId),
    ...(of.job.type === 'DOCUMENT_IMPORT'
      ? { document_import_id: Number(of.job.documentImportId) }
      : { segment_id: of.job.segmentId }),
    document_type: 'USER_SEGMENT',
    file_uri: fileUri(of, 'input'),
    total_success: of.checkpoint.successes,
    total_failure: of.checkpoint.failures,
    ...viewOptions(of.options),
  };
}

/** Nothing of what was not asked for. */
function viewOptions({ maxFailureRatio, replace, createMissingSegments }: ImportOptions) {
  return {
    ...(maxFailureRatio === null ? {} : { max_failure_ratio: maxFailureRatio }),
    ...(replace === null ? {} : { mode: 'replace' as const }),
    ...(replace?.segmentIds ? { segment_ids: [...replace.segmentIds] } : {}),
    ...(typeof replace?.maxShrinkRatio === 'number' ? { max_shrink_ratio: replace.maxShrinkRatio } : {}),
    ...(createMissingSegments ? { create_missing_segments: true as const } : {}),
  };
}

function result(of: Execution): Static<typeof Result> {
  const { successes, segments } = of.checkpoint;
  return {
    input_file_uri: fileUri(of, 'input'),
    input_file_name: of.document.fileName,
    ...(of.reverts === null ? { input_file_bytes: of.document.bytes } : {}),
    ...(hasErrorFile(of) ? { error_file_uri: fileUri(of, 'errors') } : {}),
    ...countsOf(of),
    ...(of.options.createMissingSegments && of.reverts === null
      ? { segments_created: of.segmentsCreated.map(viewCreatedSegment) }
      : {}),
    ...(segments ? { segments: segments.map(viewSegment) } : {}),
    ...(of.job.type === 'USER_SEGMENT_IMPORT'
      ? { total_user_segment_imported: successes, total_user_segment_treated: commandsOf(of.checkpoint) }
      : {}),
  };
}

function viewCreatedSegment({ segmentId, technicalName }: CreatedSegment) {
  return { segment_id: segmentId, technical_name: technicalName };
}

function viewSegment({ segmentId, technicalName, sizeBefore, sizeAfter, leaving }: SegmentEffect) {
  return {
    ...(technicalName === undefined
      ? { segment_id: segmentId }
      : { segment_id: null, technical_name: technicalName }),
    ...{ size_before: sizeBefore, size_after: sizeAfter },
    ...(leaving === undefined ? {} : { members_leaving: leaving }),
  };
}

/**
 * Whether an error file can be had: not before the end, as until then its last lines may be taken
 * back.
 */
export function hasErrorFile(of: Execution): boolean {
  return hasEnded(of.status) && of.checkpoint.errorFileBytes > 0;
}

function progressMembers(of: Execution, now: number, live: RunProgress | null) {
  const { checked, checkpoint, document, options } = of;
  const total = document.bytes;
  const isRead = checkpoint.offset > 0 || checked.bytes >= total;
  const isChecking = !isPlain(of) && of.reverts === null && (options.dryRun || !isRead);
  // a replacement is applied as a whole, and its checkpoint is the end
  const isOfChecked = isChecking || (options.replace !== null && checkpoint.offset === 0);
  const stored = isOfChecked ? checked : { bytes: checkpoint.offset, commands: commandsOf(checkpoint) };
  const { bytes, commands } = live !== null && live.bytes > stored.bytes ? live : stored;
  const elapsedMs = Math.max(1, now - (of.startDate ?? now));
  const rate = commands === 0 ? null : Math.round((commands * 1000) / elapsedMs);
  // how long it takes to apply what is being checked is not known yet, nor how long before anything
  // was merged
  const isLast = !isChecking || options.dryRun;
  const hasEta = isLast && stored.bytes > 0 && stored.bytes < total;
  const progress: Static<typeof Progress> = {
    phase: isChecking ? 'CHECKING' : 'APPLYING',
    step: live?.step ?? null,
    waiting: live?.waiting ?? null,
    bytes_read: bytes,
    bytes_total: total,
    commands_read: commands,
    commands_per_second: rate,
    eta_ms: hasEta ? Math.round(((total - stored.bytes) * elapsedMs) / stored.bytes) : null,
  };
  const percent = total === 0 ? 100 : Math.floor((bytes * 100) / total);
  const parts = [
    `${bytes} of ${total} bytes ${isChecking ? 'checked' : 'read'} (${percent} %)`,
    ...(rate === null ? [] : [`${rate} commands per second`]),
    ...(live?.step === 'MERGING' ? ['merging'] : []),
    ...(live?.waiting === undefined ? [] : [`waiting: ${live.waiting.reason}`]),
  ];
  return { progress, debug: parts.join(', ') };
}
