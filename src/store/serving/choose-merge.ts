import type { PlacedRun } from './serving-runs.ts';

/**
 * `runs`: so many, the base not among them, are left as they are; a look-up asks the filter of each, which takes 0.1 µs.
 * `besideBase`: so much of the base's bytes may lie beside it; with more, all become a new base. While files keep coming more is
 * left undone, since merging takes CPU that imports need.
 */
const MOST = { BUSY: { runs: 24, besideBase: 2 }, IDLE: { runs: 8, besideBase: 0.5 } } as const;
/** Fewer are not worth writing them again. */
const FEWEST_MERGED = 4;
/** A run is merged with newer ones that have at least this share of its bytes together. */
const LEAST_SHARE = 0.5;
/** So many bytes are nothing, whatever the base has. */
const ALWAYS_SMALL = 256 * 1024;

/**
 * The runs that are to become one, of a list with the newest first and the base last; null while they are few. Each record
 * is written again a few times at most, since a run is merged only with others of about its size: size-tiered compaction, as
 * other stores of sorted runs have it.
 */
export function chooseMerge(
  runs: readonly PlacedRun[],
  pressure: keyof typeof MOST,
): readonly PlacedRun[] | null {
  const most = MOST[pressure];
  const deltas = runs.slice(0, -1);
  const base = runs.at(-1);
  if (base === undefined || deltas.length === 0) return null;
  const beside = bytesOf(deltas);
  if (deltas.length >= FEWEST_MERGED && beside > Math.max(ALWAYS_SMALL, most.besideBase * base.run.bytes))
    return runs;
  if (deltas.length <= most.runs) return null;
  let best: readonly PlacedRun[] | null = null;
  for (let end = FEWEST_MERGED; end <= deltas.length; end++) {
    const newer = bytesOf(deltas.slice(0, end - 1));
    const fits = newer >= LEAST_SHARE * bytesOf(deltas.slice(end - 1, end));
    if (fits) best = deltas.slice(0, end);
    else if (best !== null) break;
  }
  return best ?? deltas.slice(0, FEWEST_MERGED);
}

function bytesOf(runs: readonly PlacedRun[]): number {
  return runs.reduce((sum, { run }) => sum + run.bytes, 0);
}
