import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** The folder of the files of runs, in that of the store. */
export const RUNS_FOLDER = 'serving';
const SUFFIX = '.run';

export function runFile(folder: string, id: string): string {
  return path.join(folder, `${id}${SUFFIX}`);
}

/** Makes the folder where it is not there, and removes the files in it that no run is in. */
export async function sweepRunFiles(folder: string, ids: ReadonlySet<string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder))
    if (!name.endsWith(SUFFIX) || !ids.has(name.slice(0, -SUFFIX.length)))
      await rm(path.join(folder, name), { force: true, recursive: true });
}

/** Makes what was created in a folder, or removed from it, outlast a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
