import { readdir } from 'node:fs/promises';
import os from 'node:os';

/** Of 19; a thread at 10 gets a tenth of a core that another one at 0 wants. */
const NICENESS = 10;
const THREADS = '/proc/self/task';

/**
 * Opens something that starts `count` threads for heavy work, and lets everything else in the process go before them: on a
 * machine with few cores the event loop and look-ups would wait for a merge's time slice to end. Linux alone knows a priority
 * for each thread; elsewhere, and where other threads were started meanwhile, nothing is changed.
 */
export async function withThreadsInBackground<T>(count: number, open: () => Promise<T>): Promise<T> {
  const before = new Set(await listThreads());
  const opened = await open();
  const started = (await listThreads()).filter((id) => !before.has(id));
  if (started.length === count) for (const id of started) lower(Number(id));
  return opened;
}

async function listThreads(): Promise<readonly string[]> {
  return process.platform === 'linux' ? readdir(THREADS).catch(() => []) : [];
}

function lower(thread: number): void {
  try {
    os.setPriority(thread, NICENESS);
  } catch {
    // one that has ended, or a sandbox that does not allow it: as it was
  }
}
