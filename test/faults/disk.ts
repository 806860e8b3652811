import { execFileSync } from 'node:child_process';
import { statfsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { makeFolder } from '../folder.ts';

/** A small disk of its own: a tmpfs, which is full, read-only and larger when it is told to be. */
export type Disk = {
  readonly path: string;
  freeBytes(): number;
  /** Leaves `bytes` free, by a file that takes the rest. */
  fill(bytes: number): void;
  /** Makes it so large; nothing is lost. */
  resize(mib: number): void;
  setAccess(access: 'ro' | 'rw'): void;
  /** What is still to be closed on it when the test ends. */
  beforeUnmount(close: () => Promise<void>): void;
};

/**
 * Mounts a disk for a test; null, and the test skipped with the reason, where that is not allowed.
 */
export async function mountDisk(t: TestContext, mib: number): Promise<Disk | null> {
  const folder = await makeFolder();
  const mount = (...args: string[]) => execFileSync('mount', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    mount('-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', folder);
  } catch (error) {
    t.skip(`a tmpfs cannot be mounted here: ${(error as Error).message.split('\n').join(' ')}`);
    return null;
  }
  const closes: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closes) await close();
    // lazily: a process that is about to end may still have a file open
    execFileSync('umount', ['-l', folder]);
    await rm(folder, { recursive: true, force: true });
  });
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  return {
    path: folder,
    freeBytes,
    fill(bytes) {
      for (let taken = freeBytes() - bytes; taken > 0; taken = freeBytes() - bytes) {
        try {
          writeFileSync(path.join(folder, 'filler'), Buffer.alloc(taken), { flag: 'a' });
        } catch (error) {
          // others write to it too: what was free when it was measured may be theirs by now
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    resize: (size) => void mount('-o', `remount,size=${size}m`, folder),
    beforeUnmount: (close) => void closes.push(close),
    setAccess: (access) => void mount('-o', `remount,${access}`, folder),
  };
}
