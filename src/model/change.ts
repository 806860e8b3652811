import type { Execution } from './execution.ts';

/**
 * What happened to one membership: the user came in, stayed with other values, was taken out, or
 * the membership expired.
 */
export const CHANGE_KINDS = ['ENTERED', 'UPDATED', 'LEFT', 'EXPIRED'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A membership as it was. */
export type FormerMembership = {
  readonly creationTs: number;
  readonly lastModifiedTs: number;
  readonly expirationTs: number | null;
  /** JSON text of an object. */
  readonly dataBag: string | null;
};

/** One change of one membership. */
export type MembershipChange = {
  readonly segmentId: string;
  readonly segmentName: string;
  readonly segmentTechnicalName: string | null;
  readonly kind: ChangeKind;
  /**
   * The start of the execution, or of the call, that did it; of EXPIRED the instant of the expiry.
   */
  readonly date: number;
  /** Null for an expiry, and for a call of commands. */
  readonly executionId: string | null;
  /** Null when it was removed with its import. */
  readonly execution: Execution | null;
  /** Of its file, or of its call: the last one of several. Null where no line did it. */
  readonly line: number | null;
  /** What there was before; null of ENTERED. */
  readonly before: FormerMembership | null;
};

/** What an execution did to the memberships of one segment. */
export type ExecutionChanges = {
  readonly executionId: string;
  readonly execution: Execution | null;
  /** The start of the execution. */
  readonly date: number;
  readonly entries: number;
  readonly updates: number;
  readonly exits: number;
};

/** What an execution did to the memberships of one segment, whichever execution that was. */
export type SegmentChanges = {
  readonly segmentId: string;
  readonly entries: number;
  readonly updates: number;
  readonly exits: number;
};

/** What a revert would do to the memberships of one segment, if nothing were written before it. */
export type SegmentRevert = {
  readonly segmentId: string;
  /** Users who would be in again. */
  readonly created: number;
  /** Users who would stay in, with what was there before. */
  readonly updated: number;
  /** Users who would be out again. */
  readonly deleted: number;
  readonly unchanged: number;
  /** Left alone, since something has touched them since. */
  readonly kept: number;
};
