import { writeFileSync } from 'node:fs';
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import type { Mapping } from '../../model/mapping.ts';
import { type FileColumns, readRowColumns } from './row-columns.ts';
import { literal, parquet, rowsQuery } from './row-sql.ts';

/**
 * The program of a process that reads one Parquet file, which may be made to harm its reader, and
 * writes its rows as NDJSON to its standard output. It has a DuckDB of its own that sees this file
 * and no other; what ends it ends nothing else.
 */

/** What the process is sent once. */
export type ParquetJob = {
  /** A path that leads to the file. */
  readonly file: string;
  readonly mapping: Mapping | null;
  readonly memoryBytes: number;
};

/** What it says at its end. */
export type ParquetAnswer =
  | { readonly type: 'DONE'; readonly rows: number }
  | {
      readonly type: 'REFUSED';
      readonly code: 'INVALID_PARQUET' | 'INVALID_HEADER';
      readonly message: string;
    }
  | { readonly type: 'FAULT'; readonly message: string };

/** DuckDB's threads: of a file whose row groups are small each thread can read another one. */
const THREADS = 2;
/** A `duckdb_string_t`: its length, then the text, or its first bytes and where all of it lies. */
const ENTRY_BYTES = 16;
const TEXT_AT = 4;
const POINTER_AT = 8;
const INLINE_BYTES = 12;

process.once('message', (job: ParquetJob) => {
  void answer(job).then((message) => process.send?.(message, () => process.exit(0)));
});
// whoever asked is gone
process.on('disconnect', () => process.exit(1));
// a stop of the service may be sent to all of its processes: it lets uploads end first
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

async function answer(job: ParquetJob): Promise<ParquetAnswer> {
  dieFirst();
  try {
    return await writeRows(job);
  } catch (error) {
    const refusal = refusalOf(String((error as Error).message), job);
    return refusal === null
      ? { type: 'FAULT', message: String(error) }
      : { type: 'REFUSED', code: 'INVALID_PARQUET', message: refusal };
  }
}

/** Where memory ends, the system is to end this process and not the service. */
function dieFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // only Linux has it
  }
}

async function writeRows({ file, mapping, memoryBytes }: ParquetJob): Promise<ParquetAnswer> {
  const connection = await openFor(file, memoryBytes);
  const expected = await countRows(connection, file);
  const read = readRowColumns(await columnsOf(connection, file), mapping);
  if (!read.ok) return { type: 'REFUSED', code: 'INVALID_HEADER', message: read.message };
  const query = rowsQuery(file, read.columns);
  const result = await connection.stream(query);
  let rows = 0;
  let next = result.fetchChunk();
  for (;;) {
    const chunk = await next;
    if (chunk === null || chunk.rowCount === 0) break;
    rows += chunk.rowCount;
    const block = textsOf(chunk);
    // the next rows are read while these go out
    next = result.fetchChunk();
    next.catch(() => undefined);
    await write(block);
  }
  // an error in the middle of a stream ends it as its last row does; asked again as a whole, it is
  // told
  if (rows !== expected) await connection.run(`select sum(length(line)) from (${query})`);
  if (rows !== expected) throw new Error(`${BROKEN_OFF} after ${rows} of ${expected} rows`);
  return { type: 'DONE', rows };
}

/** A DuckDB that can open this file and nothing else, and writes nowhere. */
async function openFor(file: string, memoryBytes: number): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(THREADS),
    memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run(`set allowed_paths = [${literal(file)}]`);
  await connection.run('set enable_external_access = false');
  await connection.run('set lock_configuration = true');
  return connection;
}

async function countRows(connection: DuckDBConnection, file: string): Promise<number> {
  const result = await connection.run(`select num_rows from parquet_file_metadata(${literal(file)})`);
  const [[rows] = []] = await result.getRows();
  return Number(rows);
}

async function columnsOf(connection: DuckDBConnection, file: string): Promise<FileColumns> {
  const schema = await connection.run(`select name, num_children from parquet_schema(${literal(file)})`);
  const elements = await schema.getRows();
  const empty = await connection.run(`select * from ${parquet(file)} limit 0`);
  return {
    names: outermost(
      elements.map(([name, children]) => ({ name: String(name), children: Number(children ?? 0) })),
    ),
    columns: empty.columnNames(),
    types: empty.columnTypes(),
  };
}

/**
 * Names of the columns of a schema, whose elements are listed with what is in each behind it, from
 * its root.
 */
function outermost(elements: readonly { readonly name: string; readonly children: number }[]): string[] {
  const names: string[] = [];
  for (let at = 1; at < elements.length; ) {
    names.push(elements[at]?.name ?? '');
    for (let left = 1; left > 0 && at < elements.length; at++) left += (elements[at]?.children ?? 0) - 1;
  }
  return names;
}

/**
 * The texts of a chunk of one column, as they lie in DuckDB's memory: no text becomes a string.
 * DuckDB nearly always lays one behind the other, and what lies so is copied at once: a call for
 * each text took twice the CPU of all the rest.
 */
function textsOf({ chunk, rowCount }: DuckDBDataChunk): Buffer {
  const data = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, 0), rowCount * ENTRY_BYTES);
  const entries = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const runs: Uint8Array[] = [];
  const copy = (at: number, bytes: number) =>
    duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + at + POINTER_AT, bytes);
  for (let at = 0; at < data.byteLength; ) {
    const first = at;
    let bytes = entries.getUint32(at, true);
    at += ENTRY_BYTES;
    if (bytes <= INLINE_BYTES) {
      runs.push(data.subarray(first + TEXT_AT, first + TEXT_AT + bytes));
      continue;
    }
    const start = entries.getBigUint64(first + POINTER_AT, true);
    for (; at < data.byteLength; at += ENTRY_BYTES) {
      const length = entries.getUint32(at, true);
      const isNext = entries.getBigUint64(at + POINTER_AT, true) === start + BigInt(bytes);
      if (length <= INLINE_BYTES || !isNext) break;
      bytes += length;
    }
    runs.push(copy(first, bytes));
  }
  return Buffer.concat(runs);
}

function write(block: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(block, (error) => (error ? reject(error) : resolve()));
  });
}

const BROKEN_OFF = 'the rows break off';

/**
 * What DuckDB says of a file in words that hold nothing of its content; null: it is no fault of the
 * file.
 */
function refusalOf(message: string, { memoryBytes }: ParquetJob): string | null {
  if (/EPIPE|ECONNRESET|^(?:Parser|Catalog|Permission) Error/.test(message)) return null;
  if (/out of memory|could not allocate|bad_alloc/i.test(message))
    return `reading it takes more than ${memoryBytes >> 20} MiB of memory: write smaller pages and row groups, and shorter texts`;
  if (/encrypt/i.test(message)) return 'it is encrypted: write it without encryption';
  if (/magic bytes|too small to be a parquet/i.test(message))
    return 'its end is missing, or it is none: it may have been cut on its way';
  if (/invalid string encoding|utf-?8|invalid unicode/i.test(message))
    return 'a column of texts holds bytes that are no UTF-8';
  return 'it is damaged, or uses a part of the format that cannot be read';
}
