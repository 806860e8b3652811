import { Counter, Histogram } from 'prom-client';
import { registry } from '../metrics.ts';
import type { Checkpoint, Execution } from '../model/execution.ts';

const commands = new Counter({
  name: 'muster_commands_total',
  help: 'Commands of files, applied or failed',
  labelNames: ['outcome'],
  registers: [registry],
});

const failures = new Counter({
  name: 'muster_command_failures_total',
  help: 'Commands that failed, by code',
  labelNames: ['code'],
  registers: [registry],
});

const waited = new Histogram({
  name: 'muster_execution_wait_seconds',
  help: 'Time from the upload of a file to the start of its execution',
  buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
  registers: [registry],
});

/** Notes what a chunk came to: the difference of two checkpoints of an execution. */
export function observeCheckpoint(before: Checkpoint, after: Checkpoint): void {
  commands.inc({ outcome: 'applied' }, after.successes - before.successes);
  commands.inc({ outcome: 'failed' }, after.failures - before.failures);
  for (const [code, count] of Object.entries(after.failuresByCode)) {
    failures.inc({ code }, count - (before.failuresByCode[code as keyof typeof before.failuresByCode] ?? 0));
  }
}

/** Notes how long an execution waited; one that goes on after a restart has been noted before. */
export function observeStart({ creationDate, startDate, checkpoint }: Execution): void {
  if (checkpoint.offset === 0 && startDate !== null)
    waited.observe(Math.max(0, startDate - creationDate) / 1000);
}
