import { stat } from 'node:fs/promises';
import type { RequireRoom } from './room.ts';

/** How often a file that is being written is looked at. */
const LOOK_MS = 200;

/** Writes a file under the local path it gets; to be given up at the signal. */
export type WriteFile<T> = (path: string, signal: AbortSignal) => Promise<T>;

/** A file that the service makes has become larger than it may. */
export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError';
}

export type Bounds = {
  readonly requireRoom: RequireRoom;
  readonly maxBytes: number;
  /** Gives it up as well. */
  readonly signal?: AbortSignal | undefined;
};

/**
 * Has a file written, and gives it up when the disk would have less room than is to be kept free,
 * or when the file is longer than it may be. Looked at while it grows: how long it will be is not
 * known before.
 */
export async function writeGuarded<T>(
  file: string,
  write: WriteFile<T>,
  { requireRoom, maxBytes, signal }: Bounds,
): Promise<{ written: T; bytes: number }> {
  const stop = new AbortController();
  const end = () => stop.abort(signal?.reason);
  const sizeNow = async () => (await stat(file).catch(() => null))?.size ?? 0;
  async function check(): Promise<number> {
    await requireRoom(0);
    const bytes = await sizeNow();
    if (bytes > maxBytes)
      throw new FileTooLargeError(`the file may have ${maxBytes} bytes, and would have more`);
    return bytes;
  }

  await check();
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  stop.signal.throwIfAborted();
  const timer = setInterval(() => check().catch((fault: unknown) => stop.abort(fault)), LOOK_MS);
  try {
    const written = await write(file, stop.signal);
    stop.signal.throwIfAborted();
    return { written, bytes: await check() };
  } catch (fault) {
    throw stop.signal.aborted ? stop.signal.reason : fault;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', end);
  }
}
