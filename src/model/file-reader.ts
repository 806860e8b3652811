/**
 * A file that is read by position, wherever it is kept. Reading on from where the last read ended
 * is quick.
 */
export interface FileReader {
  readonly bytes: number;
  /**
   * Bytes from `position` on, at least one and at most `length`; none at the end of the file.
   * Throws when the file has changed or is gone.
   */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** How much is read at a time where a file is passed on. */
const BLOCK_BYTES = 256 * 1024;

/** The bytes of a file from `start` up to, not including, `end`, block by block; it stays open. */
export async function* contentOf(
  file: Pick<FileReader, 'read' | 'bytes'>,
  { start = 0, end = file.bytes }: { readonly start?: number; readonly end?: number } = {},
): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    const block = await file.read(at, Math.min(BLOCK_BYTES, end - at));
    if (block.length === 0) throw new Error(`the file ended at byte ${at}, expected ${end}`);
    at += block.length;
    yield block;
  }
}
