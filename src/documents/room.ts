import { statfs } from 'node:fs/promises';
import { ServiceError } from '../errors.ts';

/** Throws INSUFFICIENT_STORAGE when so many bytes more would leave less free than is to be kept. */
export type RequireRoom = (bytes: number) => Promise<void>;

/** Bytes that are free for this process on the disk of `folder`. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Watches that `minFreeBytes` stay free: the store needs room too, to merge what was received and
 * to say that it did.
 */
export function createRoomCheck(freeBytes: () => Promise<number>, minFreeBytes: number): RequireRoom {
  return async (bytes) => {
    if (minFreeBytes === 0) return;
    const free = await freeBytes();
    if (free - bytes >= minFreeBytes) return;
    throw new ServiceError(
      'INSUFFICIENT_STORAGE',
      `${minFreeBytes} bytes of the disk must stay free (minFreeBytes), the file would leave ${Math.max(0, free - bytes)}`,
    );
  };
}
