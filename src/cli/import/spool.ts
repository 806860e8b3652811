import { constants, createReadStream, fstatSync, open as openFd } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { CliError, systemCode } from '../failures.ts';

/**
 * What can be read only once is put aside first: an upload may have to be sent again, and its
 * length is told beforehand.
 */

/**
 * The descriptor that a path stands for, as `-`, `/dev/stdin` and `<(…)` do; null for the path of a
 * file.
 */
export function descriptorOf(file: string): number | null {
  if (file === '-' || file === '/dev/stdin') return 0;
  const [, digits] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,6})$/.exec(file) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** Where the bytes of something come from that is no file on disk. */
export async function openStream(file: string, signal: AbortSignal): Promise<Readable> {
  const descriptor = descriptorOf(file);
  if (descriptor === 0) return process.stdin;
  return streamOf(descriptor ?? (await openPipe(file, signal)));
}

/** Opens a named pipe, which takes until somebody writes to it. */
async function openPipe(file: string, signal: AbortSignal): Promise<number> {
  // The open waits in a thread of the process and would keep it from ending: a writer of our own
  // lets it go.
  const release = () =>
    void open(file, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)).then(
      (handle) => handle.close(),
      () => undefined,
    );
  signal.addEventListener('abort', release, { once: true });
  try {
    return await promisify(openFd)(file, 'r');
  } finally {
    signal.removeEventListener('abort', release);
  }
}

/** A read of a pipe by `fs` would wait in a thread too, so that nothing could end it. */
function streamOf(fd: number): Readable {
  const stats = fstatSync(fd);
  if (stats.isFIFO() || stats.isSocket()) return new Socket({ fd, readable: true, writable: false });
  return createReadStream('', { fd });
}

/**
 * Everything that a stream brings, in a temporary file for nobody else. It has no name any more
 * when this resolves, so that it is gone with the process, however that ends.
 */
export async function spool(
  stream: Readable,
  signal: AbortSignal,
): Promise<{ readonly handle: FileHandle; readonly discard: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-import-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  let handle: FileHandle | null = null;
  try {
    handle = await open(path.join(folder, 'input'), 'wx+', 0o600);
    // where an open file cannot be removed, as on Windows, it is when it is closed
    await remove().catch(() => undefined);
    // from where the chunk before it ended
    for await (const chunk of addAbortSignal(signal, stream)) await handle.writeFile(chunk as Buffer);
  } catch (error) {
    await handle?.close();
    await remove();
    if (signal.aborted) throw signal.reason;
    if (systemCode(error) === 'ENOSPC') {
      const text = `${os.tmpdir()} has no space for a temporary copy of the input; set TMPDIR to another folder`;
      throw new CliError(text, { cause: error });
    }
    throw error;
  }
  const spooled = handle;
  return {
    handle: spooled,
    discard: async () => {
      await spooled.close();
      await remove();
    },
  };
}
