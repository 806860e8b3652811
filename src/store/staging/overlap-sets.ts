import type { Overlap } from '../../model/records.ts';

/** User points that are in the same segments: a set of bits, in words of so many. */
export type SegmentSet = {
  readonly words: readonly bigint[];
  readonly bits: number;
  readonly userPoints: number;
};

/**
 * Adds the user points of one set to each pair of its segments. `counts` is a square of `segments`
 * rows.
 */
export function addPairs(counts: Float64Array, set: SegmentSet, segments: number): void {
  const places: number[] = [];
  for (const [i, each] of set.words.entries()) {
    let word = each;
    for (let at = i * set.bits; word > 0n; at += 1, word >>= 1n) if (word & 1n) places.push(at);
  }
  for (const [at, one] of places.entries())
    for (let i = at + 1; i < places.length; i++) {
      const pair = one * segments + (places[i] ?? 0);
      counts[pair] = (counts[pair] ?? 0) + set.userPoints;
    }
}

/** The pairs that have any, of what `addPairs` has counted. */
export function pairsOf(counts: Float64Array, segmentIds: readonly string[]): readonly Overlap[] {
  return segmentIds.flatMap((one, at) =>
    segmentIds.slice(at + 1).flatMap((other, i): Overlap[] => {
      const userPoints = counts[at * segmentIds.length + at + 1 + i] ?? 0;
      return userPoints === 0 ? [] : [{ segmentIds: [one, other], userPoints }];
    }),
  );
}
