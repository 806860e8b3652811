import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { SeenFile, SourceLocation } from '../model/source.ts';
import { unfitName } from './file-names.ts';
import type { Destination, ListedFile, Opening, OpenSource, Reading } from './source-driver.ts';
import { SourceError } from './source-error.ts';

const READ_BYTES = 256 * 1024;

type Local = Extract<SourceLocation, { kind: 'LOCAL' }>;

/**
 * What is wrong with a folder of a datamart, in words; null when nothing is. `{datamart}` in a
 * folder that is allowed stands for the id of the datamart, so that each has its own.
 */
export function wrongFolder(
  folder: string,
  { folders, datamartId }: { readonly folders: readonly string[]; readonly datamartId: string },
): string | null {
  if (folders.length === 0)
    return 'this service takes files from no folder: its configuration must name some (sourceFolders)';
  if (!path.isAbsolute(folder) || path.normalize(folder) !== folder || folder.includes('\0'))
    return 'folder must be an absolute path without . and ..';
  const isAllowed = folders.some((one) => isWithin(folder, one.replaceAll('{datamart}', datamartId)));
  // what else there is, is not told
  return isAllowed ? null : 'folder must lie in one that the configuration allows (sourceFolders)';
}

function isWithin(folder: string, root: string): boolean {
  const relative = path.relative(root, folder);
  return relative === '' || (!/^\.\.(\/|$)/.test(relative) && !path.isAbsolute(relative));
}

/**
 * A folder of this machine. Files that lie in it are taken, links are not; and neither a link above
 * it, nor one that comes while it is open, leads out of the folders that are allowed.
 */
export async function openLocal({ folder }: Local, opening: Opening): Promise<OpenSource> {
  const wrong = wrongFolder(folder, opening);
  if (wrong !== null) throw new SourceError(wrong);
  const real = await told('the folder', () => realpath(folder));
  const roots = await Promise.all(
    opening.folders.map((one) =>
      realpath(one.replaceAll('{datamart}', opening.datamartId)).catch(() => null),
    ),
  );
  const isAllowed = (place: string) => roots.some((root) => root !== null && isWithin(place, root));
  if (!isAllowed(real))
    throw new SourceError('the folder is a link that leads out of those that are allowed');
  const pathOf = (name: string) => path.join(real, name);

  async function lookAt(name: string): Promise<{ file: SeenFile; stats: BigIntStats } | null> {
    const stats = await nullIfGone(() => lstat(pathOf(name), { bigint: true }));
    return stats === null ? null : { file: seen(name, stats), stats };
  }

  /** Whether what is there is still the file, and a file. */
  async function isStill(file: SeenFile): Promise<boolean> {
    const now = await lookAt(file.name);
    if (now === null || !now.stats.isFile()) return false;
    return now.file.etag === file.etag && now.file.bytes === file.bytes;
  }

  return {
    async *list(): AsyncGenerator<ListedFile> {
      for await (const { name } of await told('the folder', () => opendir(real))) {
        opening.signal.throwIfAborted();
        const found = await lookAt(name);
        if (found === null || found.stats.isDirectory()) continue;
        yield { ...found.file, unfit: unfitName(name) ?? unfitKind(found.stats) };
      }
    },
    async stateOf({ name }) {
      const found = await lookAt(name);
      if (found === null) return { waitsFor: 'it is gone' };
      // the time of its last change of any kind cannot be set back
      const { mtimeMs, ctimeMs } = found.stats;
      const changedAt = Math.max(Number(mtimeMs), Number(ctimeMs));
      return opening.clock() - changedAt >= opening.settleMs ? 'WHOLE' : 'UNSURE';
    },
    look: async (name) => (await lookAt(name))?.file ?? null,
    read: (file) => readLocal(pathOf(file.name), file, isAllowed),
    async move(file, to) {
      if (!(await isStill(file))) return;
      const place = await placeFor(real, file.name, { to, isAllowed });
      await told('the file', () => rename(pathOf(file.name), place));
    },
    async remove(file) {
      if (await isStill(file)) await told('the file', () => rm(pathOf(file.name)));
    },
    close: async () => undefined,
  };
}

function seen(name: string, { size, ino, mtimeNs, mtimeMs }: BigIntStats): SeenFile {
  const etag = `${ino.toString(16)}-${mtimeNs.toString(16)}`;
  return { name, bytes: Number(size), etag, modifiedTs: Math.max(0, Number(mtimeMs)) };
}

function unfitKind(stats: BigIntStats): string | null {
  if (stats.isFile()) return null;
  return stats.isSymbolicLink() ? 'it is a link, and links are not followed' : 'it is no file';
}

async function readLocal(
  place: string,
  file: SeenFile,
  isAllowed: (place: string) => boolean,
): Promise<Reading> {
  // neither a link nor a pipe is waited for
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await told('the file', () => open(place, flags));
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new SourceError('it is no file any more');
    // a folder above it may have become a link since it was listed
    if (!isAllowed(await placeOf(handle, place)))
      throw new SourceError('it lies outside of the folders that are allowed');
    const { etag, bytes } = seen(file.name, stats);
    const isFirst = etag === file.etag && bytes === file.bytes;
    return {
      stream: Readable.from(bytesOf(handle), { objectMode: false }),
      contentEncoding: null,
      isUnchanged: async () => {
        const now = seen(file.name, await handle.stat({ bigint: true }));
        return isFirst && now.etag === etag && now.bytes === bytes;
      },
      close: () => handle.close(),
    };
  } catch (fault) {
    await handle.close();
    throw fault;
  }
}

/** Not the stream of the handle: that closes it when it is over, and it is looked at once more. */
async function* bytesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Where an open file lies, without links. */
async function placeOf(handle: FileHandle, place: string): Promise<string> {
  if (process.platform === 'linux') return realpath(`/proc/self/fd/${handle.fd}`);
  return realpath(place);
}

/** A name in the folder of files that were taken, which is made where it is not there. */
async function placeFor(
  folder: string,
  name: string,
  { to, isAllowed }: { readonly to: Destination; readonly isAllowed: (place: string) => boolean },
): Promise<string> {
  const taken = path.join(folder, to.folder);
  await told('the folder of files that were taken', () => mkdir(taken, { recursive: true, mode: 0o770 }));
  const real = await realpath(taken);
  if (!isAllowed(real))
    throw new SourceError('the folder of files that were taken leads out of those that are allowed');
  return path.join(real, `${to.prefix}${name}`);
}

async function nullIfGone<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fault;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read by the service',
  EPERM: 'may not be used by the service',
  ENOTDIR: 'is no folder',
  ELOOP: 'is a link',
};

async function told<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new SourceError(`${what} ${REASONS[code] ?? `cannot be used: ${code}`}`, { cause });
  }
}
