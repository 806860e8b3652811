import type { DuckDBBlobVector, DuckDBDataChunk } from '@duckdb/node-api';
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

/** The columns of a chunk as they lie in DuckDB's memory; valid as long as they are referred to. */
function rowsOf(chunk: DuckDBDataChunk): RunRows {
  const count = chunk.rowCount;
  const bytes = (column: Column, size: number) =>
    duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, COLUMNS.indexOf(column)), count * size);
  const words = (column: Column) => {
    const { buffer, byteOffset } = bytes(column, 8);
    return new Uint32Array(buffer, byteOffset, count * 2);
  };
  const bags = bytes('dataBag', 16);
  const bagLengths = new Uint32Array(bags.buffer, bags.byteOffset, count * 4);
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
    dataBag: (row: number) => {
      // a string is its length, and up to twelve bytes or where the bytes are
      const length = bagLengths[row * 4] as number;
      if (length === 0) return null;
      if (length <= 12) return bags.subarray(row * 16 + 4, row * 16 + 4 + length);
      return (chunk.getColumnVector(COLUMNS.indexOf('dataBag')) as DuckDBBlobVector).getItemBytes(row);
    },
  };
  if (chunk.columnCount < COLUMNS.length) return rows;
  return { ...rows, pointHi: words('pointHi'), pointLo: words('pointLo') };
}
