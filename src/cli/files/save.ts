import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, link, lstat, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CliError, systemCode } from '../failures.ts';
import { pathIn, shown, withSuffix } from './name.ts';

/** What is to be saved: bytes on their way, and the names it may get, in their order. */
export type Saving = {
  readonly content: AsyncIterable<Uint8Array>;
  readonly folder: string | Buffer;
  /** The name for the first try, the second and so on. */
  readonly nameAt: (n: number) => Buffer;
  /** Whether a file that is there and says something else may be replaced. */
  readonly mayReplace: (file: Buffer) => Promise<boolean>;
};

/**
 * Saves a file, complete or not at all, under the first name that is free, whose file has the same
 * content already, or whose file may be replaced. Resolves to where it is. What another process
 * writes under that name meanwhile is not lost either.
 */
export async function saveNew({ content, folder, nameAt, mayReplace }: Saving): Promise<Buffer> {
  const mark = `.${randomBytes(6).toString('hex')}.part`;
  const partial = pathIn(folder, Buffer.concat([Buffer.from('.'), withSuffix(nameAt(1), mark, 254)]));
  try {
    await pipeline(content, createWriteStream(partial, { flags: 'wx' })).catch((error: unknown) => {
      throw unlessUnusable(error, folder);
    });
    for (let n = 1; ; n++) {
      const file = pathIn(folder, nameAt(n));
      if (await placeNew(partial, file)) return file;
      if (await haveSameContent(partial, file)) return file;
      if (await mayReplace(file)) {
        await rename(partial, file);
        return file;
      }
    }
  } finally {
    // what became of the file is told, not that nothing was there to remove
    await rm(partial, { force: true }).catch(() => undefined);
  }
}

const WHY_UNUSABLE: Readonly<Record<string, string>> = {
  ENOENT: 'no such folder',
  ENOTDIR: 'expected a folder, got something else',
  EACCES: 'nothing may be written to this folder (permission denied)',
  EPERM: 'nothing may be written to this folder (permission denied)',
  EROFS: 'nothing can be written to this folder (read-only)',
};

/**
 * The error of a folder that takes no file, in words and without the name that the file has for the
 * moment.
 */
export function unlessUnusable(error: unknown, folder: string | Buffer): unknown {
  const isOfSystem = error instanceof Error && 'syscall' in error && error.syscall === 'open';
  const why = isOfSystem ? WHY_UNUSABLE[systemCode(error) ?? ''] : undefined;
  return why === undefined ? error : new CliError(`${shown(folder)}: ${why}`, { cause: error });
}

/** Gives a file a name that no other has; `false` when one has it. The old name stays. */
export async function placeNew(from: Buffer, to: Buffer): Promise<boolean> {
  try {
    await link(from, to).catch(async (error: unknown) => {
      if (systemCode(error) === 'EEXIST') throw error;
      // a file system without hard links
      await copyFile(from, to, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether two files have the same bytes; what is no file has none. */
async function haveSameContent(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other).catch(() => null)]);
  if (!a.isFile() || !b?.isFile() || a.size !== b.size) return false;
  return (await digestOf(createReadStream(one))) === (await digestOf(createReadStream(other)));
}

/** A digest of all the bytes that come. */
export async function digestOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}

/** Whether something is there that is written to as it is, such as `/dev/null`. */
export async function isNoFile(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && !found.isFile();
}
