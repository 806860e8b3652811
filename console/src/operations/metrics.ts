import { queryOptions } from '@tanstack/react-query';
import { readSamples, type ServingSamples, servingOf } from '../../../src/model/metric-samples.ts';
import { call } from '../api/client.ts';

/** What `/metrics` says, as far as the console shows it. */
export type Metrics = {
  readonly at: number;
  readonly pending: number;
  readonly running: number;
  /** Since the start of the process. */
  readonly commands: number;
  readonly storeBytes: number | null;
  readonly diskFreeBytes: number | null;
  readonly oldestWaitSeconds: number;
  readonly isStoreUp: boolean;
  /** Null while there are too few look-ups to tell. */
  readonly lookUpP99Seconds: number | null;
  /** Null: imports are never held back. */
  readonly lookUpGoalSeconds: number | null;
  readonly areImportsHeldBack: boolean;
  /** Null where look-ups are answered by tables alone. */
  readonly serving: ServingSamples | null;
};

const ASK_MS = 2_000;

/** Asked for again and again while it is looked at. */
export const metrics = () =>
  queryOptions({
    queryKey: ['metrics'],
    queryFn: async ({ signal }) => readMetrics(await (await call('/metrics', { signal })).text(), Date.now()),
    refetchInterval: ASK_MS,
    staleTime: 0,
  });

/**
 * Reads the text format of Prometheus; of a metric with several labels the samples are added, or
 * the largest is taken.
 */
export function readMetrics(text: string, at: number): Metrics {
  const samples = readSamples(text);
  const of = (name: string, label = '') =>
    samples
      .filter((sample) => sample.name === name && sample.labels.includes(label))
      .map(({ value }) => value);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    at,
    pending: sum(of('muster_executions', '"PENDING"')),
    running: sum(of('muster_executions', '"RUNNING"')),
    commands: sum(of('muster_commands_total')),
    storeBytes: of('muster_store_bytes')[0] ?? null,
    diskFreeBytes: of('muster_disk_free_bytes')[0] ?? null,
    oldestWaitSeconds: Math.max(0, ...of('muster_queue_age_seconds')),
    isStoreUp: of('muster_store_up')[0] !== 0,
    lookUpP99Seconds: of('muster_lookup_p99_seconds')[0] ?? null,
    lookUpGoalSeconds: of('muster_lookup_goal_seconds')[0] || null,
    areImportsHeldBack: of('muster_imports_held_back')[0] === 1,
    serving: servingOf(samples),
  };
}

/** Commands per second between two samples; a process that began anew counts from 0. */
export function rateBetween(before: Metrics | undefined, after: Metrics | undefined): number {
  if (before === undefined || after === undefined || after.at <= before.at) return 0;
  return Math.max(0, ((after.commands - before.commands) * 1000) / (after.at - before.at));
}
