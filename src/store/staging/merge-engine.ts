import type { SegmentSize } from '../../model/records.ts';
import type { KeyRange } from '../key-ranges.ts';
import type { Sql } from '../records/database.ts';
import type { GroupStep } from './cut-group.ts';
import type { Counts } from './effect-counts.ts';

/** What is merged: commands that are staged, or changes of an execution that go back. */
export type MergeSource = {
  readonly datamartId: string;
  /** The clock of the merge: a membership that has expired by it is not there. */
  readonly startDate: number;
  /** The executions of the documents, by position; empty: they are of none. */
  readonly executionIds: readonly string[];
} & (
  | {
      readonly type: 'COMMANDS';
      /** Table of `staging` with STAGED_COLUMNS; null when no command was valid. */
      readonly table: string | null;
      /** So many documents lie in it, one after the other (GROUP_LINES). */
      readonly documents: number;
    }
  | { readonly type: 'CHANGES'; readonly reverted: string; readonly range: KeyRange }
);

/** The transaction of a merge. */
export type MergeTerms = {
  /** Rows of the source, or more. */
  readonly pairs: number;
  /** COUNT: everything is done, and nothing is left of it. */
  readonly purpose: 'APPLY' | 'COUNT';
  /**
   * What of its executions nobody else touches until it ends: how far they have come, or, where
   * they end with it, all of them.
   */
  readonly holds: 'CHECKPOINTS' | 'EXECUTIONS';
};

/**
 * What a merge needs of an engine: it says what there is, and applies. Everything else is the same
 * for both (`mergeSource`).
 */
export interface MergeEngine {
  /**
   * Does of a merge what can be done before its turn. AHEAD: its turn comes later, and others may
   * have theirs before; where too many wait so, nothing is done.
   */
  prepare(source: MergeSource, when: 'AHEAD' | 'IN_TURN'): Promise<PreparedMerge>;
  /** Does work on a connection to the DuckDB of this process. */
  withLocal<T>(work: (local: Sql) => Promise<T>): Promise<T>;
  /** Live members of these segments; a segment without any may be absent. */
  sizesAt(segmentIds: readonly string[], now: number): Promise<ReadonlyMap<string, SegmentSize>>;
}

export interface PreparedMerge {
  /**
   * One transaction, in which no other changes memberships of the datamart: it is durable when it
   * resolves, and has written nothing when it rejects. `work` may be done again. Once.
   */
  merge<T>(terms: MergeTerms, work: (merge: MergeTransaction) => Promise<T>): Promise<T>;
  /**
   * As `merge`, of so many pairs, for who does not apply them: merges do not wait for it, and its
   * effects are gone when it ends.
   */
  look<T>(pairs: number, work: (merge: MergeTransaction) => Promise<T>): Promise<T>;
  /** Lets go of it, whether it was merged or not. */
  close(): Promise<void>;
}

/** A merge that is under way. What was committed before it is seen. */
export interface MergeTransaction {
  /** Asks and writes small records, in the same transaction. */
  readonly records: Sql;
  /** Where the effects are: a connection to the DuckDB of this process. */
  readonly local: Sql;
  /**
   * Cuts the source into steps that are found and applied one after the other; `leftOut`: commands
   * that are in none, since they may not bring an erased user back.
   */
  cut(): Promise<{ readonly steps: readonly GroupStep[]; readonly leftOut: number }>;
  /** Makes `chunk_effect` and `chunk_new_user` of a step. Changes have one step. */
  findEffects(step: GroupStep): Promise<void>;
  /**
   * Does what they say and notes it in the change log. Throws where that is not what was counted.
   */
  applyEffects(counts: Counts): Promise<void>;
}
