import { ServiceError } from '../errors.ts';

/** What the reference decoder takes without being asked for more (`zstd --long=27`). */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;
const MAX_BLOCK_BYTES = 128 * 1024;
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** The kind of a block whose content is not known from its header. */
const COMPRESSED = 2;
const MIN_WINDOW_LOG = 10;

/**
 * One block of a zstd stream: `bytes` begin with the frame's header when it is the frame's first.
 */
export type ZstdBlock = {
  readonly bytes: Buffer;
  readonly position: 'FIRST' | 'INNER' | 'LAST' | 'ONLY';
};

type Expected =
  | { readonly type: 'FRAME' }
  | { readonly type: 'SKIPPED'; readonly left: number }
  | { readonly type: 'BLOCK'; readonly header: Buffer | null; readonly frame: Frame };

type Frame = {
  readonly checksumBytes: number;
  /** What its header asks for, and at most what comes of its blocks so far. */
  readonly windowBytes: number;
  readonly isSingleSegment: boolean;
  contentBytes: number;
};

/** Refuses a compressed body; the text ends with why. */
export function invalidCompression(encoding: string, why: string, cause?: unknown): ServiceError {
  return new ServiceError('INVALID_COMPRESSION', `the body must be a whole ${encoding} stream: ${why}`, {
    cause,
  });
}

/**
 * Cuts a zstd stream (RFC 8878) into blocks without decoding them. A block holds at most 128 KiB,
 * packed or not, so a decoder that is fed one at a time cannot be made to produce more than that
 * between two looks at the limit; the window, which a frame's header may ask for, is refused before
 * anything is allocated for it.
 */
export class ZstdFrames {
  #pending: Buffer = Buffer.alloc(0);
  #expected: Expected = { type: 'FRAME' };
  readonly #mostWindowBytes: number;
  #windowBytes = 0;

  /**
   * `mostWindowBytes`: the largest window that a decoder is told of, where it is known that no
   * frame refers further back. Encoders that do not know how much will come ask for far more, and
   * decoders allocate and move what is asked for.
   */
  constructor(mostWindowBytes: number = MAX_WINDOW_BYTES) {
    this.#mostWindowBytes = mostWindowBytes;
  }

  /** The largest window that a frame has needed so far: never more than came of its blocks. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Checks how the stream is made, and finds its windows, without its blocks. */
  follow(chunk: Buffer): void {
    const blocks = this.push(chunk);
    while (!blocks.next().done);
  }

  /** The blocks that are complete with `chunk`. */
  *push(chunk: Buffer): Generator<ZstdBlock> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const expected = this.#expected;
      if (expected.type === 'FRAME') {
        if (!this.#openFrame()) return;
      } else if (expected.type === 'SKIPPED') {
        const skipped = this.#take(Math.min(expected.left, this.#pending.length));
        const left = expected.left - skipped.length;
        this.#expected = left > 0 ? { type: 'SKIPPED', left } : { type: 'FRAME' };
        if (left > 0) return;
      } else {
        const block = this.#takeBlock(expected);
        if (block === null) return;
        yield block;
      }
    }
  }

  /** Throws when the stream cannot end here. */
  end(): void {
    if (this.#expected.type !== 'FRAME' || this.#pending.length > 0)
      throw invalidCompression('zstd', 'it ends early');
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }

  /** Reads the header of the next frame; false when more bytes are needed. */
  #openFrame(): boolean {
    if (this.#pending.length < 5) return false;
    const magic = this.#pending.readUInt32LE(0);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      if (this.#pending.length < 8) return false;
      const left = this.#pending.readUInt32LE(4);
      this.#take(8);
      this.#expected = left > 0 ? { type: 'SKIPPED', left } : { type: 'FRAME' };
      return true;
    }
    if (magic !== MAGIC) throw invalidCompression('zstd', 'a frame must begin with 28 b5 2f fd');
    const descriptor = this.#pending.readUInt8(4);
    const layout = readDescriptor(descriptor);
    if (this.#pending.length < layout.headerBytes) return false;
    const header = Buffer.from(this.#take(layout.headerBytes));
    const window = windowBytes(header, layout);
    if (window > MAX_WINDOW_BYTES)
      throw invalidCompression('zstd', `its window must be at most ${MAX_WINDOW_BYTES} bytes`);
    const { checksumBytes, isSingleSegment } = layout;
    if (!isSingleSegment && this.#mostWindowBytes < window) setWindow(header, this.#mostWindowBytes);
    const frame = { checksumBytes, isSingleSegment, windowBytes: window, contentBytes: 0 };
    this.#expected = { type: 'BLOCK', header, frame };
    return true;
  }

  #takeBlock(expected: Extract<Expected, { type: 'BLOCK' }>): ZstdBlock | null {
    if (this.#pending.length < BLOCK_HEADER_BYTES) return null;
    const blockHeader = this.#pending.readUIntLE(0, BLOCK_HEADER_BYTES);
    const isLast = (blockHeader & 1) === 1;
    const kind = (blockHeader >> 1) & 3;
    const size = blockHeader >> 3;
    if (kind === 3 || size > MAX_BLOCK_BYTES)
      throw invalidCompression('zstd', 'a block has an invalid header');
    const packed = kind === 1 ? 1 : size;
    const { frame } = expected;
    const length = BLOCK_HEADER_BYTES + packed + (isLast ? frame.checksumBytes : 0);
    if (this.#pending.length < length) return null;
    const bytes = this.#take(length);
    frame.contentBytes += kind === COMPRESSED ? MAX_BLOCK_BYTES : size;
    if (isLast) this.#windowBytes = Math.max(this.#windowBytes, neededWindow(frame));
    this.#expected = isLast ? { type: 'FRAME' } : { type: 'BLOCK', header: null, frame };
    if (expected.header === null) return { bytes, position: isLast ? 'LAST' : 'INNER' };
    return { bytes: Buffer.concat([expected.header, bytes]), position: isLast ? 'ONLY' : 'FIRST' };
  }
}

type Layout = {
  readonly isSingleSegment: boolean;
  readonly sizeAt: number;
  readonly sizeBytes: number;
  readonly headerBytes: number;
  readonly checksumBytes: number;
};

function readDescriptor(descriptor: number): Layout {
  if ((descriptor & 8) !== 0) throw invalidCompression('zstd', 'a reserved bit of a frame header is set');
  if ((descriptor & 3) !== 0) throw invalidCompression('zstd', 'a dictionary is not supported');
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = isSingleSegment ? 5 : 6;
  return {
    isSingleSegment,
    sizeAt,
    sizeBytes,
    headerBytes: sizeAt + sizeBytes,
    checksumBytes: (descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES,
  };
}

/** History the frame may refer to: all of it when it is a single segment. */
function windowBytes(header: Buffer, layout: Layout): number {
  if (!layout.isSingleSegment) {
    const byte = header.readUInt8(5);
    const base = 2 ** (10 + (byte >> 3));
    return base + (base / 8) * (byte & 7);
  }
  if (layout.sizeBytes === 8) return Number(header.readBigUInt64LE(layout.sizeAt));
  const size = header.readUIntLE(layout.sizeAt, layout.sizeBytes);
  return layout.sizeBytes === 2 ? size + 256 : size;
}

function neededWindow({ windowBytes, isSingleSegment, contentBytes }: Frame): number {
  return isSingleSegment ? windowBytes : Math.min(windowBytes, contentBytes);
}

/**
 * Asks for a window of so many bytes at least in the header of a frame that is no single segment.
 */
function setWindow(header: Buffer, bytes: number): void {
  const log = Math.max(MIN_WINDOW_LOG, Math.floor(Math.log2(Math.max(1, bytes))));
  const base = 2 ** log;
  const eighths = Math.min(8, Math.max(0, Math.ceil((bytes - base) / (base / 8))));
  // eight of them are the next power of two
  header[5] = ((log - MIN_WINDOW_LOG) << 3) + eighths;
}
