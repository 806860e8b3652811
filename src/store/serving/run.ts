import { close, closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { KeyFilter } from './key-filter.ts';
import {
  BLOCK_HEADER,
  blockSeed,
  decodeFooter,
  INDEX_ENTRY,
  PAGE,
  RunDamagedError,
  type RunFooter,
  runSeed,
  TAIL,
} from './run-format.ts';
import type { RunKey } from './run-key.ts';
import { type RecordAt, recordBytes } from './run-record.ts';

const readAsync = promisify(read);

/** More than any footer has. */
const MOST_FOOTER_BYTES = 4096;

/** Where the bytes of a run are. */
export type RunSource = { readonly file: string } | { readonly content: Buffer };

type OpenSource = { readonly fd: number } | { readonly content: Buffer };

/**
 * A run that is read: index and filter in memory, blocks from the file, whose pages the system
 * caches. A small run lies in memory as a whole. Whatever is not as it was written is a
 * `RunDamagedError`, when it is opened or when it is read.
 */
export class Run {
  readonly footer: RunFooter;
  readonly bytes: number;
  readonly source: OpenSource;
  readonly #seed: number;
  readonly #firsts: Float64Array;
  readonly #pages: Uint32Array;
  readonly #filter: KeyFilter;
  #readers = 0;
  #isClosed = false;

  private constructor(footer: RunFooter, bytes: number, source: OpenSource, tables: Buffer) {
    this.footer = footer;
    this.bytes = bytes;
    this.source = source;
    this.#seed = runSeed(footer.id);
    if (crc32(tables, this.#seed) !== footer.checksum)
      throw new RunDamagedError('its index or its filter is not what was written');
    this.#firsts = new Float64Array(footer.blocks);
    this.#pages = new Uint32Array(footer.blocks + 1);
    for (let i = 0; i < footer.blocks; i++) {
      const at = i * INDEX_ENTRY;
      this.#firsts[i] = prefix(tables.readUInt32BE(at), tables.readUInt32BE(at + 4));
      this.#pages[i] = tables.readUInt32LE(at + 8);
    }
    this.#pages[footer.blocks] = Math.ceil(footer.index / PAGE);
    this.#filter = KeyFilter.from(tables.subarray(footer.filter - footer.index));
  }

  /**
   * Opens a run of a known id and length; throws `RunDamagedError` when it is another, or not
   * whole.
   */
  static open(of: { id: string; bytes: number } & RunSource): Run {
    if ('content' in of) return Run.#of(of, { content: of.content }, of.content.length);
    let fd: number;
    try {
      fd = openSync(of.file, 'r');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // which says nothing of the file
      if (code === 'EMFILE' || code === 'ENFILE') throw error;
      throw new RunDamagedError(code === 'ENOENT' ? 'its file is gone' : 'its file cannot be read', {
        cause: error,
      });
    }
    try {
      return Run.#of(of, { fd }, fstatSync(fd).size);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  static #of(of: { id: string; bytes: number }, source: OpenSource, length: number): Run {
    if (length !== of.bytes) throw new RunDamagedError(`it has ${length} bytes of ${of.bytes}`);
    const end = readFrom(source, Math.max(0, length - MOST_FOOTER_BYTES), length);
    const footer = decodeFooter(end);
    if (footer.id !== of.id) throw new RunDamagedError('it is another run');
    const tablesEnd = length - TAIL - Buffer.byteLength(JSON.stringify(footer));
    return new Run(footer, length, source, readFrom(source, footer.index, tablesEnd));
  }

  /** Bytes of memory that it takes. */
  get memoryBytes(): number {
    const content = 'content' in this.source ? this.source.content.length : 0;
    return content + this.#firsts.byteLength + this.#pages.byteLength + this.#filter.bytes.length;
  }

  get inMemory(): boolean {
    return 'content' in this.source;
  }

  get blocks(): number {
    return this.footer.blocks;
  }

  /** The block that may have the record of a key; -1 where the run surely has none. */
  blockOf(key: RunKey): number {
    if (!this.#filter.mayHave(key)) return -1;
    const wanted = prefix(key[0], key[1]);
    let low = 0;
    let high = this.#firsts.length;
    // the first block that begins behind it
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#firsts[middle] ?? 0) <= wanted) low = middle + 1;
      else high = middle;
    }
    // two keys that share 53 bits may lie on both sides of where a block begins
    let block = low - 1;
    while (block > 0 && this.#firsts[block] === wanted) block--;
    return block;
  }

  /** Whether a key that is not in the block may be in the one behind it. */
  mayGoOn(block: number, key: RunKey): boolean {
    return block + 1 < this.blocks && this.#firsts[block + 1] === prefix(key[0], key[1]);
  }

  /**
   * The bytes of a block; in `scratch`, where they have room there, and then good until it is used
   * again.
   */
  readBlock(block: number, scratch: Buffer | null = null): Buffer {
    const { start, end } = this.#place(block);
    return this.#checked(readFrom(this.source, start, end, scratch), start);
  }

  /**
   * As `readBlock`, on another thread: for pages that the system may have to fetch from a slow
   * disk.
   */
  async readBlockAside(block: number): Promise<Buffer> {
    const { start, end } = this.#place(block);
    if ('content' in this.source) return this.readBlock(block);
    const bytes = Buffer.allocUnsafe(end - start);
    const { bytesRead } = await readAsync(this.source.fd, bytes, 0, bytes.length, start).catch(unreadable);
    if (bytesRead !== bytes.length) throw new RunDamagedError('it ends too early');
    return this.#checked(bytes, start);
  }

  /** Keeps the file open until `release`, for those who read it in several steps. */
  retain(): void {
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    if (this.#isClosed) this.close();
  }

  /**
   * Lets go of the file as soon as nobody reads it any more, on another thread: the last close of a
   * file that was removed gives its room back, which takes 25 ms for 80 MB.
   */
  close(): void {
    this.#isClosed = true;
    if ('fd' in this.source && this.#readers === 0) close(this.source.fd, () => undefined);
  }

  #place(block: number): { start: number; end: number } {
    const start = (this.#pages[block] ?? 0) * PAGE;
    const end = Math.min((this.#pages[block + 1] ?? 0) * PAGE, this.footer.index);
    return { start, end };
  }

  #checked(bytes: Buffer, start: number): Buffer {
    const checksum = crc32(bytes.subarray(4), blockSeed(this.#seed, start / PAGE));
    if (checksum !== bytes.readUInt32LE(0)) throw new RunDamagedError('a block is not what was written');
    return bytes;
  }
}

/** The record of a key in a block, or null. */
export function findRecord(bytes: Buffer, [k0, k1, k2, k3]: RunKey): RecordAt | null {
  const end = bytes.readUInt32LE(4);
  let start = BLOCK_HEADER;
  while (start < end) {
    const next = start + recordBytes(bytes, start);
    const first = bytes.readUInt32BE(start);
    if (first > k0) return null;
    if (
      first === k0 &&
      bytes.readUInt32BE(start + 4) === k1 &&
      bytes.readUInt32BE(start + 8) === k2 &&
      bytes.readUInt32BE(start + 12) === k3
    )
      return { bytes, start, end: next };
    start = next;
  }
  return null;
}

/** The records of a block, in their order. */
export function* recordsOf(bytes: Buffer): Generator<RecordAt> {
  const end = bytes.readUInt32LE(4);
  let start = BLOCK_HEADER;
  while (start < end) {
    const next = start + recordBytes(bytes, start);
    yield { bytes, start, end: next };
    start = next;
  }
}

function readFrom(source: OpenSource, start: number, end: number, scratch: Buffer | null = null): Buffer {
  if ('content' in source) return source.content.subarray(start, end);
  const length = end - start;
  const bytes =
    scratch !== null && length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  let bytesRead: number;
  try {
    bytesRead = readSync(source.fd, bytes, 0, bytes.length, start);
  } catch (error) {
    return unreadable(error);
  }
  if (bytesRead !== bytes.length) throw new RunDamagedError('it ends too early');
  return bytes;
}

/** A disk that cannot give a block back is as good as one that gives another one. */
function unreadable(cause: unknown): never {
  throw new RunDamagedError('it cannot be read', { cause });
}

/** The first 53 bits of a key, which a number holds. */
function prefix(k0: number, k1: number): number {
  return k0 * 2 ** 21 + (k1 >>> 11);
}
