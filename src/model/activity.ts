import type { ExecutionStatus } from './execution.ts';

/** What went on in a datamart from an instant on. */
export type Activity = {
  /**
   * Executions that were created in this time, in whatever status they are now; dry runs and
   * reverts are among them.
   */
  readonly executions: readonly {
    readonly status: ExecutionStatus;
    readonly executions: number;
    /** Those of them with failed lines. */
    readonly withFailedLines: number;
  }[];
  /** Hours of UTC, the first and the last cut to the time; ascending, none left out. */
  readonly hours: readonly ActiveHour[];
  /**
   * What happened to the memberships of segments, by segment id; those without any change are left
   * out.
   */
  readonly segments: readonly {
    readonly segmentId: string;
    readonly entries: number;
    /** Expirations included. */
    readonly exits: number;
  }[];
  /** Changes of memberships are known from this instant on. */
  readonly knownSince: number;
};

/**
 * The lines of files, those of an execution spread evenly over the time in which it ran, and
 * commands at once. Dry runs are left out.
 */
export type ActiveHour = {
  readonly from: number;
  readonly to: number;
  readonly applied: number;
  readonly failed: number;
};
