import type { PlainPair } from '../document-format.ts';
import { makeUserKeys } from './user-keys.ts';

/** Rows of a DuckDB vector, and so of what crosses into it at once. */
export const VECTOR_ROWS = 2048;

/**
 * A `duckdb_string_t` (duckdb.h): the length, then up to 12 bytes, or the first 4 and where the
 * whole text lies.
 */
export const ENTRY_BYTES = 16;
export const ENTRY_WORDS = 4;
export const INLINE_BYTES = 12;
const HALF = 2 ** 32;

/** Texts of one batch; one that holds as much is full before it has all its rows. */
const MOST_TEXT_BYTES = 1024 * 1024;
/** Bytes behind the last text, so that whole words of it can be read. */
const SLACK = 16;

let placed = 0;

/** Where in `PairBatch.columns` a column begins that has so many bits a row. */
function place(bits: number): number {
  const at = placed;
  placed += (bits * VECTOR_ROWS) / 8;
  return at;
}

/**
 * The columns of a batch, each as DuckDB's vectors have it; of a mask a bit is 1 where the row is
 * not null.
 */
export const PLACES = {
  line: place(64),
  compartmentId: place(64),
  segmentId: place(64),
  expiresAt: place(64),
  value: place(8 * ENTRY_BYTES),
  dataBag: place(8 * ENTRY_BYTES),
  keyHi: place(64),
  keyLo: place(64),
  kind: place(8),
  isUpdate: place(8),
  expiresAtMask: place(1),
  dataBagMask: place(1),
} as const;
const COLUMN_BYTES = placed;

/**
 * At most VECTOR_ROWS pairs as columns. Of longer texts an entry says where in `texts` they begin.
 */
export type PairBatch = {
  readonly rows: number;
  readonly columns: ArrayBuffer;
  readonly texts: Uint8Array<ArrayBuffer>;
};

/** Gathers pairs as columns. */
export interface PairColumns {
  /** `bytes` are those the pair was read from; `hashPrefix` is what is hashed before its value. */
  add(bytes: Uint8Array, pair: PlainPair, hashPrefix: Uint8Array): void;
  /** Adds a pair of the same user and data bag as the last one: it has its texts. */
  addAgain(pair: PlainPair): void;
  readonly isEmpty: () => boolean;
  readonly isFull: () => boolean;
  /** What was added, good until the next call; there is nothing in the columns then. */
  take(): PairBatch;
}

export function createPairColumns(): PairColumns {
  const columns = new ArrayBuffer(COLUMN_BYTES);
  const texts = textBlock();
  const lines = bigints(columns, PLACES.line);
  const compartments = bigints(columns, PLACES.compartmentId);
  const segments = bigints(columns, PLACES.segmentId);
  const expiries = bigints(columns, PLACES.expiresAt);
  const expiryMask = mask(columns, PLACES.expiresAtMask);
  const values = entries(columns, PLACES.value, texts);
  const dataBags = entries(columns, PLACES.dataBag, texts);
  const dataBagMask = mask(columns, PLACES.dataBagMask);
  const keyHi = new Uint8Array(columns, PLACES.keyHi, 8 * VECTOR_ROWS);
  const keyLo = new Uint8Array(columns, PLACES.keyLo, 8 * VECTOR_ROWS);
  /** Where what is hashed of each row lies in the texts. */
  const starts = new Uint32Array(VECTOR_ROWS);
  const ends = new Uint32Array(VECTOR_ROWS);
  const kinds = new Uint8Array(columns, PLACES.kind, VECTOR_ROWS);
  const updates = new Uint8Array(columns, PLACES.isUpdate, VECTOR_ROWS);
  let rows = 0;

  function addNumbers(pair: PlainPair): void {
    lines.set(rows, pair.line);
    kinds[rows] = pair.kind;
    compartments.set(rows, pair.compartmentId);
    segments.set(rows, pair.segmentId);
    updates[rows] = pair.isUpdate ? 1 : 0;
    expiries.set(rows, pair.expiresAt);
    expiryMask.set(rows, pair.expiresAt === 0);
    dataBagMask.set(rows, pair.dataBag === '');
  }

  return {
    add: (bytes, pair, hashPrefix) => {
      addNumbers(pair);
      const start = texts.addBytes(hashPrefix, bytes, pair.valueStart, pair.valueEnd);
      const end = texts.used();
      starts[rows] = start;
      ends[rows] = end;
      values.set(rows, start + hashPrefix.length, end);
      // an empty text where it is null
      dataBags.set(rows, pair.dataBag === '' ? end : texts.addText(pair.dataBag), texts.used());
      rows++;
    },
    addAgain: (pair) => {
      addNumbers(pair);
      for (const column of [values, dataBags]) column.repeat(rows);
      starts[rows] = starts[rows - 1] as number;
      ends[rows] = ends[rows - 1] as number;
      rows++;
    },
    isEmpty: () => rows === 0,
    isFull: () => rows === VECTOR_ROWS || texts.used() > MOST_TEXT_BYTES,
    take: () => {
      const batch = { rows, columns, texts: texts.take() };
      makeUserKeys({ rows, texts: batch.texts, starts, ends, keyHi, keyLo });
      rows = 0;
      return batch;
    },
  };
}

/**
 * BIGINT of whole numbers from 0 to 2^53, as two halves: a BigInt for each would cost more than all
 * the rest.
 */
function bigints(columns: ArrayBuffer, at: number) {
  const halves = new Uint32Array(columns, at, 2 * VECTOR_ROWS);
  return {
    set: (row: number, value: number): void => {
      halves[2 * row] = value;
      halves[2 * row + 1] = value / HALF;
    },
  };
}

/** VARCHAR whose texts lie in a block. */
function entries(columns: ArrayBuffer, at: number, texts: TextBlock) {
  const words = new Uint32Array(columns, at, VECTOR_ROWS * ENTRY_WORDS);
  return {
    set: (row: number, start: number, end: number): void => {
      const bytes = texts.view();
      const length = end - start;
      const word = row * ENTRY_WORDS;
      words[word] = length;
      if (length > INLINE_BYTES) {
        words[word + 1] = bytes.getUint32(start, true);
        words[word + 2] = start;
        return;
      }
      words[word + 1] = wordOf(bytes, start, length);
      words[word + 2] = wordOf(bytes, start + 4, length - 4);
      words[word + 3] = wordOf(bytes, start + 8, length - 8);
    },
    /** The text of the row before. */
    repeat: (row: number): void => {
      const word = row * ENTRY_WORDS;
      words.copyWithin(word, word - ENTRY_WORDS, word);
    },
  };
}

/** Up to four bytes as a word, with zeros for those that are not there. */
function wordOf(bytes: DataView, start: number, length: number): number {
  if (length <= 0) return 0;
  const word = bytes.getUint32(start, true);
  return length >= 4 ? word : word & ((1 << (8 * length)) - 1);
}

function mask(columns: ArrayBuffer, at: number) {
  const bits = new Uint8Array(columns, at, VECTOR_ROWS / 8);
  return {
    set: (row: number, isNull: boolean): void => {
      const byte = row >> 3;
      const bit = 1 << (row & 7);
      bits[byte] = isNull ? (bits[byte] as number) & ~bit : (bits[byte] as number) | bit;
    },
  };
}

type TextBlock = ReturnType<typeof textBlock>;

/** Texts of all columns of a batch, one behind the other. */
function textBlock() {
  let block = Buffer.alloc(128 * 1024);
  let view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let used = 0;

  function reserve(bytes: number): void {
    if (used + bytes + SLACK <= block.length) return;
    const larger = Buffer.alloc(Math.max(used + bytes + SLACK, 2 * block.length));
    block.copy(larger, 0, 0, used);
    block = larger;
    view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  }

  return {
    used: (): number => used,
    view: (): DataView => view,
    /** Adds valid UTF-8, from `start` to `end` of `bytes` after `prefix`; gives where it begins. */
    addBytes: (prefix: Uint8Array, bytes: Uint8Array, start: number, end: number): number => {
      reserve(end - start + prefix.length);
      const from = used;
      let to = used;
      for (let i = 0; i < prefix.length; i++) block[to++] = prefix[i] as number;
      // most are some ten bytes, for which a call to copy costs more than the loop
      for (let i = start; i < end; i++) block[to++] = bytes[i] as number;
      used = to;
      return from;
    },
    addText: (text: string): number => {
      reserve(text.length * 3);
      const from = used;
      used += block.write(text, from);
      return from;
    },
    take: (): Uint8Array<ArrayBuffer> => {
      // it crosses as one text, and a short one would lie in its entry. What is left behind it of
      // earlier texts may begin within a character, and a text that is no UTF-8 makes the row null
      if (used < ENTRY_BYTES) block.fill(0, used, ENTRY_BYTES);
      const taken = block.subarray(0, Math.max(used, ENTRY_BYTES));
      used = 0;
      return taken;
    },
  };
}
