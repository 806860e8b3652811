import type { Sql } from './records/database.ts';

/** Runs statements, and interrupts the one that is under way when the signal aborts. */
export async function whileNotAborted<T>(
  signal: AbortSignal,
  sql: Pick<Sql, 'interrupt'>,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let interrupting: Promise<void> | undefined;
  const interrupt = () => {
    interrupting = sql.interrupt();
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', interrupt);
    // who has the connection next must not be interrupted
    await interrupting;
  }
}
