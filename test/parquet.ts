import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { makeFolder } from './folder.ts';

/** A Parquet file of what a query gives, as DuckDB writes it; `options` are those of its COPY. */
export async function parquetOf(
  query: string,
  options = '',
  before: readonly string[] = [],
): Promise<Buffer> {
  const folder = await makeFolder();
  try {
    const file = path.join(folder, 'file.parquet');
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    for (const statement of before) await connection.run(statement);
    await connection.run(
      `copy (${query}) to '${file}' (format parquet${options === '' ? '' : `, ${options}`})`,
    );
    connection.closeSync();
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows as a query: each value is SQL. Names that are not there are null. */
export function rowsSql(rows: readonly Readonly<Record<string, string>>[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return rows
    .map((row) => `select ${names.map((name) => `${row[name] ?? 'null'} as ${quoted(name)}`).join(', ')}`)
    .join(' union all ');
}
