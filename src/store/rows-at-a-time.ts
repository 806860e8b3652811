/**
 * How many rows are worked on in one statement where there may be any number of them: it bounds the
 * memory that takes.
 */
export type RowsAtATime = {
  /** Changes that go back in one transaction: as many as a chunk of a file has pairs. */
  readonly reverted: number;
  /** Pairs, or members of the replaced segments, in one range of a replacement: some 300 MB. */
  readonly replaced: number;
  /**
   * Memberships that are grouped for overlaps: so few that their groups fit into the caches of a
   * core.
   */
  readonly compared: number;
};

export const ROWS_AT_A_TIME: RowsAtATime = {
  reverted: 500_000,
  replaced: 1_000_000,
  compared: 750_000,
};
