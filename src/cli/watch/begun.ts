import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../failures.ts';
import { pathIn } from '../files/name.ts';
import { moveFile } from './move-file.ts';

/**
 * A file that was taken to be imported: `.working/ID/NAME`. Its id is the one of this arrival, made
 * when the file was taken: a file with the same content that comes later has another.
 */
export type Begun = { readonly id: string; readonly name: Buffer };

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The folder of a begun file. What is made for it there begins with a dot, as no file does that is
 * taken.
 */
export function workOf(folder: string, { id }: Pick<Begun, 'id'>): string {
  return path.join(folder, '.working', id);
}

export function fileOf(folder: string, begun: Begun): Buffer {
  return pathIn(workOf(folder, begun), begun.name);
}

/** Takes a file; null when it has gone meanwhile. Throws when it cannot be taken. */
export async function begin(folder: string, name: Buffer): Promise<Begun | null> {
  return take(folder, { from: pathIn(folder, name), name });
}

async function take(folder: string, of: { from: Buffer; name: Buffer }): Promise<Begun | null> {
  const begun = { id: randomUUID(), name: of.name };
  const work = workOf(folder, begun);
  await mkdir(work, { recursive: true });
  try {
    await moveFile(of.from, fileOf(folder, begun));
    return begun;
  } catch (error) {
    await rmdir(work).catch(() => undefined);
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The files that an earlier run had begun with, or that somebody put there. */
export async function listBegun(folder: string): Promise<Begun[]> {
  const working = path.join(folder, '.working');
  const found: Begun[] = [];
  for (const entry of await readdir(working, { withFileTypes: true, encoding: 'buffer' })) {
    // declared as a text for whatever encoding
    const name = Buffer.from(entry.name as string | Buffer);
    const id = name.toString('latin1');
    if (entry.isDirectory() && ID.test(id)) {
      const names = await readdir(path.join(working, id), 'buffer');
      const name = names.find((each) => each[0] !== '.'.charCodeAt(0));
      if (name !== undefined) found.push({ id, name });
      // it ended after it had moved the file away, or before it had taken it
      else await rm(path.join(working, id), { recursive: true });
    } else if (entry.isFile() && !id.startsWith('.') && !id.endsWith('.part')) {
      const begun = await take(folder, { from: pathIn(working, name), name });
      if (begun !== null) found.push(begun);
    }
  }
  return found;
}
