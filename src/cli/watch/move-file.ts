import { constants } from 'node:fs';
import { copyFile, lstat, open, readlink, rename, rm, symlink } from 'node:fs/promises';
import { systemCode } from '../failures.ts';
import { folderOf, nameOf, pathIn, withSuffix } from '../files/name.ts';

/**
 * Moves a file, or a link, under a name that is free; also to another file system, where it is
 * there whole or not at all.
 */
export async function moveFile(from: Buffer, to: Buffer): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    await copyAcross(from, to);
    await rm(from);
  }
}

async function copyAcross(from: Buffer, to: Buffer): Promise<void> {
  if ((await lstat(from)).isSymbolicLink()) return symlink(await readlink(from, 'buffer'), to);
  const partial = pathIn(
    folderOf(to),
    Buffer.concat([Buffer.from('.'), withSuffix(nameOf(to), '.part', 254)]),
  );
  try {
    await rm(partial, { force: true });
    await copyFile(from, partial, constants.COPYFILE_EXCL);
    await persist(partial);
    await rename(partial, to);
  } finally {
    await rm(partial, { force: true });
  }
}

/** The original is removed next: a machine that stops then must not have lost both. */
async function persist(file: Buffer): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
