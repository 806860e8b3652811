import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { passFaultPoint } from '../fault-points.ts';
import { gather } from '../gather.ts';
import type { DocumentFile, Documents, DocumentsToCheck, KeptFolder, ReceivedDocument } from './documents.ts';
import { createHolds, openIfThere } from './holds.ts';
import { insufficientStorage, type ReceiveLimits, receiveFile } from './receive.ts';
import { createRoomCheck, freeBytesOf } from './room.ts';

/** What `randomUUID` makes; nothing else is ever joined to a path. */
const FOLDER_NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Opens the documents under `dir`: `incoming/` holds uploads under way, `kept/FOLDER/` files that are whole, `removed/`
 * those that a hold keeps. What an earlier process left in `incoming/` and `removed/` is removed; a folder of documents belongs to one process at a time.
 */
export async function openDocumentsFolder(
  dir: string,
  limits: ReceiveLimits & { readonly minFreeBytes: number },
  freeBytes: () => Promise<number> = () => freeBytesOf(dir),
): Promise<Documents> {
  const incoming = path.join(dir, 'incoming');
  const kept = path.join(dir, 'kept');
  const removed = path.join(dir, 'removed');
  const holds = createHolds({ kept, removed });
  await rm(incoming, { recursive: true, force: true });
  await rm(removed, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true });
  await mkdir(kept, { recursive: true });
  // made anew just now, so that the clock that stamps folders says when that was
  const openedAt = modifiedAt(await stat(incoming));
  const syncKept = gather<void, void>(async (asked) => {
    await syncFolder(kept);
    return asked;
  }, Number.POSITIVE_INFINITY);

  const folderPath = (folder: string): string => {
    if (!FOLDER_NAME.test(folder)) throw new Error('the name of a documents folder must be a UUID');
    return path.join(kept, folder);
  };

  const requireRoom = createRoomCheck(freeBytes, limits.minFreeBytes);

  return {
    openedAt,
    async receive(upload) {
      const folder = randomUUID();
      const file = path.join(incoming, folder);
      try {
        const measured = await receiveFile(file, upload, { ...limits, requireRoom });
        await keep({ file, as: 'input', folder: folderPath(folder) }, syncKept);
        return { folder, ...measured } satisfies ReceivedDocument;
      } catch (error) {
        await rm(file, { force: true });
        await rm(folderPath(folder), { recursive: true, force: true });
        throw error;
      }
    },
    async make(write) {
      const folder = randomUUID();
      const file = path.join(incoming, folder);
      try {
        await requireRoom(0);
        const written = await write(file);
        const bytes = await syncFile(file);
        await keep({ file, as: 'export', folder: folderPath(folder) }, syncKept);
        return { folder, bytes, written };
      } catch (error) {
        await rm(file, { force: true });
        await rm(folderPath(folder), { recursive: true, force: true });
        throw error;
      }
    },
    requireRoom,
    freeBytes,
    hold: holds.hold,
    path: (folder: string, file: DocumentFile) => path.join(folderPath(folder), file),
    async replace(folder, file, content) {
      const fresh = path.join(incoming, randomUUID());
      try {
        await writeSynced(fresh, content);
        await rename(fresh, path.join(folderPath(folder), file));
        await syncFolder(folderPath(folder));
        return true;
      } catch (error) {
        await rm(fresh, { force: true });
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
    },
    async remove(folder) {
      if (await holds.take(folderPath(folder))) return;
      // a file may be replaced at this moment, and then the folder is not empty at once
      await rm(folderPath(folder), { recursive: true, force: true, maxRetries: 3 });
    },
    listFolders: () => listFolders(kept),
  };
}

/**
 * Moves a synced file to where it is kept, durably: a file is not safe before the folders that name it are. `syncKept`
 * syncs the folder of folders, for all uploads that ask at the same time.
 */
async function keep(
  { file, as, folder }: { readonly file: string; readonly as: DocumentFile; readonly folder: string },
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

async function listFolders(kept: string): Promise<readonly KeptFolder[]> {
  const folders: KeptFolder[] = [];
  for (const folder of await readdir(kept)) {
    if (!FOLDER_NAME.test(folder)) continue;
    // One that goes between the two calls is no longer kept.
    const found = await stat(path.join(kept, folder)).catch(() => null);
    if (found !== null) folders.push({ folder, modifiedAt: modifiedAt(found) });
  }
  return folders;
}

function modifiedAt({ mtimeMs }: Stats): number {
  return Math.floor(mtimeMs);
}

/** The kept files of a data folder that no process serves: to look at, nothing is changed. */
export function readDocumentsFolder(dir: string): DocumentsToCheck {
  const kept = path.join(dir, 'kept');
  return {
    hold: async () => ({
      open: (folder, file) => openIfThere(path.join(kept, folder, file)),
      release: async () => {},
    }),
    listFolders: () => listFolders(kept),
  };
}
