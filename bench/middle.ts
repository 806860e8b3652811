import type { Measured } from './table.ts';

/** The row whose time is the middle one, with the most memory that any of them took. */
export function middleOf(measured: readonly Measured[]): Measured {
  const sorted = [...measured].sort((a, b) => (a.seconds ?? 0) - (b.seconds ?? 0));
  const middle = sorted[Math.floor(sorted.length / 2)] ?? {};
  if (sorted.length === 1) return middle;
  const [least, most] = [sorted[0], sorted.at(-1)].map((each) => each?.seconds?.toFixed(2));
  return {
    ...middle,
    peakBytes: Math.max(...sorted.map((each) => each.peakBytes ?? 0)),
    loopP99Ms: Math.max(...sorted.map((each) => each.loopP99Ms ?? 0)),
    remark: `${middle.remark}; the middle of ${sorted.length}: ${least} to ${most} s`,
  };
}
