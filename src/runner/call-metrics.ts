import { Counter, Gauge, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';
import type { AnsweredCall } from '../model/command-call.ts';
import { countFailures } from './import-metrics.ts';

const seconds = new Histogram({
  name: 'muster_command_call_duration_seconds',
  help: 'Time from when a call of commands was read until they were applied, its wait included',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [registry],
});

const merges = new Counter({
  name: 'muster_command_call_merges_total',
  help: 'Transactions in which calls of commands were applied, several in each',
  registers: [registry],
});

const commands = new Counter({
  name: 'muster_called_commands_total',
  help: 'Commands of calls, applied or failed; those of dry runs and of answers that were given again are left out',
  labelNames: ['outcome'],
  registers: [registry],
});
for (const outcome of ['applied', 'failed']) commands.inc({ outcome }, 0);

const REFUSALS = ['TOO_MANY', 'TOO_LATE', 'GONE', 'STOPPING'] as const;
export type CallRefusal = (typeof REFUSALS)[number];
const refusals = new Counter({
  name: 'muster_command_calls_refused_total',
  help: 'Calls of commands that were answered 503 and not applied, or whose client went away while they waited, by reason',
  labelNames: ['reason'],
  registers: [registry],
});
for (const reason of REFUSALS) refusals.inc({ reason }, 0);

const waiting = new Gauge({
  name: 'muster_command_calls_waiting',
  help: 'Calls of commands that wait or are being applied',
  registers: [registry],
});

export function noteCalls(held: number): void {
  waiting.set(held);
}

export function countCallMerge(): void {
  merges.inc();
}

export function countCallRefusal(reason: CallRefusal): void {
  refusals.inc({ reason });
}

/** Notes a call that was answered. */
export function observeCall(
  { successes, failed, isReplayed }: AnsweredCall,
  { ms, purpose }: { readonly ms: number; readonly purpose: 'APPLY' | 'COUNT' },
): void {
  seconds.observe(ms / 1000);
  if (isReplayed || purpose === 'COUNT') return;
  commands.inc({ outcome: 'applied' }, successes);
  commands.inc({ outcome: 'failed' }, failed.length);
  for (const { code } of failed) countFailures(code, 1);
}
