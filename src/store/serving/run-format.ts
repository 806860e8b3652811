import { crc32 } from 'node:zlib';

/**
 * A serving run as bytes (docs/internals/serving-runs.md): blocks of records in the order of their
 * keys, the index of the blocks, the filter of the keys, the footer. Every byte is under one of the
 * checksums. Numbers are little-endian, but for what a record begins with.
 *
 * ```
 * block    checksum u32 · length u32 · records · zeros up to the next page, but for the last block
 * record   key 16 bytes · length of the body, 29 bits, and kind, 3 bits, as one u32 · body
 * index    per block: first eight bytes of its first key · its page u32
 * filter   lines of 64 bytes
 * footer   JSON · its length u32 · its checksum u32 · MAGIC
 * ```
 */
export const FORMAT_VERSION = 1;
export const MAGIC = 'MSTRRUN1';
export const PAGE = 4096;
export const BLOCK_HEADER = 8;
export const RECORD_HEADER = 20;
export const INDEX_ENTRY = 12;
/** Length and checksum of the footer, and MAGIC. */
export const TAIL = 16;
/** Of the last word of a record's header: the others are the length of its body. */
export const KIND_BITS = 3;
/**
 * What a body's length can say: 8,000 memberships of one user that have a data bag of the greatest
 * length each.
 */
export const MOST_BODY_BYTES = 2 ** 29 - 1;

/** What a record says of its key. */
export const RECORD_KIND = {
  /** A known user: the datamart, then what changed of the memberships, in a base all of them. */
  USER: 1,
  /** An identifier that was attached to a user point: the point's key. */
  ALIAS: 2,
  /** Nobody is known by the key, whatever older runs say. */
  ERASED: 3,
  /** As USER, but what older runs say counts no more: somebody who came back after an erasure. */
  USER_ANEW: 4,
} as const;
export type RecordKind = (typeof RECORD_KIND)[keyof typeof RECORD_KIND];

/** What is said of a membership after its segment. */
export const MEMBERSHIP_FLAG = {
  LEFT: 1,
  MODIFIED: 2,
  EXPIRES: 4,
  DATA_BAG: 8,
  /** Instants as doubles, one of them is outside 0 to 2^48: older versions took any. */
  WIDE: 16,
} as const;

/** The last part of a run. */
export type RunFooter = {
  readonly version: number;
  /** Of this run alone: checksums begin with it, so that a block of another run is found out. */
  readonly id: string;
  readonly records: number;
  /**
   * Of those, how many say that older runs have somebody who was erased, also where the user came
   * back since.
   */
  readonly erased: number;
  readonly blocks: number;
  /** Where the index begins. */
  readonly index: number;
  /** Where the filter begins. */
  readonly filter: number;
  /** Of index and filter. */
  readonly checksum: number;
};

/**
 * A run is not what was written, or by a version that this one does not know; it is made anew from
 * the tables.
 */
export class RunDamagedError extends Error {
  override readonly name = 'RunDamagedError';
}

/**
 * What the checksum of the block at a page begins with: it tells blocks of the same run and of
 * others apart.
 */
export function blockSeed(runSeed: number, page: number): number {
  return (runSeed ^ Math.imul(page + 1, 0x9e37_79b1)) >>> 0;
}

export function runSeed(id: string): number {
  return crc32(id);
}

export function encodeFooter(footer: RunFooter): Buffer {
  const json = Buffer.from(JSON.stringify(footer));
  const tail = Buffer.alloc(TAIL);
  tail.writeUInt32LE(json.length, 0);
  tail.writeUInt32LE(crc32(json), 4);
  tail.write(MAGIC, 8, 'latin1');
  return Buffer.concat([json, tail]);
}

/**
 * The footer of a run, from its last bytes: all of it, or as many as `from` of them. Throws
 * `RunDamagedError`.
 */
export function decodeFooter(end: Buffer): RunFooter {
  const tail = end.subarray(-TAIL);
  if (tail.length < TAIL || tail.toString('latin1', 8) !== MAGIC) throw new RunDamagedError('it has no end');
  const length = tail.readUInt32LE(0);
  const json = end.subarray(end.length - TAIL - length, end.length - TAIL);
  if (json.length !== length || crc32(json) !== tail.readUInt32LE(4))
    throw new RunDamagedError('its footer is not what was written');
  const footer = JSON.parse(json.toString('utf8')) as RunFooter;
  if (footer.version !== FORMAT_VERSION)
    throw new RunDamagedError(`its format is version ${footer.version}, not ${FORMAT_VERSION}`);
  return footer;
}
