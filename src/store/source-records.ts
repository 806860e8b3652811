import type { Author } from '../model/audit.ts';
import type { Listed, Page } from '../model/records.ts';
import type {
  NewSourceFile,
  Source,
  SourceFile,
  SourceFileStatus,
  SourceRun,
  SourceSettings,
  Trigger,
} from '../model/source.ts';

/** A source as it is asked for. */
export type NewSource = {
  readonly documentImportId: string;
  readonly datamartId: string;
  readonly settings: SourceSettings;
  /** Encrypted; `'KEEP'`: those that there are. */
  readonly credentials: string | null | 'KEEP';
  /** Whether the host key of the first connection is forgotten: it leads elsewhere. */
  readonly forgetHostKey: boolean;
  readonly nextRunTs: number | null;
  readonly now: number;
};

/** A source whose run has been claimed. */
export type ClaimedSource = {
  readonly source: Source;
  readonly trigger: Trigger;
  readonly dryRun: boolean;
  readonly startDate: number;
};

/**
 * The part of `Store` that is about sources. A document import has one source or none, and takes it
 * along when it goes, with the record of its files. Credentials go in and come out encrypted, and
 * come out of `credentials` alone.
 */
export interface SourceRecords {
  get(documentImportId: string): Promise<Source | null>;
  /** By document import, newest first. */
  list(of: { datamartId: string; page: Page }): Promise<Listed<Source>>;
  /**
   * Makes the source of an import, or changes the one that there is: its last run and the record of
   * its files stay, and a run that is under way loses its lease. Null: the import is not there.
   */
  put(source: NewSource, author?: Author): Promise<Source | null>;
  /** Removes it with the record of its files. One that runs is stopped by that. */
  remove(documentImportId: string, author?: Author): Promise<Source | null>;

  credentials(documentImportId: string): Promise<string | null>;
  /** Replaces encrypted credentials by the same under another key, if they are still `before`. */
  replaceCredentials(of: { documentImportId: string; before: string; credentials: string }): Promise<void>;
  /** All encrypted credentials, by document import. */
  listCredentials(): Promise<ReadonlyMap<string, string>>;
  /** Notes the host key of a first connection; resolves to the one that is known from here on. */
  noteHostKey(documentImportId: string, hostKey: string): Promise<string | null>;

  /** Asks for a run, which begins as soon as it can. Null: there is no source. */
  request(
    documentImportId: string,
    of: { dryRun: boolean; now: number; author?: Author },
  ): Promise<Source | null>;
  /**
   * Takes the run that is due for longest, leased to `worker` until `leaseUntil`: one that was
   * asked for, or one of an enabled source whose time has come. Null when there is none.
   */
  claim(of: { worker: string; now: number; leaseUntil: number }): Promise<ClaimedSource | null>;
  /** Extends a lease; false: it is lost, and so is the run. */
  renewLease(of: { documentImportId: string; worker: string; leaseUntil: number }): Promise<boolean>;
  /**
   * Ends a run that `worker` holds; false when it no longer does. `run` null: it was broken off,
   * and is due again at once.
   */
  finish(of: {
    documentImportId: string;
    worker: string;
    run: SourceRun | null;
    nextRunTs: number | null;
  }): Promise<boolean>;
  /** How many sources have so many failed runs in a row, or more. */
  countFailing(failures: number): Promise<number>;

  /** The record of files, newest first. */
  listFiles(of: {
    documentImportId: string;
    statuses?: readonly SourceFileStatus[];
    page: Page;
  }): Promise<Listed<SourceFile>>;
  /** What last became of files of these names; one that was never seen is absent. */
  lastFiles(documentImportId: string, names: readonly string[]): Promise<ReadonlyMap<string, SourceFile>>;
  /** The last file of this name that became an execution that counts, or null. */
  lastTaken(documentImportId: string, name: string): Promise<SourceFile | null>;
  /**
   * Notes what became of a file, in place of what is known of the same version of it unless that
   * was TAKEN. One that is TAKEN is noted by `executions.create`, in its transaction.
   */
  noteFile(file: NewSourceFile): Promise<void>;
  /** Notes that a file has been moved or deleted, or is not to be any more. */
  notePutAway(fileId: string): Promise<void>;
}
