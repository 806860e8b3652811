import assert from 'node:assert/strict';
import type fc from 'fast-check';

/** A property of any number of arguments. */
export type AnyProperty = fc.IRawProperty<unknown>;

/**
 * What is fuzzed: some properties that must hold for whatever comes, and what they need to be open.
 */
export type Target = {
  readonly properties: readonly AnyProperty[];
  close(): Promise<void>;
};

export type OpenTarget = () => Promise<Target>;

/** A target of pure functions. */
export function pure(...properties: readonly unknown[]): OpenTarget {
  return async () => ({ properties: properties as readonly AnyProperty[], close: async () => {} });
}

/**
 * Asserts that `work` takes little time of the CPU. Not of the clock: on a busy machine that says
 * nothing.
 */
export function quickly(mostMs: number, work: () => void): void {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  const took = (user + system) / 1000;
  assert.ok(took < mostMs, `took ${took} ms of CPU`);
}
