import type { Identifier } from './identifier.ts';

/** PENDING until every file that was there at the time has been looked through. */
export type ErasureStatus = 'PENDING' | 'DONE';

/** That a user was erased: when and how much, never whom. */
export type Erasure = {
  readonly id: string;
  readonly datamartId: string;
  readonly status: ErasureStatus;
  readonly creationDate: number;
  readonly endDate: number | null;
  /** Id of the token that asked for it. */
  readonly userId: string | null;
  /** Removed at once, with the user point. */
  readonly identifiers: number;
  readonly memberships: number;
  /**
   * Executions whose files are still to be looked through; one that has not ended is waited for.
   */
  readonly executionsLeft: number;
  readonly filesRewritten: number;
  readonly linesRemoved: number;
};

/** Whom a pending erasure looks for in files. */
export type Sought = Identifier & { readonly erasureId: string };
