import { type Static, Type } from 'typebox';
import { schemaOf, viewer } from '../../model/record.ts';
import {
  FILE_SETTINGS,
  type Schedule,
  SEEN_FILE_FIELDS,
  SOURCE_FIELDS,
  SOURCE_FILE_FIELDS,
  SOURCE_KINDS,
  SOURCE_LIMITS,
  SOURCE_RUN_FIELDS,
  type Source,
  type SourceLocation,
} from '../../model/source.ts';
import type { ReportedFile } from '../../sources/report-files.ts';
import { nullableText, oneOf } from '../schemas.ts';

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

const RunView = schemaOf(SOURCE_RUN_FIELDS);
const viewRun = viewer(SOURCE_RUN_FIELDS);
const viewRecord = viewer(SOURCE_FIELDS);
const viewFileSettings = viewer(FILE_SETTINGS);
const { document_import_id, datamart_id, settings, known_host_key, has_credentials, ...state } =
  schemaOf(SOURCE_FIELDS).properties;

export const SourceView = Type.Object({
  document_import_id,
  datamart_id,
  kind: oneOf(SOURCE_KINDS),
  ...LOCATION,
  known_host_key: Type.Optional(known_host_key),
  has_credentials,
  ...schemaOf(FILE_SETTINGS).properties,
  schedule: Type.Unsafe<Static<typeof ScheduleView> | null>({ ...ScheduleView, type: ['object', 'null'] }),
  enabled: Type.Boolean(),
  options: OptionsView,
  ...state,
  last_run: Type.Unsafe<Static<typeof RunView> | null>({ ...RunView, type: ['object', 'null'] }),
});

export function viewSource(of: Source): Static<typeof SourceView> {
  const { settings, known_host_key, last_run, ...viewed } = viewRecord(of);
  return {
    ...viewed,
    ...viewLocation(settings.location),
    ...(settings.location.kind === 'SFTP' ? { known_host_key } : {}),
    ...viewFileSettings(settings),
    schedule: settings.schedule === null ? null : viewSchedule(settings.schedule),
    enabled: settings.enabled,
    options: viewOptions(settings),
    last_run: last_run === null ? null : viewRun(last_run),
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

export const SourceFileView = schemaOf(SOURCE_FILE_FIELDS);
export const viewSourceFile = viewer(SOURCE_FILE_FIELDS);
const viewSeenFile = viewer(SEEN_FILE_FIELDS);

export const SourceTestView = Type.Object({
  connected: Type.Boolean(),
  error: nullableText({ description: 'why it is not' }),
  host_key: Type.Optional(nullableText({ description: 'SFTP: the expected host key' })),
  files: Type.Array(
    Type.Object({
      ...schemaOf(SEEN_FILE_FIELDS).properties,
      would_be_taken: Type.Boolean(),
      reason: Type.String({ description: 'why, or why not' }),
    }),
    { description: 'the first 20 files found' },
  ),
});

export function viewReportedFile(of: ReportedFile): Static<typeof SourceTestView>['files'][number] {
  return { ...viewSeenFile(of), would_be_taken: of.isToTake, reason: of.reason };
}
