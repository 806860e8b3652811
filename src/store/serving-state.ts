/**
 * How runs come about: by a change of memberships or users, by merging runs, into a base too, or
 * from the tables.
 */
export const RUN_ORIGINS = ['change', 'merge', 'base', 'tables'] as const;
export type RunOrigin = (typeof RUN_ORIGINS)[number];

/** Runs that were made; time includes the wait for the disk. */
export type MadeRuns = { readonly runs: number; readonly ms: number; readonly bytes: number };

/** How many look-ups were answered since the start of the process, and what they took. */
export type ServingCounts = {
  /** Answered by the runs. */
  lookUps: number;
  /** Among these those whose blocks were read on another thread, since the disk is slow. */
  aside: number;
  /** Answered by the tables, since the runs were not whole. */
  asked: number;
  /** Filters that said "not here". */
  skipped: number;
  /** Blocks that were read, and those that did not have the key. */
  reads: number;
  vain: number;
};

/** What is known of the runs that answer look-ups: docs/serving-runs.md. */
export type ServingState = {
  /** `false`: look-ups ask the tables. */
  readonly isWhole: boolean;
  /**
   * The share of the base that has been made of the tables, 0 to 1; 1 when nothing is to be made of
   * them.
   */
  readonly madeShare: number;
  readonly runs: number;
  /** Of all runs; those of small ones lie in the tables, the others in files. */
  readonly bytes: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  /** In ms; null without a base. */
  readonly baseAgeMs: number | null;
  readonly made: Readonly<Record<RunOrigin, MadeRuns>>;
  /** Runs that were found damaged, and faults while runs were made. */
  readonly damages: number;
  readonly faults: number;
} & Readonly<ServingCounts>;
