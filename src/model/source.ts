import type { ImportOptions } from './execution.ts';

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

/** What is done with a source, as it was asked for. */
export type SourceSettings = {
  readonly location: SourceLocation;
  /** Glob of the names that are taken; null: all. */
  readonly pattern: string | null;
  readonly order: (typeof FILE_ORDERS)[number];
  /** Files that one run takes at most. */
  readonly maxFiles: number;
  readonly after: (typeof AFTERS)[number];
  /** Where `move` puts files: a folder beside them. */
  readonly afterFolder: string;
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

/** A run of a source that is over. */
export type SourceRun = {
  readonly startDate: number;
  readonly endDate: number;
  readonly trigger: Trigger;
  readonly dryRun: boolean;
  readonly status: 'SUCCEEDED' | 'FAILED';
  /** Why it FAILED; null otherwise. */
  readonly error: string | null;
  readonly filesTaken: number;
  readonly filesRefused: number;
};

export type Source = {
  readonly documentImportId: string;
  readonly datamartId: string;
  readonly settings: SourceSettings;
  readonly hasCredentials: boolean;
  /** The host key of the first connection, where the settings pin none. */
  readonly knownHostKey: string | null;
  readonly creationTs: number;
  readonly lastModifiedTs: number;
  /** PENDING: a run was asked for. */
  readonly status: 'IDLE' | 'PENDING' | 'RUNNING';
  /** When it is pulled next by itself; null: never. */
  readonly nextRunTs: number | null;
  /** Runs in a row that FAILED. */
  readonly failures: number;
  readonly lastRun: SourceRun | null;
};

/**
 * What tells one version of a file from another; a member that the source does not know is null.
 */
export type FileVersion = {
  readonly bytes: number | null;
  readonly etag: string | null;
  /** ms since the epoch. */
  readonly modifiedTs: number | null;
};

/** A file as a source shows it. */
export type SeenFile = FileVersion & { readonly name: string };

export const SOURCE_FILE_STATUSES = ['TAKEN', 'SAME', 'DRY_RUN', 'REFUSED', 'FAILED'] as const;
/**
 * TAKEN: as an execution. SAME: what it holds was taken under this name already. DRY_RUN: as a dry
 * run, so that it is still to be taken. REFUSED: it can be no execution, and is not tried again
 * unless it changes or a run is asked for. FAILED: it is tried again.
 */
export type SourceFileStatus = (typeof SOURCE_FILE_STATUSES)[number];

/** What became of one version of a file. */
export type SourceFile = SeenFile & {
  readonly id: string;
  readonly status: SourceFileStatus;
  /** Of what it holds, as an upload of it would be kept; null: it was not read to its end. */
  readonly sha256: string | null;
  readonly executionId: string | null;
  /** Why it is not TAKEN. */
  readonly reason: string | null;
  /** When this became of it. */
  readonly date: number;
  /** Whether it is still to be moved or deleted at its source. */
  readonly isToPutAway: boolean;
};

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
