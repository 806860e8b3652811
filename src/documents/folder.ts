import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { access, link, mkdir, open, opendir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { endsNextAt, passFaultPoint } from '../fault-points.ts';
import { gather } from '../gather.ts';
import type { Documents, DocumentsToCheck, KeptFolder, ReceivedDocument } from './documents.ts';
import { filesOf, nullIfGone } from './folder-files.ts';
import { createHolds } from './holds.ts';
import { joinParts } from './join-parts.ts';
import {
  ID_NAME,
  isErrorsName,
  isFolderName,
  newErrorsName,
  newFolderName,
  requireFileName,
  requireFolderName,
} from './names.ts';
import { insufficientStorage, type ReceiveSettings, receiveFile } from './receive.ts';
import { createRoomCheck, freeBytesOf } from './room.ts';
import { makeLocalFile, removeUntouched } from './scratch.ts';
import { writeGuarded } from './write-guarded.ts';

/**
 * Opens the documents under `dir`: `incoming/` holds files under way, `kept/FOLDER/` those that are
 * whole, `removed/` those that a hold keeps. Several processes may have it open, on one machine or
 * over a network file system.
 */
export async function openDocumentsFolder(
  dir: string,
  receiving: ReceiveSettings & { readonly minFreeBytes: number },
  freeBytes: () => Promise<number> = () => freeBytesOf(dir),
): Promise<Documents> {
  const incoming = path.join(dir, 'incoming');
  const kept = path.join(dir, 'kept');
  const removed = path.join(dir, 'removed');
  const holds = createHolds({ kept, removed });
  await mkdir(incoming, { recursive: true });
  await mkdir(kept, { recursive: true });
  await access(kept, constants.R_OK | constants.W_OK | constants.X_OK);
  const syncKept = gather<void, void>(async (asked) => {
    await syncFolder(kept);
    return asked;
  }, Number.POSITIVE_INFINITY);
  const folderPath = (folder: string) => path.join(kept, requireFolderName(folder));
  const filePath = (folder: string, name: string) => path.join(folderPath(folder), requireFileName(name));
  const requireRoom = createRoomCheck(freeBytes, receiving.minFreeBytes);

  /**
   * Has a file made in `incoming` and moves it to a new folder; when that fails nothing is left of
   * it.
   */
  async function keepNew<T>(as: 'input' | 'export', write: (file: string) => Promise<T>) {
    const folder = newFolderName();
    const file = path.join(incoming, folder);
    try {
      const written = await write(file);
      await moveDurably({ file, folder: folderPath(folder), as }, syncKept);
      return { folder, written };
    } catch (error) {
      await rm(file, { force: true });
      await rm(folderPath(folder), { recursive: true, force: true });
      throw error;
    }
  }

  return {
    async receive(upload) {
      const { folder, written } = await keepNew('input', (file) =>
        receiveFile(file, upload, { ...receiving, requireRoom, finish: (handle) => handle.sync() }),
      );
      return { folder, ...written } satisfies ReceivedDocument;
    },
    async make(write, bounds) {
      const { folder, written } = await keepNew('export', async (file) => {
        const made = await writeGuarded(file, write, { requireRoom, ...bounds });
        return { made: made.written, bytes: await syncFile(file) };
      });
      return { folder, bytes: written.bytes, written: written.made };
    },
    makeLocal: (write, bounds) => makeLocalFile(incoming, write, { requireRoom, ...bounds }),
    async addErrors(folder, content) {
      await requireRoom(content.length);
      const name = newErrorsName();
      await writePart(filePath(folder, name), content);
      return name;
    },
    async removeOtherErrors(folder, parts) {
      for (const name of (await nullIfGone(readdir(folderPath(folder)))) ?? []) {
        if (!isErrorsName(name)) continue;
        if (!parts.some((part) => part.name === name)) await rm(filePath(folder, name), { force: true });
      }
    },
    open: async (folder, parts) => {
      for (const { name } of parts) requireFileName(name);
      return joinParts(parts, filesOf(folderPath(folder)));
    },
    requireRoom,
    freeBytes,
    hold: holds.hold,
    replace: (folder, name, content) =>
      replaceFile(content, { file: filePath(folder, name), incoming, prefix: `${folder}.${name}.` }),
    async remove(folder) {
      if (await holds.take(folderPath(folder))) return;
      // a file may be replaced at this moment, and then the folder is not empty at once
      await rm(folderPath(folder), { recursive: true, force: true, maxRetries: 3 });
    },
    listFolders: () => listFolders(kept),
    id: () => idOf(dir, incoming),
    isEmpty: async () => (await readdir(kept)).length === 0,
    async sweepUnfinished(before) {
      for (const folder of [incoming, removed]) await removeUntouched(folder, before);
    },
    close: async () => {},
  };
}

/**
 * Puts another file in the place of a kept one; false where there is none. What is made in
 * `incoming` has the file's name as its prefix, so that what a killed process left of it goes when
 * it is replaced after all.
 */
async function replaceFile(
  content: Parameters<Documents['replace']>[2],
  { file, incoming, prefix }: { readonly file: string; readonly incoming: string; readonly prefix: string },
): Promise<boolean> {
  for (const left of await readdir(incoming))
    if (left.startsWith(prefix)) await rm(path.join(incoming, left), { force: true });
  const fresh = path.join(incoming, `${prefix}${randomUUID()}`);
  try {
    await writeSynced(fresh, content);
    // the folder alone may be there: then there is nothing to replace
    await stat(file);
    await rename(fresh, file);
    await syncFolder(path.dirname(file));
    return true;
  } catch (error) {
    await rm(fresh, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** The kept files of a folder, to look at: nothing is changed, and no process is held up. */
export function readDocumentsFolder(dir: string): DocumentsToCheck {
  const kept = path.join(dir, 'kept');
  return {
    hold: async () => ({
      open: (folder, parts) => joinParts(parts, filesOf(path.join(kept, folder))),
      release: async () => {},
    }),
    listFolders: () => listFolders(kept),
  };
}

/**
 * Moves a synced file to where it is kept, durably: a file is not safe before the folders that name
 * it are. `syncKept` syncs the folder of folders, for all uploads that ask at the same time.
 */
async function moveDurably(
  { file, as, folder }: { readonly file: string; readonly as: string; readonly folder: string },
  syncKept: () => Promise<void>,
): Promise<void> {
  try {
    await mkdir(folder);
    await rename(file, path.join(folder, as));
    await syncFolder(folder);
    await syncKept();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? insufficientStorage(error) : error;
  }
}

/**
 * Writes a part of an error file where it is kept: what is left of it in a crash is named by no
 * checkpoint. Syncing a file that was just made syncs its name too, on the file systems that
 * journal.
 */
async function writePart(file: string, content: Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    if (endsNextAt('error-file-half-written')) await handle.write(content, 0, content.length >> 1, 0);
    passFaultPoint('error-file-half-written');
    await handle.appendFile(content);
    await handle.datasync();
  } catch (error) {
    // on a full disk it would take the room that the next try needs
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function writeSynced(file: string, content: AsyncIterable<Buffer>): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      await handle.appendFile(chunk);
      passFaultPoint('erasure-file-half-written');
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file durable that was written elsewhere; resolves to its length. */
async function syncFile(file: string): Promise<number> {
  const handle = await open(file, 'r+');
  try {
    await handle.chmod(0o600);
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A link is made by one process alone, and its file is whole. */
async function idOf(dir: string, incoming: string): Promise<string> {
  const file = path.join(dir, ID_NAME);
  const known = await nullIfGone(readFile(file, 'utf8'));
  if (known !== null) return known.trim();
  const id = randomUUID();
  const fresh = path.join(incoming, id);
  try {
    await writeSynced(
      fresh,
      (async function* () {
        yield Buffer.from(`${id}\n`);
      })(),
    );
    await link(fresh, file);
    await syncFolder(dir);
    return id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(file, 'utf8')).trim();
  } finally {
    await rm(fresh, { force: true });
  }
}

async function* listFolders(kept: string): AsyncGenerator<KeptFolder> {
  for await (const { name } of (await opendir(kept)) as AsyncIterable<Dirent>) {
    if (!isFolderName(name)) continue;
    // one that goes between the two calls is no longer kept
    const found = await nullIfGone(stat(path.join(kept, name)));
    if (found !== null) yield { folder: name, modifiedAt: Math.floor(found.mtimeMs) };
  }
}
