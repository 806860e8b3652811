import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { generate, type Workload } from './workload.ts';

const BLOCK_BYTES = 1024 * 1024;

/** A file of commands on disk. */
export type CommandFile = {
  readonly path: string;
  readonly format: Workload['format'];
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
