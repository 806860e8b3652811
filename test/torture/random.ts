import fc from 'fast-check';
import { mulberry32 } from '../../bench/workload.ts';

/** Choices that are the same for the same seed. */
export type Random = {
  /** From 0 up to, not including, `end`. */
  below(end: number): number;
  oneOf<T>(choices: readonly T[]): T;
  /** A value of an arbitrary of fast-check. */
  sample<T>(arbitrary: fc.Arbitrary<T>): T;
};

export function randomOf(seed: number): Random {
  const next = mulberry32(seed);
  const below = (end: number) => Math.floor(next() * end);
  return {
    below,
    oneOf: <T>(choices: readonly T[]) => choices[below(choices.length)] as T,
    sample: <T>(arbitrary: fc.Arbitrary<T>) =>
      fc.sample(arbitrary, { seed: below(2 ** 31), numRuns: 1 })[0] as T,
  };
}
