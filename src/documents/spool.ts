import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { RequireRoom } from './room.ts';

/** A local file for what has to be whole before it can be read. */
export interface Spool {
  write(source: AsyncIterable<Buffer>): Promise<void>;
  read(): AsyncIterable<Buffer>;
  discard(): Promise<void>;
}

/** How far the file grows between two looks at the room on the disk. */
const ROOM_STEP_BYTES = 4 * 1024 * 1024;

/** A spool in a file that is not there yet. */
export function createSpool(file: string, requireRoom: RequireRoom): Spool {
  return {
    async write(source) {
      const handle = await open(file, 'wx', 0o600);
      try {
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
      } finally {
        await handle.close();
      }
    },
    read: () => createReadStream(file),
    discard: () => rm(file, { force: true }),
  };
}
