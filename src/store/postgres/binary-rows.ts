import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';

/**
 * Bytes of a value, as PostgreSQL reads it and as it lies in DuckDB's vector. A uuid is two columns
 * of DuckDB.
 */
const WIDTHS = { uuid: 16, bigint: 8, integer: 4, smallint: 2, boolean: 1 } as const;

/** A column of a table of PostgreSQL. What DuckDB gives for it has to be of the same width. */
export type ColumnType = keyof typeof WIDTHS | 'text';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const END = Buffer.from([0xff, 0xff]);
/** Before each value is its length, and before a row how many values it has. */
const LENGTH_BYTES = 4;
const COUNT_BYTES = 2;
const NULL_LENGTH = -1;
/**
 * The entry of a text is its length and behind that the text, or where a text that is longer than
 * this lies.
 */
const MAX_INLINE_BYTES = 12;
const ENTRY_BYTES = 16;

type Column = {
  readonly type: ColumnType;
  /** Two of a uuid. */
  readonly vectors: readonly Uint8Array[];
  /** Bits of the rows that are not null; null where all are. */
  readonly valid: Uint8Array | null;
};

/**
 * What a statement of DuckDB gives, as `COPY … (format binary)` reads it, some thousand rows at a
 * time. Numbers are turned around as they lie in DuckDB's vectors, so that no row becomes an object
 * or a line of text, here or there.
 */
export async function* binaryRows(
  sql: DuckDbSql,
  statement: string,
  types: readonly ColumnType[],
): AsyncGenerator<Uint8Array> {
  yield SIGNATURE;
  for await (const chunk of sql.chunks(statement)) yield encodeRows(chunk.rowCount, columnsOf(chunk, types));
  yield END;
}

function columnsOf(chunk: DuckDBDataChunk, types: readonly ColumnType[]): readonly Column[] {
  const rows = chunk.rowCount;
  let next = 0;
  const read = (width: number) => {
    const vector = duckdb.data_chunk_get_vector(chunk.chunk, next++);
    const valid = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
    return { bytes: duckdb.vector_get_data(vector, rows * width), valid };
  };
  return types.map((type) => {
    const { bytes, valid } = read(type === 'text' ? ENTRY_BYTES : type === 'uuid' ? 8 : WIDTHS[type]);
    return { type, vectors: type === 'uuid' ? [bytes, read(8).bytes] : [bytes], valid };
  });
}

/**
 * Column after column, each value at the place that its row has come to: loops over values of one
 * type are quick.
 */
function encodeRows(rows: number, columns: readonly Column[]): Uint8Array {
  const places = placesOf(rows, columns);
  const target = new DataView(new ArrayBuffer(places[rows] as number));
  for (let row = 0; row < rows; row++) {
    target.setInt16(places[row] as number, columns.length);
    places[row] = (places[row] as number) + COUNT_BYTES;
  }
  for (const column of columns) {
    if (column.type === 'text') writeTexts(target, places, column);
    else if (column.type === 'bigint' || column.type === 'uuid') writeWords(target, places, column);
    else writeBytes(target, places, { ...column, width: WIDTHS[column.type] });
  }
  return new Uint8Array(target.buffer);
}

/** Where each row begins, and behind the last one where they all end. */
function placesOf(rows: number, columns: readonly Column[]): Uint32Array {
  const places = new Uint32Array(rows + 1);
  for (const { type, vectors, valid } of columns) {
    const lengths = type === 'text' ? wordsOf(vectors[0] as Uint8Array, rows * 4) : null;
    const width = type === 'text' ? 0 : WIDTHS[type];
    for (let row = 0; row < rows; row++) {
      const length = isNull(valid, row) ? 0 : lengths === null ? width : (lengths[row * 4] as number);
      places[row + 1] = (places[row + 1] as number) + LENGTH_BYTES + length;
    }
  }
  for (let row = 0; row < rows; row++)
    places[row + 1] = (places[row] as number) + (places[row + 1] as number) + COUNT_BYTES;
  return places;
}

/** Values of 64 bits, one or two of them. */
function writeWords(target: DataView, places: Uint32Array, { vectors, valid }: Column): void {
  const rows = places.length - 1;
  const [first, second] = vectors.map((bytes) => wordsOf(bytes, rows * 2));
  if (first === undefined) return;
  for (let row = 0; row < rows; row++) {
    const at = places[row] as number;
    if (isNull(valid, row)) {
      target.setInt32(at, NULL_LENGTH);
      places[row] = at + LENGTH_BYTES;
      continue;
    }
    target.setInt32(at, second === undefined ? 8 : 16);
    target.setUint32(at + 4, first[row * 2 + 1] as number);
    target.setUint32(at + 8, first[row * 2] as number);
    if (second !== undefined) {
      target.setUint32(at + 12, second[row * 2 + 1] as number);
      target.setUint32(at + 16, second[row * 2] as number);
    }
    places[row] = at + LENGTH_BYTES + (second === undefined ? 8 : 16);
  }
}

/** Values of less than 64 bits. */
function writeBytes(
  target: DataView,
  places: Uint32Array,
  { vectors, valid, width }: Column & { readonly width: number },
): void {
  const bytes = vectors[0] as Uint8Array;
  for (let row = 0; row < places.length - 1; row++) {
    const at = places[row] as number;
    const isThere = !isNull(valid, row);
    target.setInt32(at, isThere ? width : NULL_LENGTH);
    places[row] = at + LENGTH_BYTES + (isThere ? width : 0);
    if (!isThere) continue;
    for (let byte = 0; byte < width; byte++)
      target.setUint8(at + LENGTH_BYTES + byte, bytes[(row + 1) * width - 1 - byte] as number);
  }
}

function writeTexts(target: DataView, places: Uint32Array, { vectors, valid }: Column): void {
  const bytes = vectors[0] as Uint8Array;
  const words = wordsOf(bytes, ((places.length - 1) * ENTRY_BYTES) / 4);
  const all = new Uint8Array(target.buffer);
  let run: Run | null = null;
  for (let row = 0; row < places.length - 1; row++) {
    const at = places[row] as number;
    if (isNull(valid, row)) {
      target.setInt32(at, NULL_LENGTH);
      places[row] = at + LENGTH_BYTES;
      continue;
    }
    const length = words[row * 4] as number;
    target.setInt32(at, length);
    places[row] = at + LENGTH_BYTES + length;
    if (length <= MAX_INLINE_BYTES) {
      copyBytes({ bytes, from: row * ENTRY_BYTES + 4, length }, all, at + LENGTH_BYTES);
      continue;
    }
    if (run === null || row > run.lastRow) run = runFrom(row, { bytes, words, valid });
    copyBytes(
      { bytes: run.bytes, from: addressOf(words, row) - run.address, length },
      all,
      at + LENGTH_BYTES,
    );
  }
}

/** Long texts that lie one behind the other in memory, and where the first byte of them is. */
type Run = { readonly bytes: Uint8Array; readonly address: number; readonly lastRow: number };

/**
 * The long texts from a row on, as far as each begins where the one before it ends: so DuckDB puts
 * those of a vector. A call for each text costs half a microsecond, with its garbage. Nothing but
 * texts is read, since there is no gap between them.
 */
function runFrom(
  row: number,
  { bytes, words, valid }: { bytes: Uint8Array; words: Uint32Array; valid: Uint8Array | null },
): Run {
  const address = addressOf(words, row);
  let end = address + (words[row * 4] as number);
  let lastRow = row;
  for (let next = row + 1; next < words.length / 4; next++) {
    const length = words[next * 4] as number;
    if (length <= MAX_INLINE_BYTES || isNull(valid, next)) continue;
    if (addressOf(words, next) !== end) break;
    end += length;
    lastRow = next;
  }
  const pointer = bytes.byteOffset + row * ENTRY_BYTES + 8;
  const texts = duckdb.get_data_from_pointer(bytes.buffer as ArrayBuffer, pointer, end - address);
  return { bytes: texts, address, lastRow };
}

/** Where a long text lies; addresses have less than 53 bits. */
function addressOf(words: Uint32Array, row: number): number {
  return (words[row * 4 + 3] as number) * 0x1_0000_0000 + (words[row * 4 + 2] as number);
}

/** From so many bytes on a copy by the engine is worth its call. */
const LONG_COPY_BYTES = 64;

function copyBytes(
  { bytes, from, length }: { readonly bytes: Uint8Array; readonly from: number; readonly length: number },
  target: Uint8Array,
  at: number,
): void {
  if (length >= LONG_COPY_BYTES) target.set(bytes.subarray(from, from + length), at);
  else for (let i = 0; i < length; i++) target[at + i] = bytes[from + i] as number;
}

/** Words of 32 bits, the lower of two first: the layout of DuckDB on the machines there are. */
function wordsOf(bytes: Uint8Array, words: number): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, words);
}

function isNull(valid: Uint8Array | null, row: number): boolean {
  return valid !== null && (((valid[row >> 3] as number) >> (row & 7)) & 1) === 0;
}
