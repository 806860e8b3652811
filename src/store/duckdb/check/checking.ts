import type { SegmentSize } from '../../../model/records.ts';
import type { Sql } from '../../records/database.ts';

/** Sizes of segments, by their ids. */
export type Sizes = ReadonlyMap<string, SegmentSize>;

/** What a check may look at. */
export type Checking = {
  /** Inside one read transaction. */
  readonly sql: Sql;
  readonly now: number;
  /**
   * Ranges that keys fall in, some million rows each: what joins or groups the big tables does so
   * range by range.
   */
  readonly ranges: readonly KeyRange[];
  /**
   * What users of the store were told of the sizes of segments at that moment; null when it is not
   * known.
   */
  readonly told: Sizes | null;
};
export type KeyRange = { readonly first: bigint; readonly last: bigint };
