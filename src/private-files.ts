import { chmod, lstat, opendir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Bits of a mode that let the group or anybody else do something. */
const OTHERS = 0o077;

/**
 * Lets nobody but the user of this process use what it writes from here on, by whichever library:
 * files are 0600, folders 0700. For programs that write personal data or secrets: the store has
 * those of webhooks.
 */
export function writePrivately(): void {
  process.umask(OTHERS);
}

/** What was found of files that others could use. */
export type MadePrivate = {
  /** How many files and folders were made private. */
  readonly changed: number;
  /** One that could not be: it belongs to somebody else, or the file system knows no modes. */
  readonly failed: string | null;
};

/**
 * Makes what an earlier version wrote in a data folder private: of the folder itself and of what
 * lies in it under the names that are the service's own. Links are not followed. Nothing is done
 * where there is nothing.
 */
export async function makePrivate(folder: string, own: readonly string[]): Promise<MadePrivate> {
  const made = { changed: 0, failed: null as string | null };
  const tighten = async (file: string, mode: number) => {
    if ((mode & OTHERS) === 0) return;
    try {
      await chmod(file, mode & 0o777 & ~OTHERS);
      made.changed++;
    } catch (error) {
      if (!isGone(error)) made.failed ??= file;
    }
  };

  async function visit(file: string): Promise<void> {
    const facts = await lstat(file).catch(() => null);
    if (facts === null || facts.isSymbolicLink()) return;
    // its content first, so that one that is private has nothing in it that is not
    if (facts.isDirectory() && !(isOfMany(file) && (facts.mode & OTHERS) === 0)) await visitAll(file);
    await tighten(file, facts.mode);
  }

  async function visitAll(of: string): Promise<void> {
    try {
      for await (const { name } of await opendir(of)) await visit(path.join(of, name));
    } catch (error) {
      if (!isGone(error)) made.failed ??= of;
    }
  }

  const facts = await stat(folder).catch(() => null);
  if (facts === null) return made;
  const names = await readdir(folder).catch(() => null);
  for (const name of names ?? []) if (own.includes(name)) await visit(path.join(folder, name));
  // a folder with other things in it is somebody else's too, and may be all of a disk
  const isOwn = names?.every((name) => own.includes(name) || name === 'lost+found');
  if (isOwn) await tighten(folder, facts.mode);
  else if ((facts.mode & OTHERS) !== 0) made.failed ??= folder;
  return made;
}

/** Kept files may be millions, and each start would look at each of them. */
function isOfMany(folder: string): boolean {
  return path.basename(folder) === 'kept';
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
