import type { Bench } from './bench.ts';
import type { Workload } from './workload.ts';

/**
 * The files of the bench are alike, so that its rows can be compared: where one differs, its row
 * says so.
 */

export const MILLION = 1_000_000;
export const SEGMENTS = 10;
export const REPEATED_PER_MILLE = 300;

/** How many users there are. */
export function userCount(bench: Bench): number {
  return bench.scaled(10 * MILLION);
}

/**
 * A file of `lines` commands at full scale: 10 % DELETE, 20 % of the others with a data bag, 30 %
 * for a user met before.
 */
export function workloadOf(
  bench: Bench,
  of: { lines: number; segmentIds: readonly string[] } & Partial<Omit<Workload, 'lines' | 'segmentIds'>>,
): Workload {
  return {
    format: 'NDJSON',
    users: userCount(bench),
    badPerMille: 0,
    repeatedPerMille: REPEATED_PER_MILLE,
    seed: 1,
    ...of,
    lines: bench.scaled(of.lines),
  };
}
