import type { Logger } from 'pino';
import { Counter, Histogram } from 'prom-client';
import type { PlainReaderTrap } from '../errors.ts';
import { registry } from '../metrics.ts';
import { REJECTION_CODES, type RejectionCode } from '../model/command.ts';
import type { Checkpoint, EndedStatus, Execution } from '../model/execution.ts';

const commands = new Counter({
  name: 'muster_commands_total',
  help: 'Commands of files, applied or failed',
  labelNames: ['outcome'],
  registers: [registry],
});
for (const outcome of ['applied', 'failed']) commands.inc({ outcome }, 0);

const failures = new Counter({
  name: 'muster_command_failures_total',
  help: 'Commands that failed, by code',
  labelNames: ['code'],
  registers: [registry],
});
for (const code of REJECTION_CODES) failures.inc({ code }, 0);

const importedBytes = new Counter({
  name: 'muster_imported_bytes_total',
  help: 'Bytes of files that were read and applied',
  registers: [registry],
});

const waited = new Histogram({
  name: 'muster_execution_wait_seconds',
  help: 'Time from the upload of a file to the start of its execution',
  buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
  registers: [registry],
});

const ends = new Counter({
  name: 'muster_executions_ended_total',
  help: 'Executions that ran and ended, by status',
  labelNames: ['status'],
  registers: [registry],
});
for (const status of ['SUCCEEDED', 'FAILED', 'CANCELED']) ends.inc({ status }, 0);

const retries = new Counter({
  name: 'muster_execution_retries_total',
  help: 'Faults of executions that are tried again from the last checkpoint',
  registers: [registry],
});

const heldBack = new Counter({
  name: 'muster_import_held_back_seconds_total',
  help: 'Time that executions paused between chunks since look-ups were slow',
  registers: [registry],
});

const readerTraps = new Counter({
  name: 'muster_reader_traps_total',
  help: 'Traps of the reader of plain lines; the reference parser read what it was reading',
  registers: [registry],
});

export function countFailures(code: RejectionCode, count: number): void {
  failures.inc({ code }, count);
}

/** Notes what a chunk came to: the difference of two checkpoints of an execution. */
export function observeCheckpoint(before: Checkpoint, after: Checkpoint): void {
  commands.inc({ outcome: 'applied' }, after.successes - before.successes);
  commands.inc({ outcome: 'failed' }, after.failures - before.failures);
  importedBytes.inc(after.offset - before.offset);
  for (const [code, count] of Object.entries(after.failuresByCode)) {
    failures.inc({ code }, count - (before.failuresByCode[code as keyof typeof before.failuresByCode] ?? 0));
  }
}

/** Notes how long an execution waited; one that goes on after a restart has been noted before. */
export function observeStart({ creationDate, startDate, checkpoint }: Execution): void {
  if (checkpoint.offset === 0 && startDate !== null)
    waited.observe(Math.max(0, startDate - creationDate) / 1000);
}

export function observeEnd(status: EndedStatus): void {
  ends.inc({ status });
}

/** Notes a pause for look-ups. */
export function observeHeldBack(ms: number): void {
  heldBack.inc(ms / 1000);
}

/** Notes a trap of the reader of plain lines, in the log and as a number. */
export function observeReaderTrap(logger: Logger): (trap: PlainReaderTrap) => void {
  return (err) => {
    readerTraps.inc();
    logger.error({ err }, 'the reader of plain lines trapped, the reference parser reads the same lines');
  };
}

export function observeRetry(): void {
  retries.inc();
}
