import { setTimeout as sleep } from 'node:timers/promises';
import { type LookUps, lookUpsOf } from './look-up.ts';
import { percentile } from './percentile.ts';

/**
 * A process of its own that looks users up, so that nothing else the bench does delays it. It is
 * sent a `Load`, says 'begun' after a short time that does not count, works on until it is sent
 * 'stop', and answers with a `LoadResult`.
 */
export type Load = LookUps & {
  /**
   * Requests are sent at their times whether or not earlier ones were answered, and timed from when
   * they were due; null: each connection sends without a pause.
   */
  readonly perSecond: number | null;
};

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  /** Look-ups that had no answer in the end; they count as having taken until then. */
  readonly unanswered: number;
  /** Look-ups with a wrong answer or none. */
  readonly failed: number;
  readonly firstFailure: string | null;
};

const DRAIN_MS = 5_000;
const WARM_UP_REQUESTS = 100;

process.on('message', (message: Load | 'stop') => {
  if (message !== 'stop') void run(message);
});

async function run(load: Load): Promise<void> {
  const { lookUp, close } = lookUpsOf(load);
  const failures: unknown[] = [];
  // One after the other, so that nothing is left of it when the measurement begins.
  for (let i = 0; i < WARM_UP_REQUESTS; i++) await lookUp().catch((error: unknown) => failures.push(error));
  const tookMs: number[] = [];
  const waiting = new Map<Promise<void>, number>();
  let stopped = false;
  process.on('message', (message) => {
    stopped ||= message === 'stop';
  });
  process.send?.('begun');

  const send = (dueAt: number) => {
    const sent: Promise<void> = lookUp()
      .then(
        () => void tookMs.push(performance.now() - dueAt),
        (error: unknown) => void failures.push(error),
      )
      .finally(() => waiting.delete(sent));
    waiting.set(sent, dueAt);
    return sent;
  };
  const startedAt = performance.now();
  if (load.perSecond === null) {
    const connection = async () => {
      while (!stopped) await send(performance.now());
    };
    await Promise.all(Array.from({ length: load.connections }, connection));
  } else {
    for (let sent = 0; !stopped; await sleep(1)) {
      const due = ((performance.now() - startedAt) / 1000) * load.perSecond;
      for (; sent < due; sent++) void send(startedAt + (sent / load.perSecond) * 1000);
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await Promise.race([Promise.all(waiting.keys()), sleep(DRAIN_MS)]);
  const unanswered = [...waiting.values()].map((dueAt) => performance.now() - dueAt);

  const sorted = Float64Array.from([...tookMs, ...unanswered]).sort();
  const result: LoadResult = {
    requests: sorted.length,
    seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    mostMs: sorted.at(-1) ?? Number.NaN,
    unanswered: unanswered.length,
    failed: failures.length,
    firstFailure: failures[0] === undefined ? null : String(failures[0]),
  };
  // What is still under way must not hold the process.
  process.send?.(result, () => void close().finally(() => process.exit()));
}
