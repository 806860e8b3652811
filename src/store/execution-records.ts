import type { Author } from '../model/audit.ts';
import type {
  Checked,
  Checkpoint,
  Correction,
  CreatedSegment,
  EndedStatus,
  Execution,
  ExecutionKind,
  ExecutionStatus,
  IdempotencyKey,
  NewExecution,
} from '../model/execution.ts';
import type { Listed, Page, Priority } from '../model/records.ts';
import type { SeenFile } from '../model/source.ts';

/** The part of `Store` that is about executions. */

/** Which executions are listed: those that pass all that is given. */
export type ExecutionFilter = {
  readonly datamartId: string;
  readonly documentImportId?: string | undefined;
  readonly segmentId?: string | undefined;
  readonly statuses?: readonly ExecutionStatus[] | undefined;
  readonly kinds?: readonly ExecutionKind[] | undefined;
  readonly isDryRun?: boolean | undefined;
  /** Whether segments are replaced, or memberships updated; a revert does neither. */
  readonly mode?: 'update' | 'replace' | undefined;
  readonly hasFailedLines?: boolean | undefined;
  /** Id of the token that made them. */
  readonly userId?: string | undefined;
  /** A part of the name of the file, in capitals or not. */
  readonly fileName?: string | undefined;
  /** Created from this instant on. */
  readonly createdFrom?: number | undefined;
  /** Created before this instant. */
  readonly createdBefore?: number | undefined;
};

/** A document that was received, as an execution to be. */
export type Upload = NewExecution & {
  readonly author?: Author;
  readonly key?: IdempotencyKey;
  /** The file of a source that it is, which is noted as taken in the same transaction. */
  readonly sourceFile?: SeenFile & { readonly toPutAway: boolean };
};

/**
 * Why there is nothing to revert: it has not ended; it did nothing to memberships, or was a dry
 * run; another execution reverts it already; its changes are not remembered any more, or never
 * were.
 */
export type RevertRefusal = 'NOT_ENDED' | 'NOTHING_CHANGED' | 'REVERTED' | 'FORGOTTEN';

export interface ExecutionRecords {
  /**
   * PENDING from here on: it will run, whatever happens to the process. Null when its import or
   * segment is gone.
   *
   * An upload with a `key` that another one to the same import or segment had within KEY_LIFE_MS
   * makes nothing: it gets the execution of that one, which has another document, or `'KEY_REUSED'`
   * when its bytes or its parameters are others.
   */
  create(upload: Upload): Promise<Execution | 'KEY_REUSED' | null>;
  /** Forgets keys given at an instant or before, those of calls too; resolves to how many. */
  removeKeysBefore(instant: number): Promise<number>;
  get(id: string): Promise<Execution | null>;
  /** Newest first. */
  list(of: { filter: ExecutionFilter; page: Page }): Promise<Listed<Execution>>;
  /** The newest execution of each of these document imports; one without any is absent. */
  listLast(importIds: readonly string[]): Promise<ReadonlyMap<string, Execution>>;
  /** All executions by id, those after `id`, at most 1 000: for going through them page by page. */
  listAfter(id: string): Promise<readonly Execution[]>;
  /**
   * The last execution before each of these that is of the same import or segment and has a
   * document of the same SHA-256, as long as it counts: no dry run, not reverted, neither FAILED
   * nor CANCELED. One that has none before it is absent.
   */
  sameFiles(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /**
   * The executions that correct each of these, by id, the last 100: dry runs and those that were
   * reverted are left out. One that nothing corrects is absent.
   */
  listCorrections(ids: readonly string[]): Promise<ReadonlyMap<string, readonly Correction[]>>;
  /** How many executions there are in each status; a status without any may be absent. */
  countByStatus(): Promise<ReadonlyMap<ExecutionStatus, number>>;
  /**
   * When the oldest PENDING execution of each priority was created; a priority of which none waits
   * is absent.
   */
  waitingSince(): Promise<ReadonlyMap<Priority, number>>;

  /**
   * Takes the next execution that can run, RUNNING from here on and leased to `worker` until
   * `leaseUntil`: per datamart one at a time, first one that was given back or left RUNNING beyond
   * its lease, then PENDING by priority, then age. Among datamarts by priority, then by how long
   * each has waited: since it was created, or given back. What `worker` itself is running it never
   * gets again, however late its lease is renewed. `startDate` is set to `now` the first time only,
   * or to up to when expired memberships were removed where that is later. An empty list when
   * nothing can run.
   *
   * With one that is PENDING come those that follow it in its datamart, in that order and with no
   * gap, as long as there are at most `most.documents` and their documents have at most
   * `most.bytes` together. They are one group: none of them has started before.
   */
  claim(of: {
    worker: string;
    now: number;
    leaseUntil: number;
    most: { readonly documents: number; readonly bytes: number };
  }): Promise<readonly Execution[]>;
  /** Whether `claim` would find an execution of this priority or a higher one. */
  isWaiting(of: { worker: string; now: number; priority: Priority }): Promise<boolean>;
  /** Extends a lease; tells whether it is still held and whether a cancel was asked for. */
  renewLease(of: {
    id: string;
    worker: string;
    leaseUntil: number;
  }): Promise<{ held: boolean; cancelRequested: boolean }>;
  /**
   * Notes how far the file of an execution has been read that `worker` holds and has applied
   * nothing of.
   */
  noteChecked(of: { id: string; worker: string; checked: Checked }): Promise<void>;
  /**
   * Gives an execution back unended, so that whoever claims it can go on with it; it has waited
   * since `now`.
   */
  release(of: { id: string; worker: string; now: number }): Promise<void>;
  /**
   * Ends an execution that `worker` holds; `false` when it no longer does. `checkpoint` is where it
   * ends, if that is not where its merges have brought it; `segmentsCreated` are those that a dry
   * run would make, `repaired` the lines of another one that it has repaired.
   */
  finish(of: {
    id: string;
    worker: string;
    status: EndedStatus;
    failure: string | null;
    checkpoint?: Checkpoint;
    segmentsCreated?: readonly CreatedSegment[];
    repaired?: number | null;
    now: number;
  }): Promise<boolean>;
  /** PENDING: CANCELED at once. RUNNING: noted, for the worker to see. `'ENDED'`: too late. */
  cancel(id: string, now: number, author?: Author): Promise<Execution | 'ENDED' | null>;

  /**
   * Makes an execution that takes back what an ended one did to memberships: of the same import or
   * segment, with the same priority, PENDING from here on. `folder` names the folder of the files
   * that it does not have.
   */
  revert(
    id: string,
    of: { folder: string; userId: string | null; now: number; author: Author },
  ): Promise<Execution | RevertRefusal | null>;

  /**
   * Folders that an execution whose files are kept, or an export, refers to, of those asked about.
   */
  referredFolders(folders: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Ended executions whose end was before `endedBefore` and whose files are still kept, at most 1
   * 000.
   */
  listExpiredFiles(endedBefore: number): Promise<readonly Execution[]>;
  /** Notes that the files of an execution are gone. */
  markFilesRemoved(id: string, now: number): Promise<void>;
}
