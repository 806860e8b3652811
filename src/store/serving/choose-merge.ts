import type { ServingLimits } from './serving-limits.ts';
import type { PlacedRun } from './serving-runs.ts';

/** So much of the base's bytes may lie beside it; with more, all become a new base. */
const MOST_BESIDE_BASE = { BUSY: 2, IDLE: 0.5 } as const;
/** A run is merged with newer ones that have at least this share of its bytes together. */
const LEAST_SHARE = 0.5;

/**
 * The runs that are to become one, of a list with the newest first and the base last; null while
 * they are few. Each record is written again a few times at most, since a run is merged only with
 * others of about its size: size-tiered compaction, as other stores of sorted runs have it. While
 * files keep coming (`BUSY`) more is left undone, since merging takes CPU that imports need.
 */
export function chooseMerge(
  runs: readonly PlacedRun[],
  pressure: 'BUSY' | 'IDLE',
  { mostRuns, fewestMerged, alwaysSmallBytes }: ServingLimits,
): readonly PlacedRun[] | null {
  const deltas = runs.slice(0, -1);
  const base = runs.at(-1);
  if (base === undefined || deltas.length === 0) return null;
  const beside = bytesOf(deltas);
  const mostBeside = Math.max(alwaysSmallBytes, MOST_BESIDE_BASE[pressure] * base.run.bytes);
  // each run more is one block more that a look-up reads; while nothing else is to be done that is
  // worth a new base
  const fewest = pressure === 'IDLE' ? 1 : fewestMerged;
  if (deltas.length >= fewest && beside > mostBeside) return runs;
  if (deltas.length <= mostRuns[pressure]) return null;
  let best: readonly PlacedRun[] | null = null;
  for (let end = fewestMerged; end <= deltas.length; end++) {
    const newer = bytesOf(deltas.slice(0, end - 1));
    const fits = newer >= LEAST_SHARE * bytesOf(deltas.slice(end - 1, end));
    if (fits) best = deltas.slice(0, end);
    else if (best !== null) break;
  }
  return best ?? deltas.slice(0, fewestMerged);
}

function bytesOf(runs: readonly PlacedRun[]): number {
  return runs.reduce((sum, { run }) => sum + run.bytes, 0);
}
