/**
 * When serving runs are written, merged and made anew. Tests have other numbers: the answers are to
 * be the same with any.
 */
export type ServingLimits = {
  /**
   * A run of so many bytes lies in the manifest itself, and in memory: it needs no file, and no
   * wait for the disk.
   */
  readonly inlineBytes: number;
  /**
   * So many runs, the base not among them, are left as they are; a look-up asks the filter of each,
   * which takes 0.1 µs.
   */
  readonly mostRuns: { readonly BUSY: number; readonly IDLE: number };
  /** Fewer are not worth writing them again. */
  readonly fewestMerged: number;
  /** So many bytes are nothing, whatever the base has. */
  readonly alwaysSmallBytes: number;
  /** Rows that are sorted at once when a base is made of the tables. */
  readonly rowsPerRange: number;
  /** A store of so few users has its base before it is open. */
  readonly usersAtOpen: number;
  /**
   * A base without those who were erased is written so long after the first erasure, so that many
   * share one.
   */
  readonly erasedAfterMs: number;
  /** So long after the last change nobody is taken to be importing. */
  readonly quietMs: number;
  /** How long after a fault the base is made again. */
  readonly retryMs: number;
};

export const SERVING_LIMITS: ServingLimits = {
  inlineBytes: 64 * 1024,
  mostRuns: { BUSY: 24, IDLE: 8 },
  fewestMerged: 4,
  alwaysSmallBytes: 256 * 1024,
  rowsPerRange: 1_000_000,
  usersAtOpen: 100_000,
  erasedAfterMs: 60_000,
  quietMs: 2_000,
  retryMs: 5_000,
};
