import {
  BIGINT,
  BOOLEAN,
  DuckDBDataChunk,
  type DuckDBType,
  UBIGINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { ENTRY_BYTES, ENTRY_WORDS, INLINE_BYTES, type PairBatch, PLACES } from '../parse/pair-columns.ts';

/** A column as it lies in a batch; the type is that of its vector. */
type Column = {
  readonly type: DuckDBType;
  readonly place: number;
  readonly rowBytes: number;
  /** Where its nulls are, if it has any. */
  readonly mask?: number;
};

/** STAGED_COLUMNS, in their order. */
const COLUMNS: readonly Column[] = [
  { type: BIGINT, place: PLACES.line, rowBytes: 8 }, // line
  { type: UTINYINT, place: PLACES.kind, rowBytes: 1 }, // kind
  { type: BIGINT, place: PLACES.compartmentId, rowBytes: 8 }, // compartment_id
  { type: VARCHAR, place: PLACES.value, rowBytes: ENTRY_BYTES }, // value
  { type: BIGINT, place: PLACES.segmentId, rowBytes: 8 }, // segment_id
  { type: BOOLEAN, place: PLACES.isUpdate, rowBytes: 1 }, // is_update
  { type: BIGINT, place: PLACES.expiresAt, rowBytes: 8, mask: PLACES.expiresAtMask }, // expires_at
  { type: VARCHAR, place: PLACES.dataBag, rowBytes: ENTRY_BYTES, mask: PLACES.dataBagMask }, // data_bag
  { type: UBIGINT, place: PLACES.keyHi, rowBytes: 8 }, // key_hi
  { type: UBIGINT, place: PLACES.keyLo, rowBytes: 8 }, // key_lo
];
const FIRST_TEXT = COLUMNS.findIndex(({ type }) => type === VARCHAR);

let chunk: DuckDBDataChunk | null = null;

/**
 * A batch as a data chunk, good until the next call. The rows of its texts point into one text that
 * holds them all: a call for each text, as the driver does it, takes three times as long and a
 * JavaScript string for each.
 */
export function toDataChunk({ rows, columns, texts }: PairBatch): DuckDBDataChunk {
  chunk ??= DuckDBDataChunk.create(COLUMNS.map(({ type }) => type));
  chunk.reset();
  chunk.rowCount = rows;
  const { chunk: native } = chunk;
  const { buffer, byteOffset } = columns;
  const vectors = COLUMNS.map((_, i) => duckdb.data_chunk_get_vector(native, i));
  const at = placeTexts(vectors[FIRST_TEXT] as duckdb.Vector, texts);
  for (const [i, { type, place, rowBytes, mask }] of COLUMNS.entries()) {
    const vector = vectors[i] as duckdb.Vector;
    const from = byteOffset + place;
    if (type === VARCHAR) pointInto(new Uint32Array(buffer, from, rows * ENTRY_WORDS), at);
    duckdb.copy_data_to_vector(vector, 0, buffer, from, rows * rowBytes);
    if (mask === undefined) continue;
    duckdb.vector_ensure_validity_writable(vector);
    duckdb.copy_data_to_vector_validity(vector, 0, buffer, byteOffset + mask, 8 * Math.ceil(rows / 64));
  }
  return chunk;
}

/** Copies texts into DuckDB's memory, where the vector keeps them; gives where they lie. */
function placeTexts(vector: duckdb.Vector, texts: Uint8Array): bigint {
  duckdb.vector_assign_string_element_len(vector, 0, texts);
  const entry = duckdb.vector_get_data(vector, ENTRY_BYTES);
  return new DataView(entry.buffer, entry.byteOffset).getBigUint64(8, true);
}

/** Lets the entries of longer texts, which say where in all texts theirs begin, point there. */
function pointInto(words: Uint32Array, at: bigint): void {
  const low = Number(at & 0xffff_ffffn);
  const high = Number(at >> 32n);
  for (let word = 0; word < words.length; word += ENTRY_WORDS) {
    if ((words[word] as number) <= INLINE_BYTES) continue;
    const sum = low + (words[word + 2] as number);
    words[word + 2] = sum;
    words[word + 3] = high + (sum >= 2 ** 32 ? 1 : 0);
  }
}
