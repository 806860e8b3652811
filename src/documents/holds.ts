import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { Documents, DocumentsHold } from './documents.ts';
import { filesOf } from './folder-files.ts';
import { type FilesOfFolder, joinParts } from './join-parts.ts';

type Holds = {
  readonly hold: Documents['hold'];
  /**
   * Takes a folder that is to be removed out of the kept ones, for those who hold it; `false` when
   * nobody does.
   */
  readonly take: (folder: string) => Promise<boolean>;
};

/**
 * Moves folders that are removed while somebody holds the documents to another place, which is
 * emptied when nobody does any more, and after a crash by whoever sweeps. So a file that is about
 * to be read is in one of two places. Each process has a place of its own under `removed`.
 */
export function createHolds({ kept, removed }: { readonly kept: string; readonly removed: string }): Holds {
  const own = path.join(removed, randomUUID());
  let held = 0;
  let emptied: Promise<void> = Promise.resolve();

  async function release(): Promise<void> {
    held -= 1;
    if (held === 0) emptied = empty();
    await emptied;
  }

  async function empty(): Promise<void> {
    await rm(own, { recursive: true, force: true });
    // other processes may have theirs beside it
    await rmdir(removed).catch(() => undefined);
  }

  return {
    hold: async (): Promise<DocumentsHold> => {
      held += 1;
      await emptied;
      await mkdir(own, { recursive: true });
      return {
        open: (folder, parts) =>
          joinParts(parts, eitherOf(filesOf(path.join(kept, folder)), filesOf(path.join(own, folder)))),
        release,
      };
    },
    take: async (folder) => {
      if (held === 0) return false;
      const moved = await rename(folder, path.join(own, path.basename(folder))).then(
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

/** Files that are moved from one place to the other at any time. */
function eitherOf(one: FilesOfFolder, other: FilesOfFolder): FilesOfFolder {
  return {
    open: async (name) => (await one.open(name)) ?? other.open(name),
    facts: async (names) => {
      const found = await one.facts(names);
      if (found.size === names.length) return found;
      return new Map([...found, ...(await other.facts(names.filter((name) => !found.has(name))))]);
    },
  };
}
