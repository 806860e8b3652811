import type { CallAnswer, CallKey } from '../model/command-call.ts';
import type { Checkpoint, Effects, Ending, SegmentEffect } from '../model/execution.ts';

/**
 * What merges take and give: `Store.mergeChunk`, `mergeGroup`, `revertPart`, and what takes chunks
 * in its place.
 */

/** Columns of a staged table, one row per (command, segment) pair, in this order. */
export const STAGED_COLUMNS = [
  'line bigint', // of the command; ascending, one command per line
  'kind utinyint', // KIND_BIT
  'compartment_id bigint',
  'value varchar',
  'segment_id bigint',
  'is_update boolean',
  'expires_at bigint', // null: never
  'data_bag varchar', // null: keep; {}: clear
  'key_hi ubigint', // the halves of userKey
  'key_lo ubigint',
] as const;

/** Stands for every segment that is replaced, in a table of users whom failed lines name. */
export const ANY_SEGMENT = '0';

export type StagedChunk = {
  /** Table of `staging` with STAGED_COLUMNS, or null when no command of the chunk was valid. */
  readonly table: string | null;
  /**
   * Of a replacement: table of `staging` with STAGED_COLUMNS of the users whom failed lines name,
   * and of the segments that they name them for or ANY_SEGMENT; its other columns say nothing.
   * Absent or null when there are none.
   */
  readonly namedTable?: string | null;
  readonly execution: { readonly id: string; readonly datamartId: string; readonly startDate: number };
  readonly worker: string;
  /** `Catalogue.version` the commands were checked against. */
  readonly catalogueVersion: number;
  /** Where the execution stands before this chunk. */
  readonly from: Checkpoint;
  /** Where it stands after it, without `effects`, which the store counts. */
  readonly to: Omit<Checkpoint, 'effects'>;
};

/** What is known of a chunk as soon as it is staged. */
export type ChunkToPrepare = Pick<StagedChunk, 'table' | 'execution'>;

export interface PreparedChunk {
  /** `Store.mergeChunk` of the chunk that was prepared; once. */
  merge(chunk: StagedChunk): Promise<MergeOutcome>;
  /** Lets go of it, whether it was merged or not. Its table may be gone before. */
  close(): Promise<void>;
}

export type RevertPart = {
  readonly execution: StagedChunk['execution'];
  readonly worker: string;
  readonly reverted: string;
  /** How many changes go back in all: those that were there when the revert was made. */
  readonly changes: number;
  readonly from: Checkpoint;
};

export interface Rehearsal {
  /**
   * As `Store.mergeChunk`, but that the checkpoint is nowhere stored: the execution stays at its
   * start.
   */
  mergeChunk(chunk: StagedChunk): Promise<MergeOutcome>;
  /**
   * Of the segments that the chunks named, by id: live members by the clock of the file, before and
   * after all of them.
   */
  segments(): Promise<readonly SegmentEffect[]>;
  close(): Promise<void>;
}

export interface Replacement {
  /**
   * Keeps a chunk. Its checkpoint, which has no effects, is nowhere stored: the execution stays at
   * its start.
   */
  mergeChunk(chunk: StagedChunk): Promise<MergeOutcome>;
  /**
   * Applies what was kept, in one transaction, with the checkpoint at its end: afterwards each of
   * the segments, or where they are null each that a command names, holds exactly the users whom
   * the commands, executed from top to bottom, leave in it. Who is in and stays in one of them with
   * the same expiry and data bag is left alone and counts as unchanged. So is a member whom no
   * command names and a failed line does (`namedTable`): they stay in, and are counted as kept.
   *
   * `judge` is asked before the commit; where it names a reason nothing is written. COUNT: nothing
   * is written in any case. `STALE_CATALOGUE`: nothing was written, and the file has to be read
   * again.
   */
  apply(of: {
    purpose: 'APPLY' | 'COUNT';
    segmentIds: readonly string[] | null;
    judge: (checkpoint: Checkpoint) => string | null;
  }): Promise<ReplacementOutcome>;
  close(): Promise<void>;
}

export type ReplacementOutcome = MergeOutcome | { readonly type: 'REFUSED'; readonly reason: string };

export type MergeOutcome =
  | { readonly type: 'MERGED'; readonly checkpoint: Checkpoint }
  | { readonly type: 'STALE_CATALOGUE' }
  | { readonly type: 'LEASE_LOST' };

/**
 * A staged table of a group has its documents one after the other: document `i` has its lines from
 * `i * GROUP_LINES` on.
 */
export const GROUP_LINES = 2 ** 32;

export type StagedGroup = {
  /** Table of `staging` with STAGED_COLUMNS, or null when no command of any document was valid. */
  readonly table: string | null;
  readonly datamartId: string;
  /** Of all of them: what is claimed together starts together. */
  readonly startDate: number;
  readonly worker: string;
  readonly catalogueVersion: number;
  /**
   * In the order in which they are applied. `to` is where a document ends, without `effects`, which
   * the store counts.
   */
  readonly documents: readonly { readonly executionId: string; readonly to: Omit<Checkpoint, 'effects'> }[];
  /**
   * How an execution ends that stands at this checkpoint. Asked once for each, just before the
   * commit.
   */
  readonly ending: (executionId: string, checkpoint: Checkpoint) => Ending & { readonly now: number };
};

export type GroupOutcome =
  /** The checkpoints of the documents, in their order. */
  { readonly type: 'MERGED'; readonly checkpoints: readonly Checkpoint[] } | { readonly type: 'NOT_MERGED' };

/** A call of commands that came without a file. */
export type StagedCall = {
  /** (command, segment) pairs that it has in the table. */
  readonly pairs: number;
  /** What it is answered, without `effects`, which the store counts. */
  readonly answer: Omit<CallAnswer, 'effects'>;
  readonly key: CallKey | null;
};

export type StagedCalls = {
  /**
   * Table of `staging` with STAGED_COLUMNS, the calls in it like the documents of a group; null
   * when no command was valid.
   */
  readonly table: string | null;
  readonly datamartId: string;
  readonly startDate: number;
  readonly catalogueVersion: number;
  /** COUNT: nothing is written in any case, and no answer is remembered. */
  readonly purpose: 'APPLY' | 'COUNT';
  /** In the order in which they are applied. No two have the same key. */
  readonly calls: readonly StagedCall[];
};

export type CallsOutcome =
  /** What each call did, in their order. */
  | { readonly type: 'MERGED'; readonly effects: readonly Effects[] }
  /** The catalogue has changed, or the calls must not start before `startFrom`. */
  | { readonly type: 'STALE'; readonly startFrom: number }
  /** What some of them were answered before, by position. */
  | { readonly type: 'ANSWERED'; readonly answers: ReadonlyMap<number, CallAnswer | 'KEY_REUSED'> };
