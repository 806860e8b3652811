import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Names that say that a file is not whole yet, or none of ours. */
const UNFINISHED = /^\.|~$|\.(part|partial|tmp|crdownload|filepart)$/i;

export interface Settling {
  /** Whether there is any file that is or will be whole, at the last look. */
  isEmpty(): boolean;
  /** Names of the files that nobody has written to for a while, by age. */
  look(now: number): Promise<readonly string[]>;
}

/**
 * Watches for files that are whole: size and time of change were the same for `settleMs`, looked at again and again. What
 * tells it for certain is a writer that renames its file into the folder, or from a name such as `users.csv.part`.
 */
export function watchForSettled(folder: string, settleMs: number): Settling {
  const seen = new Map<string, { readonly state: string; readonly since: number }>();
  return {
    isEmpty: () => seen.size === 0,
    look: async (now) => {
      const found = new Map<string, Stats>();
      for (const name of (await readdir(folder, { withFileTypes: true })).flatMap(nameOfFile)) {
        // one that has gone meanwhile is none
        const stats = await stat(path.join(folder, name)).catch(() => null);
        if (stats?.isFile()) found.set(name, stats);
      }
      for (const name of seen.keys()) if (!found.has(name)) seen.delete(name);
      for (const [name, { size, mtimeMs, ino }] of found) {
        const state = `${ino} ${size} ${mtimeMs}`;
        if (seen.get(name)?.state !== state) seen.set(name, { state, since: now });
      }
      return [...found]
        .filter(([name]) => now - (seen.get(name)?.since ?? now) >= settleMs)
        .sort(([a, one], [b, other]) => one.mtimeMs - other.mtimeMs || (a < b ? -1 : 1))
        .map(([name]) => name);
    },
  };
}

function nameOfFile(entry: Dirent): readonly string[] {
  return entry.isFile() && !UNFINISHED.test(entry.name) ? [entry.name] : [];
}
