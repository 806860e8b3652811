import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathIn } from './name.ts';

/**
 * The file that an argument names. Node reads arguments as UTF-8, so that a name that is none
 * arrives with replacement characters: the one file in the folder whose name reads like it is
 * meant.
 */
export async function findFile(given: string): Promise<string | Buffer> {
  if (!given.includes('\ufffd') || (await exists(given))) return given;
  const folder = path.dirname(given);
  const names = await readdir(folder, 'buffer').catch(() => []);
  const [found, another] = names.filter((name) => name.toString('utf8') === path.basename(given));
  return found === undefined || another !== undefined ? given : pathIn(folder, found);
}

/** Whether a name is taken, by whatever it is. */
export function exists(file: string | Buffer): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
