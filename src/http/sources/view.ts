import { type Static, Type } from 'typebox';
import {
  AFTERS,
  FILE_ORDERS,
  type Schedule,
  SOURCE_FILE_STATUSES,
  SOURCE_KINDS,
  SOURCE_LIMITS,
  type Source,
  type SourceFile,
  type SourceLocation,
  type SourceRun,
  TRIGGERS,
} from '../../model/source.ts';
import type { ReportedFile } from '../../sources/report-files.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from '../schemas.ts';

/** A source as the API shows it. Its credentials never are. */

export const ScheduleView = Type.Object({
  cron: Type.Optional(
    Type.String({
      description: 'five fields: minute, hour, day of month, month, day of week',
      examples: ['0 6 * * 1-5'],
    }),
  ),
  time_zone: Type.Optional(
    Type.String({ description: 'of cron; UTC by default', examples: ['Europe/Paris'] }),
  ),
  interval: Type.Optional(
    Type.Integer({
      minimum: SOURCE_LIMITS.intervalMs.least,
      maximum: SOURCE_LIMITS.intervalMs.most,
      description: 'ms between two starts, in place of cron',
    }),
  ),
});

/** What is said of where the files are; each kind has some of it. */
export const LOCATION = {
  folder: Type.Optional(
    Type.String({
      description: 'LOCAL: a folder allowed by the setting sourceFolders. SFTP: a folder on the server',
    }),
  ),
  url: Type.Optional(
    Type.String({ description: 'HTTPS: the address of the file; redirects are not followed' }),
  ),
  ca: Type.Optional(nullableText({ description: 'HTTPS: PEM certificates to trust for the server' })),
  bucket: Type.Optional(Type.String({ description: 'S3' })),
  prefix: Type.Optional(Type.String({ description: 'S3: prefix of the keys, such as a folder' })),
  region: Type.Optional(Type.String({ description: 'S3; us-east-1 by default' })),
  endpoint: Type.Optional(nullableText({ description: "S3: endpoint of a server other than Amazon's" })),
  marker: Type.Optional(
    nullableText({
      description: 'S3: import files only if an object of this name, such as _SUCCESS, is beside them',
    }),
  ),
  host: Type.Optional(Type.String({ description: 'SFTP' })),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'SFTP; 22 by default' })),
  user: Type.Optional(Type.String({ description: 'SFTP' })),
  host_key: Type.Optional(
    nullableText({
      description:
        'SFTP: SHA256:… as ssh-keygen -l prints it; without it, the key of the first connection is trusted from then on',
    }),
  ),
};

export const OptionsView = Type.Object({
  mode: Type.Optional(oneOf(['update', 'replace'])),
  segment_id: Type.Optional(Type.String({ description: 'as of an upload' })),
  max_failure_ratio: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  max_shrink_ratio: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  create_missing_segments: Type.Optional(Type.Boolean()),
  allow_empty: Type.Optional(Type.Boolean()),
});

const RunView = Type.Object({
  start_date: Instant,
  end_date: Instant,
  trigger: oneOf(TRIGGERS),
  dry_run: Type.Boolean(),
  status: oneOf(['SUCCEEDED', 'FAILED']),
  error: nullableText(),
  files_taken: Count,
  files_refused: Count,
});

export const SourceView = Type.Object({
  document_import_id: Id,
  datamart_id: Id,
  kind: oneOf(SOURCE_KINDS),
  ...LOCATION,
  known_host_key: Type.Optional(nullableText({ description: 'SFTP: host key of the first connection' })),
  has_credentials: Type.Boolean(),
  pattern: nullableText(),
  order: oneOf(FILE_ORDERS),
  max_files: Count,
  after: oneOf(AFTERS),
  after_folder: Type.String(),
  schedule: Type.Unsafe<Static<typeof ScheduleView> | null>({ ...ScheduleView, type: ['object', 'null'] }),
  enabled: Type.Boolean(),
  options: OptionsView,
  status: oneOf(['IDLE', 'PENDING', 'RUNNING']),
  next_run_ts: nullableInteger({ description: 'when the next scheduled run starts' }),
  failures: Type.Integer({ minimum: 0, description: 'consecutive FAILED runs' }),
  last_run: Type.Unsafe<Static<typeof RunView> | null>({ ...RunView, type: ['object', 'null'] }),
  creation_ts: Instant,
  last_modified_ts: Instant,
});

export function viewSource(of: Source): Static<typeof SourceView> {
  const { settings } = of;
  return {
    document_import_id: of.documentImportId,
    datamart_id: of.datamartId,
    ...viewLocation(settings.location),
    ...(settings.location.kind === 'SFTP' ? { known_host_key: of.knownHostKey } : {}),
    has_credentials: of.hasCredentials,
    pattern: settings.pattern,
    order: settings.order,
    max_files: settings.maxFiles,
    after: settings.after,
    after_folder: settings.afterFolder,
    schedule: settings.schedule === null ? null : viewSchedule(settings.schedule),
    enabled: settings.enabled,
    options: viewOptions(settings),
    status: of.status,
    next_run_ts: of.nextRunTs,
    failures: of.failures,
    last_run: of.lastRun === null ? null : viewRun(of.lastRun),
    creation_ts: of.creationTs,
    last_modified_ts: of.lastModifiedTs,
  };
}

function viewLocation(of: SourceLocation) {
  if (of.kind !== 'SFTP') return of;
  const { hostKey, ...rest } = of;
  return { ...rest, host_key: hostKey };
}

function viewSchedule(of: Schedule): Static<typeof ScheduleView> {
  return 'intervalMs' in of ? { interval: of.intervalMs } : { cron: of.cron, time_zone: of.timeZone };
}

function viewOptions({ options, allowEmpty }: Source['settings']): Static<typeof OptionsView> {
  const { replace, maxFailureRatio, createMissingSegments } = options;
  return {
    ...(replace === null ? {} : { mode: 'replace' as const }),
    ...(replace?.segmentIds ? { segment_id: replace.segmentIds.join(',') } : {}),
    ...(maxFailureRatio === null ? {} : { max_failure_ratio: maxFailureRatio }),
    ...(replace === null || replace.maxShrinkRatio === null
      ? {}
      : { max_shrink_ratio: replace.maxShrinkRatio }),
    ...(createMissingSegments ? { create_missing_segments: true } : {}),
    ...(allowEmpty ? {} : { allow_empty: false }),
  };
}

function viewRun(of: SourceRun): Static<typeof RunView> {
  return {
    start_date: of.startDate,
    end_date: of.endDate,
    trigger: of.trigger,
    dry_run: of.dryRun,
    status: of.status,
    error: of.error,
    files_taken: of.filesTaken,
    files_refused: of.filesRefused,
  };
}

const version = {
  name: Type.String(),
  bytes: nullableInteger({
    description: 'size at the source, compressed or not; null if the source does not tell',
  }),
  etag: nullableText(),
  modified_ts: nullableInteger(),
};

export const SourceFileView = Type.Object({
  ...version,
  status: oneOf(SOURCE_FILE_STATUSES),
  execution_id: nullableText({ description: 'for SAME: the execution of the same bytes under this name' }),
  reason: nullableText({ description: 'why the file was not imported' }),
  date: Instant,
});

export function viewSourceFile(of: SourceFile): Static<typeof SourceFileView> {
  return {
    name: of.name,
    bytes: of.bytes,
    etag: of.etag,
    modified_ts: of.modifiedTs,
    status: of.status,
    execution_id: of.executionId,
    reason: of.reason,
    date: of.date,
  };
}

export const SourceTestView = Type.Object({
  connected: Type.Boolean(),
  error: nullableText({ description: 'why it is not' }),
  host_key: Type.Optional(nullableText({ description: 'SFTP: the expected host key' })),
  files: Type.Array(
    Type.Object({
      ...version,
      would_be_taken: Type.Boolean(),
      reason: Type.String({ description: 'why, or why not' }),
    }),
    { description: 'the first 20 files found' },
  ),
});

export function viewReportedFile(of: ReportedFile): Static<typeof SourceTestView>['files'][number] {
  return {
    name: of.name,
    bytes: of.bytes,
    etag: of.etag,
    modified_ts: of.modifiedTs,
    would_be_taken: of.isToTake,
    reason: of.reason,
  };
}
