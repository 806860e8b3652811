import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../failures.ts';

/** Where a folder is made before it has its name. */
export function partialOf(folder: string): string {
  return `${folder}.partial`;
}

/**
 * Makes a folder that is whole or not there: `fill` gets another one, which takes its name when it
 * is full and is removed when that fails. A folder that is there must be empty; one that is left
 * half full by a process that was killed is not touched.
 */
export async function makeWhole<T>(folder: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const partial = partialOf(folder);
  await requireEmpty(folder);
  await mkdir(path.dirname(folder), { recursive: true });
  await mkdir(partial, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw new CliError(`${partial} cannot be made: ${cause.message}`, { cause });
    throw new CliError(
      `${partial} exists: a backup or restore into it is unfinished or still running; remove it if none is running`,
    );
  });
  try {
    const result = await fill(partial);
    await rename(partial, folder);
    await syncFolder(path.dirname(folder));
    return result;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CliError(`${folder} cannot be used: ${error.message}`, { cause: error });
  });
  if (found.length > 0)
    throw new CliError(
      `${folder}: expected a new or empty folder, but it contains ${JSON.stringify(found[0])}`,
    );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
