import { ParseThreadError } from '../errors.ts';
import { type FaultKind, kindOfFault } from '../faults.ts';

/**
 * Waits before another try at an execution that met a fault, as multiples of the setting. After the
 * last one it is FAILED, unless the fault is one that is waited out.
 */
const WAITS = [1, 5, 15, 60] as const;
export const MOST_RETRIES = WAITS.length;

/** The wait after so many tries; beyond the last one the same again. */
export function retryDelayMs(tries: number, retryMs: number): number {
  return retryMs * (WAITS[tries] ?? Math.max(...WAITS));
}

/**
 * Faults that can pass by themselves, beside those of `faults.ts`: a conflict is over, a disk
 * answers again, a file server is back.
 */
const PASSING_ERRNO = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'ETIMEDOUT', 'EIO', 'ESTALE']);
/** How DuckDB begins the messages of such faults; it has no codes. */
const PASSING_MESSAGE = /^(IO Error|TransactionContext Error|Transaction Error)/;

/** Whether trying again can help. */
export function canPass(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  if (kindOfFault(fault) !== null || fault instanceof ParseThreadError) return true;
  const { code } = fault as NodeJS.ErrnoException;
  return (code !== undefined && PASSING_ERRNO.has(code)) || PASSING_MESSAGE.test(fault.message);
}

/** What no file can be the cause of: the same file does as soon as it has passed. */
const OUTLASTED: readonly (FaultKind | null)[] = [
  'DISK_FULL',
  'READ_ONLY',
  'NO_HANDLES',
  'NO_DOCUMENTS',
  'NO_STORE',
];

/**
 * Whether a fault is waited out, however long it takes. Memory is not among them, since a single
 * file may need more than there is; nor are faults that are only met at one place of a disk.
 */
export function isOutlasted(fault: unknown): boolean {
  return OUTLASTED.includes(kindOfFault(fault));
}

/**
 * How many faults a run has met since it last came forward, how many of them may be the file's, and
 * when the first was.
 */
export type Faults = { readonly count: number; readonly limited: number; readonly since: number | null };
export const NO_FAULTS: Faults = { count: 0, limited: 0, since: null };
/**
 * A run that went well for so long came forward, though a file that is checked as a whole has no
 * checkpoint.
 */
export const FORWARD_MS = 60_000;

export function withFault({ count, limited, since }: Faults, fault: unknown, now: number): Faults {
  return { count: count + 1, limited: limited + (isOutlasted(fault) ? 0 : 1), since: since ?? now };
}

/** Whether a run goes on after a fault, which `faults` counts; `maxFaultWaitMs` 0: no limit. */
export function isTriedAgain(
  fault: unknown,
  { limited, since }: Faults,
  { maxFaultWaitMs, clock }: { readonly maxFaultWaitMs: number; readonly clock: () => number },
): boolean {
  if (!isOutlasted(fault)) return limited <= MOST_RETRIES && canPass(fault);
  return maxFaultWaitMs === 0 || clock() - (since ?? clock()) < maxFaultWaitMs;
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
