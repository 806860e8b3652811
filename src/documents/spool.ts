import { type FileHandle, open, rm } from 'node:fs/promises';
import type { RequireRoom } from './room.ts';

/** A local file for what has to be whole before it can be read. */
export interface Spool {
  write(source: AsyncIterable<Buffer>): Promise<void>;
  read(): AsyncIterable<Buffer>;
  /** Of the open file, for another process to read it. */
  descriptor(): number;
  discard(): Promise<void>;
}

/** How far the file grows between two looks at the room on the disk. */
const ROOM_STEP_BYTES = 4 * 1024 * 1024;

/**
 * A spool in a file that is not there yet. The file has no name from the moment it is open:
 * whatever becomes of the process, nothing stays of an upload that may have clear addresses.
 */
export function createSpool(file: string, requireRoom: RequireRoom): Spool {
  let handle: FileHandle | null = null;

  function written(): FileHandle {
    if (handle === null) throw new Error('nothing was written to the spool');
    return handle;
  }

  return {
    async write(source) {
      handle = await open(file, 'wx+', 0o600);
      await rm(file);
      let bytes = 0;
      let roomUntil = ROOM_STEP_BYTES;
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > roomUntil) {
          await requireRoom(chunk.length);
          roomUntil = bytes + ROOM_STEP_BYTES;
        }
        await handle.appendFile(chunk);
      }
    },
    read: () => written().createReadStream({ start: 0, autoClose: false }),
    descriptor: () => written().fd,
    discard: async () => {
      await handle?.close();
      handle = null;
    },
  };
}
