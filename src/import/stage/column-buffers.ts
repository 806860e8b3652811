import duckdb from '@duckdb/node-bindings';

/** Rows of a DuckDB vector, and so of the data chunks that cross into it. */
export const VECTOR_ROWS = 2048;

/** One column of a data chunk while it is filled, row by row from 0 up. */
export interface ColumnBuffer {
  /** Makes the first `rows` rows those of a vector. */
  copyTo(vector: duckdb.Vector, rows: number): void;
}

export interface NumberColumn extends ColumnBuffer {
  set(row: number, value: number): void;
}

/** UTINYINT, or BOOLEAN as 0 and 1. */
export function byteColumn(): NumberColumn {
  const bytes = new Uint8Array(VECTOR_ROWS);
  return {
    set: (row, value) => {
      bytes[row] = value;
    },
    copyTo: (vector, rows) => duckdb.copy_data_to_vector(vector, 0, bytes.buffer, 0, rows),
  };
}

const HALF = 2 ** 32;

/** BIGINT of whole numbers from 0 to 2^53, as two halves: a BigInt for each would cost more than all the rest. */
export function bigintColumn(): NumberColumn {
  const halves = new Uint32Array(2 * VECTOR_ROWS);
  return {
    set: (row, value) => {
      halves[2 * row] = value;
      halves[2 * row + 1] = value / HALF;
    },
    copyTo: (vector, rows) => duckdb.copy_data_to_vector(vector, 0, halves.buffer, 0, rows * 8),
  };
}

/** A column that has nulls. */
export function nullable(column: NumberColumn, nullFor: number): NumberColumn {
  const nulls = nullMask();
  return {
    set: (row, value) => {
      nulls.set(row, value === nullFor);
      column.set(row, value);
    },
    copyTo: (vector, rows) => {
      column.copyTo(vector, rows);
      nulls.copyTo(vector, rows);
    },
  };
}

/** Texts of one data chunk, gathered in one block of bytes for all its VARCHAR columns. */
export interface TextBlock {
  /** Bytes that are held; the caller lets them cross before they are many. */
  readonly used: number;
  /** Adds valid UTF-8, from `start` to `end` of `bytes` after `prefix`; gives where it begins. */
  addBytes(prefix: Buffer, bytes: Buffer, start: number, end: number): number;
  addText(text: string): number;
  /** Where the block lies in DuckDB's memory, once it is part of a vector; the vector keeps it. */
  placeIn(vector: duckdb.Vector): bigint;
  readonly bytes: () => DataView;
  clear(): void;
}

/** Bytes behind the block's last text, so that whole words of it can be read. */
const SLACK = 16;

export function textBlock(): TextBlock {
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
    get used() {
      return used;
    },
    addBytes: (prefix, bytes, start, end) => {
      reserve(end - start + prefix.length);
      const from = used;
      let to = used;
      for (let i = 0; i < prefix.length; i++) block[to++] = prefix[i] as number;
      // most are some ten bytes, for which a call to copy costs more than the loop
      for (let i = start; i < end; i++) block[to++] = bytes[i] as number;
      used = to;
      return from;
    },
    addText: (text) => {
      reserve(text.length * 3);
      const from = used;
      used += block.write(text, from);
      return from;
    },
    placeIn: (vector) => {
      // as one text, which the vector then holds; a short one would lie in the vector itself. What is left behind it of earlier
      // texts may begin within a character, and a text that is no UTF-8 makes the row null
      if (used < ENTRY_BYTES) block.fill(0, used, ENTRY_BYTES);
      duckdb.vector_assign_string_element_len(vector, 0, block.subarray(0, Math.max(used, ENTRY_BYTES)));
      const entry = duckdb.vector_get_data(vector, ENTRY_BYTES);
      return new DataView(entry.buffer, entry.byteOffset).getBigUint64(8, true);
    },
    bytes: () => view,
    clear: () => {
      used = 0;
    },
  };
}

/** A `duckdb_string_t` (duckdb.h): the length, then up to 12 bytes, or the first 4 and where the whole text lies. */
const ENTRY_BYTES = 16;
const ENTRY_WORDS = 4;
const INLINE_BYTES = 12;

/**
 * VARCHAR whose texts lie in a block: its rows point into that. A call for each text, as the driver does it, takes three
 * times as long and a JavaScript string for each.
 */
export interface TextColumn {
  /** The text of a row, from `start` to `end` of the block. Null where there is none. */
  set(row: number, start: number, end: number): void;
  setNull(row: number): void;
  /** `place`: see `TextBlock.placeIn`. */
  copyTo(vector: duckdb.Vector, rows: number, place: bigint): void;
}

export function textColumn(block: TextBlock, { hasNulls = false } = {}): TextColumn {
  const words = new Uint32Array(VECTOR_ROWS * ENTRY_WORDS);
  const starts = new Uint32Array(VECTOR_ROWS);
  const nulls = hasNulls ? nullMask() : null;

  function pointInto(place: bigint, rows: number): void {
    const low = Number(place & 0xffff_ffffn);
    const high = Number(place >> 32n);
    for (let row = 0; row < rows; row++) {
      const word = row * ENTRY_WORDS;
      if ((words[word] as number) <= INLINE_BYTES) continue;
      const sum = low + (starts[row] as number);
      words[word + 2] = sum;
      words[word + 3] = high + (sum >= HALF ? 1 : 0);
    }
  }

  return {
    set: (row, start, end) => {
      const bytes = block.bytes();
      const length = end - start;
      const word = row * ENTRY_WORDS;
      nulls?.set(row, false);
      starts[row] = start;
      words[word] = length;
      words[word + 1] = bytes.getUint32(start, true);
      if (length > INLINE_BYTES) return;
      words[word + 1] = wordOf(bytes, start, length);
      words[word + 2] = wordOf(bytes, start + 4, length - 4);
      words[word + 3] = wordOf(bytes, start + 8, length - 8);
    },
    setNull: (row) => {
      nulls?.set(row, true);
      words[row * ENTRY_WORDS] = 0;
    },
    copyTo: (vector, rows, place) => {
      pointInto(place, rows);
      duckdb.copy_data_to_vector(vector, 0, words.buffer, 0, rows * ENTRY_BYTES);
      nulls?.copyTo(vector, rows);
    },
  };
}

/** Up to four bytes as a word, with zeros for those that are not there. */
function wordOf(bytes: DataView, start: number, length: number): number {
  if (length <= 0) return 0;
  const word = bytes.getUint32(start, true);
  return length >= 4 ? word : word & ((1 << (8 * length)) - 1);
}

type NullMask = {
  set(row: number, isNull: boolean): void;
  copyTo(vector: duckdb.Vector, rows: number): void;
};

/** Which rows are null: a bit for each, 1 for those that are not. */
function nullMask(): NullMask {
  const bits = new Uint8Array(VECTOR_ROWS / 8);
  return {
    set: (row, isNull) => {
      const byte = row >> 3;
      const bit = 1 << (row & 7);
      bits[byte] = isNull ? (bits[byte] as number) & ~bit : (bits[byte] as number) | bit;
    },
    copyTo: (vector, rows) => {
      duckdb.vector_ensure_validity_writable(vector);
      duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer, 0, 8 * Math.ceil(rows / 64));
    },
  };
}
