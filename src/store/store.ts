import type { DuckDBInstance } from '@duckdb/node-api';
import type { Activity } from '../model/activity.ts';
import type { Author } from '../model/audit.ts';
import type { ExecutionChanges, MembershipChange, SegmentChanges, SegmentRevert } from '../model/change.ts';
import type { CheckResult } from '../model/check.ts';
import type { Erasure } from '../model/erasure.ts';
import type { Execution } from '../model/execution.ts';
import type { ExportCounts, ExportedKind, ExportMimeType } from '../model/export.ts';
import type { CountedChanges } from '../model/history.ts';
import type { Identifier, StoredIdentifier, UserSelector, UuidHalves } from '../model/identifier.ts';
import type { MembershipOrigin } from '../model/membership-origin.ts';
import type { SegmentOverlap } from '../model/overlap-analysis.ts';
import type { Listed, Member, Membership, Overlap, Page, SegmentSize } from '../model/records.ts';
import type { AuditRecords, ErasureRecords, TokenRecords } from './access-records.ts';
import type {
  CompartmentRecords,
  DatamartRecords,
  DocumentImportRecords,
  SegmentRecords,
} from './catalogue-records.ts';
import type { ExecutionRecords, RevertRefusal } from './execution-records.ts';
import type { ExportRecords, OverlapAnalysisRecords } from './job-records.ts';
import type {
  CallsOutcome,
  ChunkToPrepare,
  GroupOutcome,
  MergeOutcome,
  PreparedChunk,
  Rehearsal,
  Replacement,
  RevertPart,
  StagedCalls,
  StagedChunk,
  StagedGroup,
} from './merges.ts';
import type { ServingState } from './serving-state.ts';
import type { SourceRecords } from './source-records.ts';
import type { WebhookRecords } from './webhook-records.ts';

/**
 * What can be answered from memory and the page cache. Undefined: not at present, ask the store
 * itself.
 */
export type ImmediateLookUps = {
  /** As `Store.listMemberships`, all of them. */
  memberships(of: {
    readonly datamartId: string;
    readonly user: UserSelector;
    readonly now: number;
  }): readonly Membership[] | null | undefined;
  /** The compartment of accounts that are named without one. */
  defaultCompartment(datamartId: string): string | undefined;
};

/**
 * The contract of a store, and nothing else. Two promises hold for every call: it is atomic, and
 * when it resolves what it wrote is durable. Instants come in as arguments; a store never reads a
 * clock. Ids that a store does not know give null, an empty list or `false`, never an error: what
 * that means to a client is not a store's business.
 *
 * A call that changes records and gets an `author` notes in the audit log, in the same transaction,
 * who did what.
 *
 * `test/store/contract.ts` is this text as tests; it runs against every store.
 */
export interface Store {
  readonly datamarts: DatamartRecords;
  readonly compartments: CompartmentRecords;
  readonly segments: SegmentRecords;
  readonly documentImports: DocumentImportRecords;
  readonly executions: ExecutionRecords;
  readonly tokens: TokenRecords;
  readonly auditLog: AuditRecords;
  readonly erasures: ErasureRecords;
  readonly exports: ExportRecords;
  readonly overlapAnalyses: OverlapAnalysisRecords;
  readonly sources: SourceRecords;
  readonly webhooks: WebhookRecords;

  /**
   * The DuckDB of this process in which chunks are staged, as tables of its attached in-memory
   * database `staging`. The embedded store's own instance; a scratch one for a store on another
   * server.
   */
  readonly staging: DuckDBInstance;

  /**
   * Applies a staged chunk and moves the execution's checkpoint, in one transaction: creates the
   * user points of UPDATE commands that name unknown users, folds the commands of each (user point,
   * segment) pair as if executed from top to bottom, and counts what that did.
   *
   * `STALE_CATALOGUE`: nothing was written, the chunk has to be staged again. `LEASE_LOST`: nothing
   * was written, another worker has the execution or it has ended. Calling it again after a fault
   * is safe: a chunk whose checkpoint is already stored is `LEASE_LOST`, never applied twice.
   */
  mergeChunk(chunk: StagedChunk): Promise<MergeOutcome>;

  /**
   * Does of a merge what can be done before its turn, while the chunk before it is merged. Not
   * there where nothing can.
   */
  readonly prepareChunk?: (chunk: ChunkToPrepare) => Promise<PreparedChunk>;

  /**
   * The share of a full chunk that an import best begins with, 0 to 1; those after it grow to a
   * full one. Less than 1 where a merge costs as its rows do, so that merges begin early; 1 where
   * each costs much of its own.
   */
  readonly firstChunkShare: number;

  /**
   * Look-ups that it answers at the same time, while connections are left for all else that is to
   * be answered promptly.
   */
  readonly lookUpsAtOnce: number;

  /**
   * Opens a rehearsal: it takes the chunks of one execution like `mergeChunk` and counts what they
   * would do, each as if those before it had been applied. Nothing is written, and merges do not
   * wait for it. It is gone with the process.
   */
  openRehearsal(): Promise<Rehearsal>;

  /**
   * Opens a replacement: it takes the chunks of one execution like `mergeChunk`, keeps them, and
   * applies them all in one step. Until then nothing is written and merges do not wait for it. It
   * is gone with the process.
   */
  openReplacement(): Promise<Replacement>;

  /**
   * Applies a group: documents of one datamart that were each staged whole, from START to their
   * end. In one transaction their commands are applied as if document after document, their effects
   * counted for each as if it had been merged by itself, their checkpoints moved to the end, and
   * their executions ended as `ending` says.
   *
   * `NOT_MERGED`: nothing was written, since the catalogue has changed or one of the executions is
   * no longer held. What to do then is what `mergeChunk` says; for that, each is to be run by
   * itself.
   */
  mergeGroup(group: StagedGroup): Promise<GroupOutcome>;

  /**
   * Applies calls of commands that belong to no execution. In one transaction their commands are
   * applied as if call after call, their effects counted for each as if it had been merged by
   * itself, and the answers of those that have a key remembered. It comes between two chunks of an
   * execution of the datamart, never into one.
   *
   * `STALE`: nothing was written, the calls have to be staged again. `ANSWERED`: nothing was
   * written, since some of the calls were made before under their keys; the others can be merged
   * without them.
   */
  mergeCalls(calls: StagedCalls): Promise<CallsOutcome>;

  /**
   * Takes the next part of an execution's changes back, with the checkpoint after it, in one
   * transaction: each membership that it created, changed or ended becomes what it was before the
   * first of its changes, its instants too, unless something has touched it since: another
   * execution, its expiry by the clock of the revert, an erasure. Those are left alone and counted.
   * User points stay. It is done when the checkpoint's offset is `changes`.
   */
  revertPart(part: RevertPart): Promise<MergeOutcome>;

  /**
   * Does `read` with a store that goes by the small records this process keeps in memory, while it
   * is asked whether they are still so; once more when they are not. Not there where nobody has to
   * be asked.
   */
  readonly assuming?: <T>(read: (store: Store) => Promise<T>) => Promise<T>;

  /** Look-ups without a wait. Not there where a look-up always has to wait for a database. */
  readonly immediate?: ImmediateLookUps;

  /**
   * The user point that a selector names, or null. An identifier leads to the point it belongs to.
   */
  findUserPoint(datamartId: string, selector: UserSelector): Promise<UuidHalves | null>;

  /**
   * Memberships of a user that are live at `now`, by segment id, ascending; in `segmentIds` alone
   * when they are given. Null when the datamart does not know the user. An identifier leads to the
   * point it belongs to.
   */
  listMemberships(of: {
    datamartId: string;
    user: UserSelector;
    segmentIds?: readonly string[] | undefined;
    now: number;
    page: Page;
  }): Promise<Listed<Membership> | null>;

  /**
   * What `listMemberships` gives for each of these users, in their order and without pages, in a
   * few queries for all of them. `'TOO_MANY'` when it is more than `most` memberships together;
   * expired ones that are still stored may count.
   */
  listMembershipsOfMany(of: {
    datamartId: string;
    users: readonly UserSelector[];
    segmentIds?: readonly string[];
    now: number;
    most: number;
  }): Promise<readonly (readonly Membership[] | null)[] | 'TOO_MANY'>;

  /** Identifiers of a user point, oldest first. The first one's creation is the user point's. */
  listIdentifiers(userPointId: UuidHalves): Promise<readonly StoredIdentifier[]>;

  /**
   * Makes an identifier that is not known yet belong to an existing user point; later commands
   * follow it. OWN: it is one of this user point already. TAKEN: it belongs to another. Null when
   * the user point is not known.
   */
  attachIdentifier(attachment: {
    datamartId: string;
    identifier: Identifier;
    userPointId: UuidHalves;
    now: number;
    author?: Author;
  }): Promise<'ATTACHED' | 'OWN' | 'TAKEN' | null>;

  /**
   * Removes a user: the user point, its identifiers, its memberships. Executions of the datamart
   * that have not ended, whose files were there before, leave out commands for any of its
   * identifiers from here on and count them as unchanged; files that come later may bring the user
   * back. Resolves to what is noted of it; null for a user point that is not known. An identifier
   * need not be known: the files that there are may name it.
   */
  eraseUser(of: {
    datamartId: string;
    user: UserSelector;
    now: number;
    author?: Author;
  }): Promise<Erasure | null>;

  /**
   * Live members of each of these segments at `now`; a segment without any is absent from the map.
   */
  countMembers(of: { segmentIds: readonly string[]; now: number }): Promise<ReadonlyMap<string, SegmentSize>>;

  /**
   * Members of a segment that are live at `now`, in the order of their user points, those after
   * `after` (null: from the first one), at most `most`. Who is a member all the time between two
   * calls is in one page, and in no other.
   */
  listMembers(of: {
    segmentId: string;
    after: UuidHalves | null;
    most: number;
    now: number;
  }): Promise<readonly Member[]>;

  /**
   * How many members that are live at `now` leave by each of these instants if nothing is written.
   */
  countExpiring(of: { segmentId: string; now: number; until: readonly number[] }): Promise<readonly number[]>;

  /**
   * For each pair of these segments, how many user points are in both at `now`; a pair without any
   * may be absent. The ids of a pair are in the order in which they were given, each id once.
   */
  countOverlaps(of: { segmentIds: readonly string[]; now: number }): Promise<readonly Overlap[]>;

  /**
   * For each segment of the store that has live members at `now`, how many, and how many of them
   * are in this one too, as of one moment. The segment itself is among them.
   */
  countOverlapsWith(of: { segmentId: string; now: number }): Promise<readonly SegmentOverlap[]>;

  /**
   * What happened to the memberships of a segment from an instant on, and its size at `now`, as of
   * one moment: the size grew by the entries and shrank by the exits. A change is dated by the
   * start of its execution, an expiry by itself, whether its row was removed already or not. Users
   * who were erased are in neither.
   */
  countChanges(of: { segmentId: string; from: number; now: number }): Promise<CountedChanges>;

  /**
   * What went on in a datamart from an instant on up to `now`, as of one moment. Changes of
   * memberships are dated by the start of their execution, expirations by when their rows were
   * removed. Users who were erased are in neither.
   */
  countActivity(of: { datamartId: string; from: number; now: number }): Promise<Activity>;

  /**
   * The executions that changed memberships of a segment, as far as that is known; the last to do
   * so first.
   */
  listChangingExecutions(of: { segmentId: string; page: Page }): Promise<KnownSince<ExecutionChanges>>;

  /**
   * What an execution did to the memberships of each segment that it changed, as far as that is
   * known, by segment id. Segments that were removed and users who were erased are in none.
   */
  countChangesOf(executionId: string): Promise<Omit<KnownSince<SegmentChanges>, 'total'>>;

  /**
   * What a revert of an execution that began at `now` would do to each segment, by segment id; or
   * why there is nothing to revert. Null when there is no such execution.
   */
  previewRevert(of: {
    executionId: string;
    now: number;
  }): Promise<readonly SegmentRevert[] | RevertRefusal | null>;

  /**
   * The changes of the memberships of a user, in `segmentIds` alone when they are given, as far as
   * they are known; the last one first. Null when the datamart does not know the user.
   */
  listChanges(of: {
    datamartId: string;
    user: UserSelector;
    segmentIds?: readonly string[];
    now: number;
    page: Page;
  }): Promise<KnownSince<MembershipChange> | null>;

  /**
   * Where the memberships come from that `listMemberships` gives for the same, in its order, as far
   * as that is known; as of one moment.
   */
  listOrigins(of: {
    datamartId: string;
    user: UserSelector;
    segmentIds?: readonly string[];
    now: number;
    page: Page;
  }): Promise<KnownSince<MembershipOrigin> | null>;

  /**
   * Writes the members of a segment that are live at `now` to a new file: a line for each of their
   * identifiers of these kinds, in no order, and in constant memory. CSV and NDJSON are user
   * segment commands that bring about the same memberships. The file need not be durable. Rejects
   * when it cannot be written, or at the signal, and may then leave a part of it.
   */
  writeMembers(of: {
    segmentId: string;
    mimeType: ExportMimeType;
    kinds: readonly ExportedKind[];
    file: string;
    now: number;
    signal: AbortSignal;
  }): Promise<ExportCounts>;

  /**
   * Removes memberships that expired at or before `now`, but none that a running execution may
   * still take for live by its own clock; one that is claimed later starts at `now` or later.
   * Resolves to how many it removed. A read never depends on it.
   */
  removeExpired(now: number): Promise<number>;

  /**
   * Forgets what happened to memberships before an instant; resolves to how many changes that were.
   * What a merge, a sweep of expired memberships or a revert does to memberships is noted in its
   * own transaction, with what was there before. A segment that is removed and a user who is erased
   * take their changes with them.
   */
  removeChangesBefore(instant: number): Promise<number>;

  /**
   * The id of the documents that all processes that share the store have: keeps `id` where none is
   * kept yet. Absent where no other process can have the store open.
   */
  keepDocumentsId?(id: string): Promise<string>;

  /**
   * Whether, of all processes that share the store, `worker` is the one that does until `until`
   * what one does at a time: because it was already, or the time of the one before is over. With
   * `until` at `now` it gives that up. Always where no other process can have the store open.
   */
  lead(of: { worker: string; now: number; until: number }): Promise<boolean>;

  /**
   * Puts in order what merges have appended, where that makes look-ups quicker: `IDLE` as soon as
   * it is worth while, `BUSY` only when it is overdue, since merges wait for it. An aborted signal
   * ends it soon and leaves everything as it was. Resolves to whether it did anything.
   */
  compact(pressure: 'IDLE' | 'BUSY', signal: AbortSignal): Promise<boolean>;

  /**
   * The store as it is at one moment, as files to be read and then discarded; what is written
   * meanwhile goes on. Takes as much room beside the store as the store itself.
   */
  snapshot(): Promise<StoreSnapshot>;

  /**
   * Looks whether what the store holds agrees with itself, as of one moment: a result for each
   * check, all of them whatever they find. Takes as long as reading everything does.
   */
  checkContent(now: number): Promise<readonly CheckResult[]>;

  /** Bytes the store occupies. */
  sizeBytes(): Promise<number>;

  /** What is known of the runs that answer look-ups. Not there where tables answer them alone. */
  readonly servingState?: () => ServingState;

  /** Resolves when the store answers a query, rejects with the fault otherwise. */
  check(): Promise<void>;

  /**
   * The workers of a distributed store that did not answer when they were last asked, some seconds
   * ago: what lies on them cannot be read or written, and the rest can. Not there where a store has
   * none.
   */
  readonly workersDown?: () => readonly string[];

  /** Waits for what is under way, then lets go of files and connections. */
  close(): Promise<void>;
}

/** A page of what is known from an instant on; what was before is not listed, or not all of it. */
export type KnownSince<T> = Listed<T> & { readonly knownSince: number };

/** The store at one moment; what is written to it changes the snapshot alone. */
export interface StoreSnapshot {
  /** A folder of the snapshot's own; what else is put into it goes with it. */
  readonly folder: string;
  /** A file that a store can be opened with, whole after `finish`. */
  readonly file: string;
  readonly schemaVersion: number;
  /** Bytes of the snapshot and of the files its executions have, about. */
  keptBytes(): Promise<number>;
  /** `ExecutionRecords.listAfter`, of the snapshot. */
  listExecutionsAfter(id: string): Promise<readonly Execution[]>;
  /**
   * Notes that the files of an execution are gone: they went just before the snapshot was taken.
   */
  noteFilesRemoved(executionId: string, now: number): Promise<void>;
  /** Nothing is asked any more: `file` can be read. */
  finish(): Promise<void>;
  /** Removes all of it. */
  discard(): Promise<void>;
}

/** What of a store is looked at by those who check it, also in one that no service has open. */
export type StoreToCheck = Pick<Store, 'checkContent' | 'close'> & {
  readonly executions: Pick<ExecutionRecords, 'listAfter' | 'get' | 'referredFolders'>;
  readonly erasures: Pick<ErasureRecords, 'list'>;
};
