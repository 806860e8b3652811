import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { FileReader } from '../model/file-reader.ts';
import type { FileFacts, FilesOfFolder } from './join-parts.ts';

type Stats = { readonly size: number; readonly mtimeMs: number };

/** The files of a folder on the disk. */
export function filesOf(folder: string): FilesOfFolder {
  return {
    open: (name) => openFile(path.join(folder, name)),
    facts: async (names) => {
      const facts = new Map<string, FileFacts>();
      for (const name of names) {
        const found = await nullIfGone(stat(path.join(folder, name)));
        if (found !== null) facts.set(name, factsOf(found));
      }
      return facts;
    },
  };
}

/** Opens a file to read it; null when there is none. */
async function openFile(file: string): Promise<(FileReader & FileFacts) | null> {
  const handle = await nullIfGone(open(file, 'r'));
  if (handle === null) return null;
  try {
    return { ...factsOf(await handle.stat()), ...readerOf(handle) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function readerOf(handle: FileHandle): Pick<FileReader, 'read' | 'close'> {
  return {
    async read(position, length) {
      // a block for each read: readers keep the end of the one before
      const block = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(block, 0, length, position);
      return block.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}

/** As web servers make them: a file that is replaced has another size or time. */
function factsOf({ size, mtimeMs }: Stats): FileFacts {
  const modifiedAt = Math.floor(mtimeMs);
  return { bytes: size, modifiedAt, etag: `W/"${size.toString(16)}-${modifiedAt.toString(16)}"` };
}

/** What an operation on a file gives, or null when there is no such file. */
export function nullIfGone<T>(operation: Promise<T>): Promise<T | null> {
  return operation.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
}
