import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../failures.ts';

/**
 * Only a folder that holds this file, which the demo itself wrote, is ever removed. Its text is the
 * process id.
 */
const MARKER = '.muster-demo';

/** Makes the folder of a demo afresh. Returns whether an earlier demo's folder was removed. */
export async function freshFolder(folder: string): Promise<'made' | 'replaced'> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new CliError(`${folder}: ${error.message}`, { cause: error });
  });
  const found = entries !== null && entries.length > 0;
  if (found) await removeEarlier(folder, entries);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, MARKER), `${process.pid}\n`);
  return found ? 'replaced' : 'made';
}

async function removeEarlier(folder: string, entries: readonly string[]): Promise<void> {
  if (!entries.includes(MARKER)) {
    throw new CliError(
      `${folder} was not created by the demo and is left alone; choose another folder with --data`,
    );
  }
  const pid = Number(await readFile(path.join(folder, MARKER), 'utf8'));
  if (isRunning(pid)) {
    throw new CliError(
      `a demo is running in ${folder} (process ${pid}); stop it, or choose another folder with --data`,
    );
  }
  await rm(folder, { recursive: true });
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Says that no process uses the folder any longer. */
export async function releaseFolder(folder: string): Promise<void> {
  await writeFile(path.join(folder, MARKER), '0\n');
}
