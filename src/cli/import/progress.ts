import { SingleBar } from 'cli-progress';
import type { ApiExecution } from '../api.ts';
import { formatBytes, formatCount, formatDuration } from '../output.ts';

/** What is seen of an import while it runs. */
export type Progress = {
  /** So many bytes of the file have been sent. */
  readonly sent: (bytes: number) => void;
  readonly applying: (execution: ApiExecution) => void;
  readonly close: () => void;
};

/** Nothing is seen of it. */
export const SILENT: Progress = { sent: () => {}, applying: () => {}, close: () => {} };
/** A bar moves in thousandths, so that bytes and commands fit the same one. */
const WHOLE = 1000;

/** A bar on standard error when that is a terminal; else nothing at all. */
export function openProgress(name: string, totalBytes: number): Progress {
  if (!process.stderr.isTTY) return SILENT;
  const bar = createBar('{name}  {phase}  [{bar}] {percentage}%  {detail}');
  const startedAt = Date.now();
  bar.start(WHOLE, 0, { name, phase: 'sending ', detail: '' });
  return {
    sent: (bytes) => {
      const perSecond = (bytes * 1000) / Math.max(1, Date.now() - startedAt);
      const detail = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${formatBytes(Math.round(perSecond))}/s`;
      bar.update(thousandths(bytes, totalBytes), { phase: 'sending ', detail });
    },
    applying: (execution) => {
      bar.update(applied(execution), { phase: phaseOf(execution), detail: applyingDetail(execution) });
    },
    close: () => bar.stop(),
  };
}

/** A bar on standard error that leaves nothing behind. */
export function createBar(format: string): SingleBar {
  return new SingleBar({
    format,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    barsize: 24,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    emptyOnZero: true,
    gracefulExit: false,
  });
}

/** What is done of an execution now, in words of one width. */
export function phaseOf({ status, progress }: ApiExecution): string {
  if (status === 'PENDING') return 'waiting ';
  if (progress?.step === 'READING') return progress.phase === 'CHECKING' ? 'checking' : 'reading ';
  if (progress?.step === 'MERGING') return progress.phase === 'CHECKING' ? 'counting' : 'merging ';
  if (progress?.step === 'WAITING') return 'waiting ';
  return progress?.phase === 'CHECKING' ? 'checking' : 'applying';
}

function applied(execution: ApiExecution): number {
  const { progress, num_tasks: all, completed_tasks: done } = execution;
  if (all !== null && all > 0) return thousandths(done ?? 0, all);
  return progress ? thousandths(progress.bytes_read, progress.bytes_total) : 0;
}

function thousandths(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(WHOLE, Math.floor((part / whole) * WHOLE));
}

/** What a file waits for: mostly that a fault passes which is not its own. */
const WAITS_FOR: Readonly<Record<string, string>> = {
  DISK_FULL: 'for free disk space on the server',
  READ_ONLY: 'for a disk of the server to become writable',
  NO_HANDLES: 'for file handles on the server',
  NO_MEMORY: 'for memory on the server',
  NO_DOCUMENTS: 'for the file storage',
  NO_STORE: 'for the database',
  LOOK_UPS: 'for look-ups to become fast again',
};

/** What an execution waits for; a newer service may know more reasons. */
export function waitsFor({ reason }: { readonly reason: string }): string {
  return WAITS_FOR[reason] ?? 'for a fault to pass';
}

/**
 * How many commands have been read, how fast, and how long it will take; of none of it what is not
 * known.
 */
export function applyingDetail(execution: ApiExecution): string {
  const { status, progress, completed_tasks: completed } = execution;
  if (status === 'PENDING') return 'waiting in the queue';
  if (progress?.waiting) return waitsFor(progress.waiting);
  const { commands_per_second: rate = null, eta_ms: left = null } = progress ?? {};
  const commands = Math.max(progress?.commands_read ?? 0, completed ?? 0);
  const parts = commands === 0 ? [] : [`${formatCount(commands)} commands`];
  if (rate !== null && rate > 0) parts.push(`${formatCount(Math.round(rate))}/s`);
  if (left !== null) parts.push(`${formatDuration(left)} left`);
  return parts.join(', ');
}
