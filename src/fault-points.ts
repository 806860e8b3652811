import { isMainThread } from 'node:worker_threads';

/**
 * Points at which a test can end the process as a power cut would: with SIGKILL, and no word to
 * anybody. One is armed by MUSTER_FAULT_POINT at the start of `muster serve` (docs/torture.md);
 * otherwise passing one is a comparison with null. `parse-thread-dies`, `hash-thread-dies` and
 * `merge-thread-dies` lie in a thread and end that alone; `plain-reader-traps` ends nothing.
 */
export const FAULT_POINTS = [
  'upload-half-written',
  'hash-thread-dies',
  'upload-synced',
  'upload-kept',
  'execution-created',
  'execution-claimed',
  'parse-thread-dies',
  'plain-reader-traps',
  'segments-created',
  'chunk-staged',
  'error-file-half-written',
  'error-file-written',
  'chunk-before-commit',
  'chunk-after-commit',
  'group-staged',
  'group-before-commit',
  'group-after-commit',
  'calls-staged',
  'calls-before-commit',
  'calls-after-commit',
  'execution-before-end',
  'execution-ended',
  'executions-removed',
  'expired-removed',
  'compaction-step',
  'migration-begun',
  'migration-before-commit',
  'migration-after-commit',
  'merge-thread-dies',
  'run-half-written',
  'run-synced',
  'run-before-commit',
  'runs-merged',
  'runs-swapped',
  'run-file-removed',
  'erasure-before-commit',
  'erasure-after-commit',
  'erasure-file-half-written',
  'erasure-file-replaced',
  'webhook-answered',
  'source-file-received',
  'source-file-taken',
  'source-file-put-away',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Where the process is to end: at the `pass`th time that it comes there, counted from 1. */
export type Fault = { readonly point: FaultPoint; readonly pass: number };

let armed: Fault | null = null;
let passes = 0;

/** Arms a point for the rest of this process; null leaves all of them inert. */
export function armFaultPoint(fault: Fault | null): void {
  armed = fault;
  passes = 0;
}

/** Says that the process has come to a point; does not return if it is to end there. */
export function passFaultPoint(point: FaultPoint): void {
  if (armed === null || armed.point !== point) return;
  passes += 1;
  if (passes !== armed.pass) return;
  if (!isMainThread) process.exit(1);
  // a signal to oneself is delivered before the call returns: nothing after it runs
  process.kill(process.pid, 'SIGKILL');
}

/** Whether the caller, who has come to a point, is to let something go wrong that ends nothing. */
export function goesWrongAt(point: FaultPoint): boolean {
  if (armed === null || armed.point !== point) return false;
  passes += 1;
  return passes === armed.pass;
}

/**
 * What a thread that is started now is to be armed with: the first one that asks gets it, so that
 * the next one lives.
 */
export function handOverFault(point: FaultPoint): Fault | null {
  if (armed === null || armed.point !== point) return null;
  const fault = armed;
  armed = null;
  return fault;
}

/**
 * Whether the process ends the next time it comes to a point: for one that lies within a single
 * write.
 */
export function endsNextAt(point: FaultPoint): boolean {
  return armed !== null && armed.point === point && passes + 1 === armed.pass;
}
