import type { FileReader } from '../../model/file-reader.ts';

/**
 * How much is asked for at a time. Not one request for the whole: a merge may take longer than a
 * connection may stand still, and of a request that broke off no more than this has to be asked for
 * again.
 */
export const WINDOW_BYTES = 4 * 1024 * 1024;

/** Gets the bytes from `start` up to, not including, `end`: all of them or a fault. */
export type FetchRange = (start: number, end: number) => Promise<Buffer>;

/**
 * Reads a remote file by position, a window at a time; while one is read the next is fetched. Holds
 * three windows at most: the one before too, since readers go back a little where a chunk ends
 * within a block.
 */
export function readWindows(bytes: number, fetchRange: FetchRange): Pick<FileReader, 'read' | 'close'> {
  const windows = new Map<number, Promise<Buffer>>();

  function get(index: number): Promise<Buffer> {
    const known = windows.get(index);
    if (known !== undefined) return known;
    const start = index * WINDOW_BYTES;
    const fetching = fetchRange(start, Math.min(bytes, start + WINDOW_BYTES));
    windows.set(index, fetching);
    // what failed is fetched again by the next read; nobody may be waiting for it yet
    fetching.catch(() => windows.get(index) === fetching && windows.delete(index));
    return fetching;
  }

  let last = -1;
  return {
    async read(position, length) {
      if (position >= bytes || length <= 0) return Buffer.alloc(0);
      const index = Math.floor(position / WINDOW_BYTES);
      const fetching = get(index);
      for (const other of windows.keys()) if (Math.abs(other - index) > 1) windows.delete(other);
      const window = await fetching;
      // not for who reads a single place
      if (last >= 0 && index === last && (index + 1) * WINDOW_BYTES < bytes) void get(index + 1);
      last = index;
      const from = position - index * WINDOW_BYTES;
      return window.subarray(from, from + length);
    },
    close: async () => windows.clear(),
  };
}
