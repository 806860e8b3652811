import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LocalFile } from './documents.ts';
import { nullIfGone } from './folder-files.ts';
import { type Bounds, type WriteFile, writeGuarded } from './write-guarded.ts';

/** `Documents.makeLocal` in a folder for files under way. */
export async function makeLocalFile<T>(
  folder: string,
  write: WriteFile<T>,
  bounds: Bounds,
): Promise<LocalFile<T>> {
  const file = path.join(folder, randomUUID());
  const discard = () => rm(file, { force: true });
  try {
    const { written, bytes } = await writeGuarded(file, write, bounds);
    return { written, bytes, content: () => createReadStream(file), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

/**
 * Removes the files and folders of `folder` that nobody has touched since `before`: those of
 * processes that ended in the middle. A process that lives writes to what it has under way, or
 * gives it up.
 */
export async function removeUntouched(folder: string, before: number): Promise<void> {
  for (const name of (await nullIfGone(readdir(folder))) ?? []) {
    const entry = path.join(folder, name);
    const found = await nullIfGone(stat(entry));
    if (found !== null && found.mtimeMs < before) await rm(entry, { recursive: true, force: true });
  }
}
