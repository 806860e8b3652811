import { crc32 } from 'node:zlib';
import { ByteWriter } from './bytes.ts';
import { KeyFilter } from './key-filter.ts';
import {
  BLOCK_HEADER,
  blockSeed,
  encodeFooter,
  FORMAT_VERSION,
  INDEX_ENTRY,
  KIND_BITS,
  MEMBERSHIP_FLAG,
  MOST_BODY_BYTES,
  PAGE,
  RECORD_HEADER,
  RECORD_KIND,
  type RecordKind,
  type RunFooter,
  runSeed,
} from './run-format.ts';
import type { RunKey } from './run-key.ts';
import { kindOf, type RecordAt } from './run-record.ts';

type UserKind = typeof RECORD_KIND.USER | typeof RECORD_KIND.USER_ANEW;

/** Blocks are handed over when so many bytes have come together. */
const HAND_OVER_BYTES = 1 << 20;

/**
 * Writes a run: records one after the other, in strictly ascending order of their keys; `take` from
 * time to time what has become blocks; `finish`. Memory holds what was not taken yet, the index and
 * the filter.
 */
export class RunWriter {
  readonly id: string;
  readonly #seed: number;
  readonly #out = new ByteWriter(HAND_OVER_BYTES + 64 * PAGE);
  readonly #index = new ByteWriter(64 * INDEX_ENTRY);
  readonly #filter: KeyFilter;
  /** Bytes that were taken. */
  #taken = 0;
  #blockStart = 0;
  #recordStart = 0;
  #lastSegment = 0;
  #lastTime = 0;
  #records = 0;
  #erased = 0;
  #blocks = 0;
  // the last key, word by word: an array for each record costs as much as writing it
  #l0 = -1;
  #l1 = 0;
  #l2 = 0;
  #l3 = 0;

  /** `mostKeys`: no more records will come. */
  constructor(id: string, mostKeys: number) {
    this.id = id;
    this.#seed = runSeed(id);
    this.#filter = KeyFilter.for(mostKeys);
    this.#out.length = BLOCK_HEADER;
  }

  get records(): number {
    return this.#records;
  }

  /**
   * Begins the record of a known user; its memberships follow in ascending order of their segments,
   * then `end`.
   */
  beginUser(
    k0: number,
    k1: number,
    k2: number,
    k3: number,
    datamartId: number,
    kind: UserKind = RECORD_KIND.USER,
  ): void {
    this.#begin(k0, k1, k2, k3, kind);
    if (kind === RECORD_KIND.USER_ANEW) this.#erased++;
    this.#out.varint(datamartId);
    this.#lastSegment = 0;
    this.#lastTime = 0;
  }

  /**
   * Instants in ms since the epoch; `expires` null: never. `dataBag`: JSON text of an object, or
   * null.
   */
  membership(
    segmentId: number,
    created: number,
    modified: number,
    expires: number | null,
    dataBag: Uint8Array | null,
  ): void {
    const out = this.#out;
    let flags = modified === created ? 0 : MEMBERSHIP_FLAG.MODIFIED;
    if (expires !== null) flags |= MEMBERSHIP_FLAG.EXPIRES;
    if (dataBag !== null) flags |= MEMBERSHIP_FLAG.DATA_BAG;
    if (isWide(created) || isWide(modified) || isWide(expires ?? 0)) {
      this.#segment(segmentId, flags | MEMBERSHIP_FLAG.WIDE);
      for (const instant of [created, modified, expires ?? 0]) out.double(instant);
    } else {
      this.#segment(segmentId, flags);
      out.signed(created - this.#lastTime);
      this.#lastTime = created;
      if (modified !== created) out.signed(modified - created);
      if (expires !== null) out.signed(expires - modified);
    }
    if (dataBag !== null) out.sized(dataBag);
  }

  /** The user is not in the segment, whatever older runs say. */
  left(segmentId: number): void {
    this.#segment(segmentId, MEMBERSHIP_FLAG.LEFT);
  }

  alias(key: RunKey, point: RunKey): void {
    this.#begin(...key, RECORD_KIND.ALIAS);
    const out = this.#out;
    for (const word of point) out.length = out.bytes.writeUInt32BE(word, out.length);
    this.end();
  }

  erased(key: RunKey): void {
    this.#begin(...key, RECORD_KIND.ERASED);
    this.#erased++;
    this.end();
  }

  /** Copies a record of another run as it is. */
  copy(key: RunKey, { bytes, start, end }: RecordAt): void {
    const [k0, k1, k2, k3] = key;
    this.#begin(k0, k1, k2, k3, RECORD_KIND.USER);
    const kind = kindOf({ bytes, start, end });
    if (kind === RECORD_KIND.ERASED || kind === RECORD_KIND.USER_ANEW) this.#erased++;
    this.#out.length = this.#recordStart;
    this.#out.copy(bytes, start, end);
    this.end();
  }

  end(): void {
    const out = this.#out;
    const body = out.length - this.#recordStart - RECORD_HEADER;
    if (body > MOST_BODY_BYTES) throw new RangeError(`a record of ${body} bytes is too long for a run`);
    const header = this.#recordStart + RECORD_HEADER - 4;
    const kind = out.view.getUint32(header) & (2 ** KIND_BITS - 1);
    out.view.setUint32(header, (body << KIND_BITS) | kind);
    if (out.length - this.#blockStart > PAGE && this.#recordStart > this.#blockStart + BLOCK_HEADER)
      this.#moveToNextBlock();
  }

  /** The blocks that are complete, once they are worth a write; null before. */
  take(): Buffer | null {
    return this.#blockStart < HAND_OVER_BYTES ? null : this.#takeBlocks();
  }

  /** What is left of the run after what was taken. Nothing can be added any more. */
  finish(): { readonly rest: Buffer; readonly footer: RunFooter } {
    const out = this.#out;
    if (out.length > this.#blockStart + BLOCK_HEADER) this.#seal(out.length);
    else out.length = this.#blockStart;
    const blocks = Buffer.from(out.bytes.subarray(0, out.length));
    this.#filter.fit(this.#records);
    const index = this.#index.bytes.subarray(0, this.#index.length);
    const tables = Buffer.concat([index, this.#filter.bytes]);
    const start = this.#taken + blocks.length;
    const footer: RunFooter = {
      version: FORMAT_VERSION,
      id: this.id,
      records: this.#records,
      erased: this.#erased,
      blocks: this.#blocks,
      index: start,
      filter: start + index.length,
      checksum: crc32(tables, this.#seed),
    };
    return { rest: Buffer.concat([blocks, tables, encodeFooter(footer)]), footer };
  }

  #begin(k0: number, k1: number, k2: number, k3: number, kind: RecordKind): void {
    if ((k0 - this.#l0 || k1 - this.#l1 || k2 - this.#l2 || k3 - this.#l3) <= 0)
      throw new Error('records of a run come in ascending order of their keys');
    this.#l0 = k0;
    this.#l1 = k1;
    this.#l2 = k2;
    this.#l3 = k3;
    const out = this.#out;
    out.reserve(RECORD_HEADER + 32);
    const start = out.length;
    this.#recordStart = start;
    const { view } = out;
    view.setUint32(start, k0);
    view.setUint32(start + 4, k1);
    view.setUint32(start + 8, k2);
    view.setUint32(start + 12, k3);
    // the length of the body comes at its end
    view.setUint32(start + 16, kind);
    out.length = start + RECORD_HEADER;
    this.#filter.add(k0, k2, k3);
    this.#records++;
    if (this.#recordStart === this.#blockStart + BLOCK_HEADER) this.#noteBlock(this.#recordStart);
  }

  #segment(segmentId: number, flags: number): void {
    if (segmentId <= this.#lastSegment) throw new Error('memberships of a record come in ascending order');
    this.#out.varint(segmentId - this.#lastSegment);
    this.#out.byte(flags);
    this.#lastSegment = segmentId;
  }

  /** The record begins a block of its own, since the one before is full. */
  #moveToNextBlock(): void {
    const out = this.#out;
    const start = this.#recordStart;
    const end = out.length;
    const next = this.#blockStart + pages(start - this.#blockStart) * PAGE;
    const moved = next + BLOCK_HEADER;
    out.reserve(moved - start);
    out.bytes.copyWithin(moved, start, end);
    out.bytes.fill(0, start, next);
    out.length = start;
    this.#seal(next);
    this.#blockStart = next;
    out.length = moved + end - start;
    this.#noteBlock(moved);
  }

  #seal(end: number): void {
    const { bytes, length } = this.#out;
    const start = this.#blockStart;
    bytes.writeUInt32LE(length - start, start + 4);
    const page = (this.#taken + start) / PAGE;
    bytes.writeUInt32LE(crc32(bytes.subarray(start + 4, end), blockSeed(this.#seed, page)), start);
    this.#blocks++;
  }

  #noteBlock(record: number): void {
    const index = this.#index;
    index.copy(this.#out.bytes, record, record + 8);
    index.reserve(4);
    const page = (this.#taken + this.#blockStart) / PAGE;
    index.length = index.bytes.writeUInt32LE(page, index.length);
  }

  #takeBlocks(): Buffer {
    const out = this.#out;
    const taken = Buffer.from(out.bytes.subarray(0, this.#blockStart));
    out.bytes.copyWithin(0, this.#blockStart, out.length);
    out.length -= this.#blockStart;
    this.#recordStart -= this.#blockStart;
    this.#taken += this.#blockStart;
    this.#blockStart = 0;
    return taken;
  }
}

/** Whether differences of such an instant to others might not be exact. */
function isWide(instant: number): boolean {
  return instant < 0 || instant >= 2 ** 48;
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE);
}
