import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Documents, DocumentsHold } from './documents.ts';

type Holds = {
  readonly hold: Documents['hold'];
  /** Takes a folder that is to be removed out of the kept ones, for those who hold it; `false` when nobody does. */
  readonly take: (folder: string) => Promise<boolean>;
};

/**
 * Moves folders that are removed while somebody holds the documents to another place, which is emptied when nobody does any
 * more, and by the next process after a crash. So a file that is about to be read is in one of two places.
 */
export function createHolds({ kept, removed }: { readonly kept: string; readonly removed: string }): Holds {
  let held = 0;
  let emptied: Promise<void> = Promise.resolve();

  async function release(): Promise<void> {
    held -= 1;
    if (held === 0) emptied = rm(removed, { recursive: true, force: true });
    await emptied;
  }

  return {
    hold: async (): Promise<DocumentsHold> => {
      held += 1;
      await emptied;
      await mkdir(removed, { recursive: true });
      return {
        open: async (folder, file) =>
          (await openIfThere(path.join(kept, folder, file))) ??
          (await openIfThere(path.join(removed, folder, file))),
        release,
      };
    },
    take: async (folder) => {
      if (held === 0) return false;
      const moved = await rename(folder, path.join(removed, path.basename(folder))).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          // the folder is gone already, or the last hold has just been released
          if (error.code !== 'ENOENT') throw error;
          return false;
        },
      );
      return moved;
    },
  };
}

/** Opens a file to read it; null when there is none. */
export async function openIfThere(file: string): Promise<FileHandle | null> {
  return open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
}
