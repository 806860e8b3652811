import type { DuckDBDataChunk } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { RunDraft } from '../serving/run-draft.ts';
import type { RunRows } from '../serving/run-rows.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';

/** The columns of the statements that give rows of runs, in their order. */
const COLUMNS = [
  'keyHi',
  'keyLo',
  'state',
  'datamartId',
  'segmentId',
  'creationTs',
  'lastModifiedTs',
  'expirationTs',
  'dataBag',
  'pointHi',
  'pointLo',
] as const;
type Column = (typeof COLUMNS)[number];

/** Adds to a run what a statement gives: `run-rows.sql`, or `base-rows.sql`. */
export async function addRowsOf(sql: DuckDbSql, draft: RunDraft, statement: string): Promise<void> {
  for await (const rows of rowsOfStatement(sql, statement)) await draft.addRows(rows);
  draft.endRows();
}

/** The rows that such a statement gives, some thousand at a time. */
export async function* rowsOfStatement(sql: DuckDbSql, statement: string): AsyncGenerator<RunRows> {
  for await (const chunk of sql.chunks(statement)) yield rowsOf(chunk);
}

/** The columns of a chunk as they lie in DuckDB's memory; valid while the rows are referred to. */
function rowsOf(chunk: DuckDBDataChunk): RunRows {
  const count = chunk.rowCount;
  const bytes = (column: Column, size: number) =>
    duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, COLUMNS.indexOf(column)), count * size);
  const words = (column: Column) => {
    const { buffer, byteOffset } = bytes(column, 8);
    return new Uint32Array(buffer, byteOffset, count * 2);
  };
  const rows = {
    count,
    keyHi: words('keyHi'),
    keyLo: words('keyLo'),
    state: bytes('state', 1),
    datamartId: words('datamartId'),
    segmentId: words('segmentId'),
    creationTs: words('creationTs'),
    lastModifiedTs: words('lastModifiedTs'),
    expirationTs: words('expirationTs'),
    dataBag: textsOf(chunk, bytes('dataBag', ENTRY_BYTES)),
  };
  if (chunk.columnCount < COLUMNS.length) return rows;
  return { ...rows, pointHi: words('pointHi'), pointLo: words('pointLo') };
}

/** A text is its length, and its bytes where these are few, or where they are. */
const ENTRY_BYTES = 16;
const ENTRY_WORDS = 4;
const INLINE_BYTES = 12;

/**
 * Gives the text of a row, null for an empty one. Those that lie one behind the other, as those of
 * a chunk nearly always do, are read at once: a read is an object for the garbage collector. It
 * refers to the chunk, whose memory they are.
 */
function textsOf(chunk: DuckDBDataChunk, entries: Uint8Array): RunRows['dataBag'] {
  const words = new Uint32Array(entries.buffer, entries.byteOffset, entries.length / 4);
  const lengthOf = (row: number) => words[row * ENTRY_WORDS] as number;
  const addressOf = (row: number) =>
    (words[row * ENTRY_WORDS + 3] as number) * 2 ** 32 + (words[row * ENTRY_WORDS + 2] as number);
  let texts: Uint8Array = entries.subarray(0, 0);
  let start = 0;
  const readFrom = (first: number) => {
    const count = chunk.rowCount;
    start = addressOf(first);
    let end = start + lengthOf(first);
    for (let row = first + 1; row < count; row++) {
      if (lengthOf(row) <= INLINE_BYTES) continue;
      if (addressOf(row) !== end) break;
      end += lengthOf(row);
    }
    const pointer = entries.byteOffset + first * ENTRY_BYTES + 8;
    texts = duckdb.get_data_from_pointer(entries.buffer as ArrayBuffer, pointer, end - start);
  };
  return (row) => {
    const length = lengthOf(row);
    if (length === 0) return null;
    const inline = row * ENTRY_BYTES + 4;
    if (length <= INLINE_BYTES) return entries.subarray(inline, inline + length);
    const from = addressOf(row) - start;
    if (from >= 0 && from + length <= texts.length) return texts.subarray(from, from + length);
    readFrom(row);
    return texts.subarray(0, length);
  };
}
