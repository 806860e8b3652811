import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** How much nicer the other threads are: on a full core they get a third of what they got. */
const NICER = 5;
const NICEST = 19;

/**
 * Has the threads that there are, of the database, of files and of parsing, give way to the event
 * loop: an import keeps all cores busy, and a look-up would wait for its turn among them. Only
 * Linux gives a thread a priority of its own; elsewhere nothing changes.
 */
export function favourEventLoop(): void {
  if (process.platform !== 'linux') return;
  const nice = Math.min(NICEST, getPriority() + NICER);
  for (const name of readdirSync('/proc/self/task')) {
    const id = Number(name);
    if (id === process.pid) continue;
    try {
      setPriority(id, nice);
    } catch {
      // it has ended, or may not be changed: it goes on as it was
    }
  }
}
