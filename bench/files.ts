import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { generate, type Workload } from './workload.ts';

const BLOCK_BYTES = 1024 * 1024;

/** A file of commands on disk. */
export type CommandFile = {
  readonly path: string;
  readonly format: Workload['format'] | 'PARQUET';
  readonly lines: number;
  readonly bytes: number;
};

/** Writes the file of a workload into `folder` for as long as `use` takes. */
export async function withFile<T>(
  folder: string,
  workload: Workload,
  use: (file: CommandFile) => Promise<T>,
): Promise<T> {
  return withLines(folder, { ...workload, blocks: generate(workload) }, use);
}

/** Writes a file of so many lines into `folder` for as long as `use` takes. */
export async function withLines<T>(
  folder: string,
  lines: Lines,
  use: (file: CommandFile) => Promise<T>,
): Promise<T> {
  const file = await writeFile(folder, lines);
  try {
    return await use(file);
  } finally {
    await rm(file.path, { force: true });
  }
}

/** The same lines as a Parquet file, beside the other for as long as `use` takes. */
export async function withParquet<T>(file: CommandFile, use: (file: CommandFile) => Promise<T>): Promise<T> {
  const target = `${file.path}.parquet`;
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const columns = `{operation: 'varchar', user_account_id: 'varchar', segment_id: 'bigint',
    expiration_duration: 'bigint', data_bag: 'varchar'}`;
  try {
    await connection.run(
      `copy (select * from read_json('${file.path}', format = 'nd', columns = ${columns})) to '${target}' (format parquet)`,
    );
    return await use({ ...file, path: target, format: 'PARQUET', bytes: statSync(target).size });
  } finally {
    connection.closeSync();
    await rm(target, { force: true });
  }
}

type Lines = Pick<CommandFile, 'format' | 'lines'> & { readonly blocks: Iterable<string> };

/** Writes the files of several workloads for as long as `use` takes. */
export async function withFiles<T>(
  folder: string,
  workloads: readonly Workload[],
  use: (files: readonly CommandFile[]) => Promise<T>,
): Promise<T> {
  const files: CommandFile[] = [];
  try {
    for (const workload of workloads)
      files.push(await writeFile(folder, { ...workload, blocks: generate(workload) }));
    return await use(files);
  } finally {
    for (const file of files) await rm(file.path, { force: true });
  }
}

let written = 0;

async function writeFile(folder: string, { format, lines, blocks }: Lines): Promise<CommandFile> {
  written += 1;
  const file = path.join(folder, `input-${written}.${format.toLowerCase()}`);
  await pipeline(Readable.from(blocks), createWriteStream(file));
  return { path: file, format, lines, bytes: statSync(file).size };
}

/** The lines of a file, some thousands at a time. */
export async function* lineBlocks(file: string): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const block of createReadStream(file, { encoding: 'utf8', highWaterMark: BLOCK_BYTES })) {
    const lines = (rest + String(block)).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') yield [rest];
}
