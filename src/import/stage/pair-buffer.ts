import { BIGINT, BOOLEAN, DuckDBDataChunk, type DuckDBType, UTINYINT, VARCHAR } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { PlainPair } from '../document-format.ts';
import { bigintColumn, byteColumn, nullable, textBlock, textColumn, VECTOR_ROWS } from './column-buffers.ts';

/** What crosses from JavaScript: STAGED_COLUMNS but for the key, which `user-key.sql` makes of `hashed`. */
export const RAW_COLUMNS: readonly (readonly [name: string, type: DuckDBType])[] = [
  ['line', BIGINT],
  ['kind', UTINYINT],
  ['compartment_id', BIGINT],
  ['segment_id', BIGINT],
  ['is_update', BOOLEAN],
  ['expires_at', BIGINT],
  ['value', VARCHAR],
  ['data_bag', VARCHAR],
  ['hashed', VARCHAR],
];

/** Texts of one data chunk; one that holds as much is full before it has all its rows. */
const MOST_TEXT_BYTES = 1024 * 1024;

/** Gathers the pairs of one data chunk as columns. */
export interface PairBuffer {
  /** `bytes` are those the pair was read from; `hashPrefix` is what is hashed before its value. */
  add(bytes: Buffer, pair: PlainPair, hashPrefix: Buffer): void;
  readonly isEmpty: () => boolean;
  readonly isFull: () => boolean;
  /** The data chunk of what was added, good until the next call; the buffer is empty then. */
  take(): DuckDBDataChunk;
}

export function createPairBuffer(): PairBuffer {
  const chunk = DuckDBDataChunk.create(RAW_COLUMNS.map(([, type]) => type));
  const lines = bigintColumn();
  const kinds = byteColumn();
  const compartments = bigintColumn();
  const segments = bigintColumn();
  const updates = byteColumn();
  const expiries = nullable(bigintColumn(), 0);
  const block = textBlock();
  const values = textColumn(block);
  const dataBags = textColumn(block, { hasNulls: true });
  const hashed = textColumn(block);
  const numberColumns = [lines, kinds, compartments, segments, updates, expiries];
  const textColumns = [values, dataBags, hashed];
  let rows = 0;

  function add(bytes: Buffer, pair: PlainPair, hashPrefix: Buffer): void {
    lines.set(rows, pair.line);
    kinds.set(rows, pair.kind);
    compartments.set(rows, pair.compartmentId);
    segments.set(rows, pair.segmentId);
    updates.set(rows, pair.isUpdate ? 1 : 0);
    expiries.set(rows, pair.expiresAt);
    const start = block.addBytes(hashPrefix, bytes, pair.valueStart, pair.valueEnd);
    const end = block.used;
    hashed.set(rows, start, end);
    values.set(rows, start + hashPrefix.length, end);
    if (pair.dataBag === '') dataBags.setNull(rows);
    else dataBags.set(rows, block.addText(pair.dataBag), block.used);
    rows++;
  }

  function take(): DuckDBDataChunk {
    chunk.reset();
    chunk.rowCount = rows;
    const vectors = RAW_COLUMNS.map((_, i) => duckdb.data_chunk_get_vector(chunk.chunk, i));
    const textVectors = vectors.splice(numberColumns.length);
    numberColumns.forEach((column, i) => {
      column.copyTo(vectors[i] as duckdb.Vector, rows);
    });
    const place = block.placeIn(textVectors[0] as duckdb.Vector);
    textColumns.forEach((column, i) => {
      column.copyTo(textVectors[i] as duckdb.Vector, rows, place);
    });
    block.clear();
    rows = 0;
    return chunk;
  }

  return {
    add,
    isEmpty: () => rows === 0,
    isFull: () => rows === VECTOR_ROWS || block.used > MOST_TEXT_BYTES,
    take,
  };
}
