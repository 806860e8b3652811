/** Waits before another try at an execution that met a fault, in ms; after the last one it is FAILED. */
export const RETRY_DELAYS_MS = [1_000, 5_000, 15_000, 60_000] as const;

/** Faults that can pass by themselves: the disk is freed, handles are closed, a conflict is over. */
const PASSING_ERRNO = new Set([
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'ETIMEDOUT',
  'EIO',
]);
/** How DuckDB begins the messages of such faults; it has no codes. */
const PASSING_MESSAGE = /^(IO Error|Out of Memory Error|TransactionContext Error|Transaction Error)/;

/** Whether trying again can help. */
export function canPass(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  const { code } = fault as NodeJS.ErrnoException;
  return (code !== undefined && PASSING_ERRNO.has(code)) || PASSING_MESSAGE.test(fault.message);
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
