import type { RejectionCode } from './command.ts';
import type { Mapping } from './mapping.ts';
import type { MimeType, Priority } from './records.ts';
import type { Warnings } from './warning.ts';

export const EXECUTION_STATUSES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED'] as const;
/** `PENDING → RUNNING → SUCCEEDED | FAILED | CANCELED` (spec §3). */
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];
export type EndedStatus = Exclude<ExecutionStatus, 'PENDING' | 'RUNNING'>;

/** Whether an execution in this status will never run again. */
export function hasEnded(status: ExecutionStatus): status is EndedStatus {
  return status !== 'PENDING' && status !== 'RUNNING';
}

/**
 * What commands did, by (command, segment) pair: every pair of the applied commands is in exactly
 * one of the first five. `superseded` pairs were followed by a later command for the same user
 * point and segment in the same batch.
 */
export type Effects = {
  readonly membershipsCreated: number;
  readonly membershipsUpdated: number;
  readonly membershipsDeleted: number;
  readonly unchanged: number;
  readonly superseded: number;
  readonly userPointsCreated: number;
  /**
   * Of users who left a replaced segment since no command of the file put them in: pairs of no
   * command.
   */
  readonly membershipsLeft: number;
  /**
   * Of a revert: left alone, since something has touched them after what it reverts. Of a
   * replacement: of members whom no command names and a failed line does; pairs of no command.
   */
  readonly membershipsKept: number;
};

export const NO_EFFECTS: Effects = {
  membershipsCreated: 0,
  membershipsUpdated: 0,
  membershipsDeleted: 0,
  unchanged: 0,
  superseded: 0,
  userPointsCreated: 0,
  membershipsLeft: 0,
  membershipsKept: 0,
};

/** The sum of two effects, member by member. */
export function addEffects(a: Effects, b: Effects): Effects {
  return {
    membershipsCreated: a.membershipsCreated + b.membershipsCreated,
    membershipsUpdated: a.membershipsUpdated + b.membershipsUpdated,
    membershipsDeleted: a.membershipsDeleted + b.membershipsDeleted,
    unchanged: a.unchanged + b.unchanged,
    superseded: a.superseded + b.superseded,
    userPointsCreated: a.userPointsCreated + b.userPointsCreated,
    membershipsLeft: a.membershipsLeft + b.membershipsLeft,
    membershipsKept: a.membershipsKept + b.membershipsKept,
  };
}

/** The pairs that effects are of. */
export function pairsOf(effects: Effects, { reverts }: Pick<Execution, 'reverts'>): number {
  const { membershipsCreated, membershipsUpdated, membershipsDeleted, unchanged, superseded } = effects;
  const kept = reverts === null ? 0 : effects.membershipsKept;
  return membershipsCreated + membershipsUpdated + membershipsDeleted + unchanged + superseded + kept;
}

/** How many live members a segment had before something was done, and has after it. */
export type SegmentEffect = {
  readonly segmentId: string;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  /** Of a replacement: how many members go out, whoever comes in for them. */
  readonly leaving?: number;
  /**
   * Of a segment that is not there, and that would be made: its name, where its id says nothing.
   */
  readonly technicalName?: string;
};

/** A segment that a file made of a technical name that it gives. */
export type CreatedSegment = {
  /** Null: it would be made. */
  readonly segmentId: string | null;
  readonly technicalName: string;
};

export type FailuresByCode = { readonly [code in RejectionCode]?: number };

/**
 * A part of an error file: the failed lines of one chunk, in a file of a random name that never
 * changes but for erasures. It is durable before the checkpoint that names it; one that no
 * checkpoint names was never part of the error file.
 */
export type ErrorPart = { readonly name: string; readonly bytes: number };

/** The parts that make up the error file of a checkpoint. */
export function errorPartsOf({ errorParts = [] }: Pick<Checkpoint, 'errorParts'>): readonly ErrorPart[] {
  return errorParts;
}

/**
 * How far an execution has come, durably: everything before `offset` is applied and counted,
 * nothing after it is. Written in the transaction of each merge, so that it is true whatever is
 * killed and when.
 */
export type Checkpoint = {
  /** Bytes of the document that are done; the next record starts here. */
  readonly offset: number;
  /** Physical lines that are done; the next record starts on line `line + 1`. */
  readonly line: number;
  /** Commands that were applied. */
  readonly successes: number;
  /** Commands that failed; each stands in the error file, but for `errorLinesOmitted`. */
  readonly failures: number;
  /** Valid commands that a guard kept from being applied; they have no pairs. */
  readonly notApplied: number;
  readonly failuresByCode: FailuresByCode;
  /** What is odd about the file and fails no line; absent: nothing. */
  readonly warnings?: Warnings;
  /** (command, segment) pairs of the applied commands: what the effects must add up to. */
  readonly pairs: number;
  readonly effects: Effects;
  /**
   * Length of the error file that belongs to this checkpoint, as it was written: all its parts
   * together.
   */
  readonly errorFileBytes: number;
  /** Failed lines that are not in the error file, since it was full: the last ones. */
  readonly errorLinesOmitted: number;
  /** What the error file consists of, in order; absent: there is none. */
  readonly errorParts?: readonly ErrorPart[];
  /** Of the segments that commands named; only of what is decided upon as a whole. */
  readonly segments?: readonly SegmentEffect[];
};

export const START: Checkpoint = {
  offset: 0,
  line: 0,
  successes: 0,
  failures: 0,
  notApplied: 0,
  failuresByCode: {},
  pairs: 0,
  effects: NO_EFFECTS,
  errorFileBytes: 0,
  errorLinesOmitted: 0,
};

/** Commands that are decided upon: applied, failed, or kept from being applied. */
export function commandsOf({ successes, failures, notApplied }: Checkpoint): number {
  return successes + failures + notApplied;
}

/**
 * An uploaded file that is kept: its folder in the documents store, its name, and what was measured
 * on receipt.
 */
export type StoredDocument = {
  readonly folder: string;
  readonly fileName: string;
  /** Decompressed length in bytes. */
  readonly bytes: number;
  /** SHA-256 of the decompressed bytes, hex. */
  readonly sha256: string;
};

/**
 * What an execution imports: a file of commands, or a list of users for one segment (spec §4,
 * `user_list_imports`).
 */
export type Job =
  | { readonly type: 'DOCUMENT_IMPORT'; readonly documentImportId: string }
  | { readonly type: 'USER_SEGMENT_IMPORT'; readonly segmentId: string };

/** What executions do, as lists of them tell it: a job, or the revert of one. */
export const EXECUTION_KINDS = ['DOCUMENT_IMPORT', 'USER_SEGMENT_IMPORT', 'REVERT'] as const;
export type ExecutionKind = (typeof EXECUTION_KINDS)[number];

/** What a sender asks for beside his file. */
export type ImportOptions = {
  /** Everything is checked and counted, and nothing is written. */
  readonly dryRun: boolean;
  /** Nothing of the file is applied where more than this share of its commands fails. */
  readonly maxFailureRatio: number | null;
  readonly replace: ReplaceOptions | null;
  /** An unknown technical name makes a segment of it. */
  readonly createMissingSegments: boolean;
};

/**
 * How many segments a file makes: a column that was taken for another must not become a million of
 * them.
 */
export const MAX_NEW_SEGMENTS = 100;

/** Segments are to hold exactly the users of the file. */
export type ReplaceOptions = {
  /** Null: each segment that a command of the file names. */
  readonly segmentIds: readonly string[] | null;
  /**
   * Nothing is applied where a segment would become smaller by more than this share of its size.
   * Null: where it would lose all; of executions that are older than the default.
   */
  readonly maxShrinkRatio: number | null;
};

/**
 * The guards of a replacement where none are given: one failed line, or half of a segment lost, is
 * a sign of a broken file.
 */
export const REPLACE_GUARDS = { maxFailureRatio: 0, maxShrinkRatio: 0.5 } as const;

/** What is done where nothing was asked for: the file is applied in batches. */
export const PLAIN_IMPORT: ImportOptions = {
  dryRun: false,
  maxFailureRatio: null,
  replace: null,
  createMissingSegments: false,
};

/** What has been read of a file and is not applied yet. */
export type Checked = { readonly bytes: number; readonly commands: number };

/** Why a run waits: kinds of faults that are no file's, and OTHER for what may pass by itself. */
export const WAIT_REASONS = [
  'DISK_FULL',
  'READ_ONLY',
  'NO_HANDLES',
  'NO_MEMORY',
  'NO_DOCUMENTS',
  'NO_STORE',
  'LOOK_UPS',
  'OTHER',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/**
 * How far a run is between its checkpoints, in bytes and commands of its document from its start.
 * MERGING: what was read is being merged, and nothing is read meanwhile. WAITING: it met a fault
 * and is tried again from its checkpoint, or pauses before a chunk since look-ups are slow.
 */
export type RunProgress = {
  readonly step: 'READING' | 'MERGING' | 'WAITING';
  readonly bytes: number;
  readonly commands: number;
  /**
   * Only while it waits; `since` is the instant of the first fault since it last came forward, or
   * of the pause.
   */
  readonly waiting?: { readonly reason: WaitReason; readonly since: number };
};

export type Execution = {
  readonly id: string;
  readonly organisationId: string;
  readonly datamartId: string;
  readonly job: Job;
  readonly mimeType: MimeType;
  readonly priority: Priority;
  /** Id of the token that uploaded it. */
  readonly userId: string | null;
  readonly status: ExecutionStatus;
  readonly creationDate: number;
  /**
   * The one clock of the file: durations and "in the past" are counted from here. Set once, kept
   * over restarts.
   */
  readonly startDate: number | null;
  readonly endDate: number | null;
  readonly cancelRequested: boolean;
  /** Why it FAILED. */
  readonly failure: string | null;
  readonly document: StoredDocument;
  /**
   * The mapping of its import when the file came: what changes later changes no file that is there.
   */
  readonly mapping: Mapping | null;
  readonly options: ImportOptions;
  /**
   * The execution that this one reverts; it has no file then, and its document's bytes are the
   * changes that go back.
   */
  readonly reverts: string | null;
  /** The last one that reverts this one. */
  readonly revertedBy: string | null;
  /** The execution whose failed lines its file corrects. */
  readonly corrects: string | null;
  /** How many of those were applied; null where that cannot be told. */
  readonly repaired: number | null;
  /** When the input and error files were removed by retention, else null. */
  readonly filesRemovedDate: number | null;
  /**
   * How far the file has been read if something is decided about it as a whole; from the start
   * again after a crash.
   */
  readonly checked: Checked;
  readonly checkpoint: Checkpoint;
  /** In the order in which its file names them. A revert leaves them. */
  readonly segmentsCreated: readonly CreatedSegment[];
};

/**
 * Whether it is a file that is applied as it is read, and about which nothing is decided as a
 * whole.
 */
export function isPlain({ options, reverts }: Pick<Execution, 'options' | 'reverts'>): boolean {
  const { dryRun, maxFailureRatio, replace } = options;
  return reverts === null && !dryRun && maxFailureRatio === null && replace === null;
}

/**
 * Whether it can be claimed and applied together with other small files. What a correction repairs
 * is counted before it ends.
 */
export function mayBeGrouped(execution: Pick<Execution, 'options' | 'reverts' | 'corrects'>): boolean {
  return isPlain(execution) && execution.corrects === null;
}

/** An execution that corrects another one, as that one knows it. */
export type Correction = {
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly repaired: number | null;
};

/** How an execution ended; `failure` says why it FAILED. */
export type Ending = { readonly status: EndedStatus; readonly failure: string | null };

/** What is known of an execution when its file has been received. */
export type NewExecution = Pick<
  Execution,
  'organisationId' | 'datamartId' | 'job' | 'mimeType' | 'priority' | 'userId' | 'document' | 'creationDate'
> & {
  /** Absent: PLAIN_IMPORT. */
  readonly options?: ImportOptions;
  /** Absent: none. */
  readonly mapping?: Mapping | null;
  /** Absent: none. */
  readonly corrects?: string | null;
};

/**
 * What a sender calls an upload by, so that sending it again makes no second execution (spec §8).
 */
export type IdempotencyKey = {
  readonly value: string;
  /** What else was asked for beside the file, as one text that is the same for the same. */
  readonly parameters: string;
};

/** How long a key is known. */
export const KEY_LIFE_MS = 24 * 3_600_000;
