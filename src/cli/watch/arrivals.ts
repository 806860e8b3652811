import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { systemCode } from '../failures.ts';
import { pathIn, shown } from '../files/name.ts';
import { holdsFailedLines, isReport, isWatchReport, reportedName } from '../import/reports.ts';

/** Names that say that a file is not whole yet, or none of ours. */
const UNFINISHED = /^\.|~$|\.(part|partial|tmp|crdownload|filepart)$/i;
/** What is made for the files that have been dealt with. */
export const OWN_FOLDERS = ['.working', 'done', 'failed'];

export interface Arrivals {
  /** Whether there is any file that is or will be whole, at the last look. */
  isEmpty(): boolean;
  /** Names of the files that nobody has written to for a while, by age. */
  look(now: number): Promise<readonly Buffer[]>;
  /** One that cannot be taken is not offered before `until`; tells whether that was so before. */
  passOver(name: Buffer, until: number): 'first' | 'again';
  countPassedOver(): number;
}

type Seen = { readonly state: string; readonly since: number };

/**
 * Watches for files that are whole: size and time of change were the same for `settleMs`, looked at
 * again and again. What tells it for certain is a writer that renames its file into the folder, or
 * from a name such as `users.csv.part`. Of what is no file to import, and could be thought to be
 * one, `onLeft` is told once.
 */
export function watchArrivals(
  folder: string,
  { settleMs, onLeft }: { settleMs: number; onLeft: (name: Buffer, why: string) => void },
): Arrivals {
  // by names as bytes: those that are no UTF-8 would become one
  const seen = new Map<string, Seen>();
  const passedOver = new Map<string, number>();
  const told = new Set<string>();
  const isOwn = ownFiles(folder);
  const left = (name: Buffer, why: string) => {
    if (!told.has(keyOf(name))) onLeft(name, why);
    told.add(keyOf(name));
  };
  return {
    isEmpty: () => [...seen.keys()].every((key) => passedOver.has(key)),
    passOver: (name, until) => {
      const before = passedOver.has(keyOf(name)) ? 'again' : 'first';
      passedOver.set(keyOf(name), until);
      return before;
    },
    countPassedOver: () => passedOver.size,
    look: async (now) => {
      const found = new Map<string, Stats>();
      const names = await readdir(folder, 'buffer');
      const keys = new Set(names.map(keyOf));
      for (const name of names) {
        const stats = await arrival(folder, name, left);
        if (stats === null) continue;
        const own = await isOwn(name, { state: stateOf(stats), keys });
        if (own === null) found.set(keyOf(name), stats);
        else left(name, own);
      }
      for (const key of seen.keys()) if (!found.has(key)) seen.delete(key);
      for (const key of passedOver.keys()) if (!found.has(key)) passedOver.delete(key);
      for (const [key, stats] of found) {
        const state = stateOf(stats);
        if (seen.get(key)?.state !== state) seen.set(key, { state, since: now });
      }
      return [...found]
        .filter(([key]) => now - (seen.get(key)?.since ?? now) >= settleMs)
        .filter(([key]) => (passedOver.get(key) ?? 0) <= now)
        .sort(([a, one], [b, other]) => one.mtimeMs - other.mtimeMs || (a < b ? -1 : 1))
        .map(([key]) => Buffer.from(key, 'latin1'));
    },
  };
}

/**
 * Tells what a watch itself wrote, as it comes back when all of `failed/` is moved back: why it is
 * left, or null. Reports always are, failed lines where the file that they are of is there too, or
 * its report; alone they are sent again.
 */
function ownFiles(folder: string) {
  /** As what they were found, since the file itself is taken before them. */
  const known = new Map<string, { readonly state: string; readonly isOwn: boolean }>();
  return async (
    name: Buffer,
    { state, keys }: { readonly state: string; readonly keys: ReadonlySet<string> },
  ): Promise<string | null> => {
    const key = keyOf(name);
    if (isWatchReport(key)) return 'reports of a watch are not data';
    if (!isReport(key)) return null;
    const base = reportedName(key);
    const before = known.get(key);
    const isBeside = before?.isOwn === true || keys.has(base) || keys.has(`${base}.report.json`);
    if (!isBeside) return null;
    const isOwn = before?.state === state ? before.isOwn : await holdsFailedLines(pathIn(folder, name));
    known.set(key, { state, isOwn });
    return isOwn
      ? `it has the failed lines of ${shown(Buffer.from(base, 'latin1'))}, which is there too`
      : null;
  };
}

function stateOf({ ino, size, mtimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

function keyOf(name: Buffer): string {
  return name.toString('latin1');
}

/**
 * What is there under a name if it is to be taken, which a link to a file is too; null for
 * everything else.
 */
async function arrival(
  folder: string,
  name: Buffer,
  left: (name: Buffer, why: string) => void,
): Promise<Stats | null> {
  const text = name.toString('latin1');
  if (UNFINISHED.test(text) || OWN_FOLDERS.includes(text)) return null;
  const file = pathIn(folder, name);
  try {
    const stats = await lstat(file);
    const kind = stats.isSymbolicLink() ? await kindOfTarget(file) : kindOf(stats);
    if (kind === 'file' && !text.startsWith('_')) return stats;
    left(name, kind === 'file' ? 'names that begin with _ are not data' : `this is ${kind}`);
  } catch (error) {
    // one that has gone meanwhile is none
    if (systemCode(error) !== 'ENOENT') left(name, String(systemCode(error)));
  }
  return null;
}

/**
 * What a link leads to; one that leads nowhere counts as a link to a file, and is refused as such.
 */
async function kindOfTarget(link: Buffer): Promise<string> {
  const stats = await stat(link).catch(() => null);
  return stats === null ? 'file' : kindOf(stats);
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}
