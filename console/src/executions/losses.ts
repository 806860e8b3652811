import type { Execution } from '../api/types.ts';

type SegmentSizes = NonNullable<Execution['result']['segments']>[number];

/** From this share on the loss of a segment is a great one. */
export const GREAT_LOSS = 0.5;

/** How many members go out of a segment, whether or not others come in for them. */
export function lostBy({ size_before, size_after, members_leaving }: SegmentSizes): number {
  return members_leaving ?? Math.max(0, size_before - size_after);
}
