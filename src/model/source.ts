import { Type } from 'typebox';
import type { ImportOptions } from './execution.ts';
import type { RecordOf } from './record.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from './schema.ts';

/** Sources: where the service pulls the files of a document import from, by itself. */

export const SOURCE_KINDS = ['LOCAL', 'HTTPS', 'S3', 'SFTP'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Where files are. What is secret is in the credentials. */
export type SourceLocation =
  /** A folder of the machine that the service runs on. */
  | { readonly kind: 'LOCAL'; readonly folder: string }
  /**
   * One file; `ca`: certificates in PEM that its server is trusted by, beside those that Node
   * knows.
   */
  | { readonly kind: 'HTTPS'; readonly url: string; readonly ca: string | null }
  /**
   * `prefix` is empty or ends in a slash. `marker`: the name of the object that says that its
   * folder is whole.
   */
  | {
      readonly kind: 'S3';
      readonly bucket: string;
      readonly prefix: string;
      readonly region: string;
      readonly endpoint: string | null;
      readonly marker: string | null;
    }
  /** `hostKey`: `SHA256:…` as `ssh-keygen -l` shows it; null: that of the first connection. */
  | {
      readonly kind: 'SFTP';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly folder: string;
      readonly hostKey: string | null;
    };

/**
 * What a source identifies itself by; each kind takes some of them. Kept encrypted, and never
 * shown.
 */
export const CREDENTIAL_NAMES = [
  'user',
  'password',
  'token',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'private_key',
  'passphrase',
] as const;
export type Credentials = { readonly [name in (typeof CREDENTIAL_NAMES)[number]]?: string };

/**
 * When a source is pulled: at the times of a cron expression in a time zone, or every so many ms.
 */
export type Schedule = { readonly cron: string; readonly timeZone: string } | { readonly intervalMs: number };

export const FILE_ORDERS = ['name', 'time'] as const;
/** What becomes of a file at its source once its execution is durable. */
export const AFTERS = ['leave', 'move', 'delete'] as const;

/**
 * Which files are taken, and what becomes of them. `pattern`: a glob of names, null: all;
 * `max_files`: in one run; `after_folder`: where `move` puts files, beside them.
 */
export const FILE_SETTINGS = {
  pattern: nullableText(),
  order: oneOf(FILE_ORDERS),
  max_files: Count,
  after: oneOf(AFTERS),
  after_folder: Type.String(),
};

/** What is done with a source, as it was asked for. */
export type SourceSettings = RecordOf<typeof FILE_SETTINGS> & {
  readonly location: SourceLocation;
  /** Null: it is pulled when somebody asks for it. */
  readonly schedule: Schedule | null;
  /** A source that is not enabled keeps no schedule. */
  readonly enabled: boolean;
  readonly options: Omit<ImportOptions, 'dryRun'>;
  /** False: a CSV file that is a header without a row is refused. */
  readonly allowEmpty: boolean;
};

export const TRIGGERS = ['SCHEDULE', 'RETRY', 'REQUEST'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** A run of a source that is over. `error`: why it FAILED; null otherwise. */
export const SOURCE_RUN_FIELDS = {
  start_date: Instant,
  end_date: Instant,
  trigger: oneOf(TRIGGERS),
  dry_run: Type.Boolean(),
  status: oneOf(['SUCCEEDED', 'FAILED']),
  error: nullableText(),
  files_taken: Count,
  files_refused: Count,
};
export type SourceRun = RecordOf<typeof SOURCE_RUN_FIELDS>;

/** A source without its credentials. PENDING: a run was asked for. */
export const SOURCE_FIELDS = {
  document_import_id: Id,
  datamart_id: Id,
  settings: Type.Unsafe<SourceSettings>({ type: 'object' }),
  known_host_key: nullableText({ description: 'SFTP: host key of the first connection' }),
  has_credentials: Type.Boolean(),
  status: oneOf(['IDLE', 'PENDING', 'RUNNING']),
  next_run_ts: nullableInteger({ description: 'when the next scheduled run starts' }),
  failures: Type.Integer({ minimum: 0, description: 'consecutive FAILED runs' }),
  last_run: Type.Unsafe<SourceRun | null>({ type: ['object', 'null'] }),
  creation_ts: Instant,
  last_modified_ts: Instant,
};
export type Source = RecordOf<typeof SOURCE_FIELDS>;

/** A file as a source shows it; a member that the source does not know is null. */
export const SEEN_FILE_FIELDS = {
  name: Type.String(),
  bytes: nullableInteger({
    description: 'size at the source, compressed or not; null if the source does not tell',
  }),
  etag: nullableText(),
  modified_ts: nullableInteger(),
};
export type SeenFile = RecordOf<typeof SEEN_FILE_FIELDS>;
/** What tells one version of a file from another. */
export type FileVersion = Omit<SeenFile, 'name'>;

export const SOURCE_FILE_STATUSES = ['TAKEN', 'SAME', 'DRY_RUN', 'REFUSED', 'FAILED'] as const;
/**
 * TAKEN: as an execution. SAME: what it holds was taken under this name already. DRY_RUN: as a dry
 * run, so that it is still to be taken. REFUSED: it can be no execution, and is not tried again
 * unless it changes or a run is asked for. FAILED: it is tried again.
 */
export type SourceFileStatus = (typeof SOURCE_FILE_STATUSES)[number];

/** What became of one version of a file, and when. */
export const SOURCE_FILE_FIELDS = {
  ...SEEN_FILE_FIELDS,
  status: oneOf(SOURCE_FILE_STATUSES),
  execution_id: nullableText({ description: 'for SAME: the execution of the same bytes under this name' }),
  reason: nullableText({ description: 'why the file was not imported' }),
  date: Instant,
};

/**
 * With what the API does not show. `sha256`: of what it holds, as an upload of it would be kept;
 * null: it was not read to its end. `to_put_away`: it is to be moved or deleted at its source yet.
 */
export const STORED_SOURCE_FILE_FIELDS = {
  id: Id,
  document_import_id: Id,
  ...SOURCE_FILE_FIELDS,
  sha256: nullableText(),
  to_put_away: Type.Boolean(),
};
export type SourceFile = RecordOf<typeof STORED_SOURCE_FILE_FIELDS>;
export type NewSourceFile = Omit<SourceFile, 'id'>;

/** Whether two looks saw the same file, unchanged. What no source tells makes no two the same. */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  if (a.bytes !== null && b.bytes !== null && a.bytes !== b.bytes) return false;
  if (a.etag !== null && b.etag !== null) return a.etag === b.etag;
  return a.modifiedTs !== null && a.modifiedTs === b.modifiedTs && a.etag === b.etag;
}

/** Bounds of what a source may ask for. */
export const SOURCE_LIMITS = {
  files: 1_000,
  patternChars: 255,
  intervalMs: { least: 1_000, most: 366 * 86_400_000 },
  textChars: 2_000,
  pemChars: 64 * 1024,
} as const;
