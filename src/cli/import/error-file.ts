import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { ApiExecution } from '../api.ts';
import { folderOf, nameOf, withSuffix } from '../files/name.ts';
import { digestOf, isNoFile, saveNew } from '../files/save.ts';
import type { Failed } from './import-file.ts';
import { reportedName } from './reports.ts';
import type { Format } from './source.ts';

/** Where the failed lines of files are saved. */
export type ErrorPlace =
  | { readonly kind: 'BESIDE' }
  | { readonly kind: 'FOLDER'; readonly folder: string }
  | { readonly kind: 'FILE'; readonly file: string };

/**
 * Where `--errors` says that failed lines are saved: a folder that is there or is meant by a slash
 * at the end, else a file.
 */
export async function readErrorPlace(given: string | undefined): Promise<ErrorPlace> {
  if (given === undefined) return { kind: 'BESIDE' };
  const isFolder = await stat(given).then(
    (found) => found.isDirectory(),
    () => /[/\\]$/.test(given),
  );
  if (!isFolder) return { kind: 'FILE', file: given };
  await mkdir(given, { recursive: true });
  return { kind: 'FOLDER', folder: given };
}

/**
 * Files that are not replaced whatever is in them: those that are imported, and what was saved for
 * them.
 */
export type Kept = {
  readonly has: (file: string | Buffer) => Promise<boolean>;
  readonly add: (file: string | Buffer) => Promise<void>;
};

/**
 * Starts with the files that are imported; by device and number, as one file may have several
 * paths.
 */
export async function keepFiles(files: readonly (string | Buffer)[]): Promise<Kept> {
  const ids = new Set<string>();
  const idOf = (file: string | Buffer) =>
    stat(file).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => null,
    );
  const add = async (file: string | Buffer) => {
    const id = await idOf(file);
    if (id !== null) ids.add(id);
  };
  for (const file of files) await add(file);
  return { add, has: async (file) => ids.has((await idOf(file)) ?? '') };
}

type Saving = Failed & { readonly place: ErrorPlace; readonly kept: Kept };

/**
 * Saves the failed lines of a file: those of `day.csv` as `day.csv.errors.csv`. A file of that name
 * is replaced only where it still is what an earlier import of the same file left there; one that
 * somebody has worked on stays, and the new one becomes `day.csv.errors.2.csv`.
 */
export async function saveErrorFile(saving: Saving): Promise<Buffer> {
  const { client, uri, place, kept } = saving;
  const { folder, nameAt } = namesOf(saving);
  const content = Readable.fromWeb((await client.download(dataPath(uri))) as ReadableStream);
  if (place.kind === 'FILE' && (await isNoFile(place.file))) {
    await pipeline(content, createWriteStream(place.file));
    return Buffer.from(place.file);
  }
  const file = await saveNew({
    ...{ folder, nameAt, content },
    // in a folder for the failed lines of many files, the same name says nothing
    mayReplace: async (existing) =>
      place.kind !== 'FOLDER' && !(await kept.has(existing)) && isUntouched(saving, existing),
  });
  await kept.add(file);
  return file;
}

/** The path under `/v1` of the bytes that a URI names. */
export function dataPath(uri: string): string {
  return `/data_file/data?${new URLSearchParams({ uri })}`;
}

function namesOf({ place, input }: Saving): { folder: string | Buffer; nameAt: (n: number) => Buffer } {
  const { source, format } = input;
  if (place.kind === 'FILE') {
    const name = nameOf(place.file);
    const extension = path.extname(place.file);
    const stem = name.subarray(0, name.length - Buffer.byteLength(extension));
    const nameAt = (n: number) => (n === 1 ? name : withSuffix(stem, `.${n}${extension}`));
    return { folder: folderOf(place.file), nameAt };
  }
  return {
    folder: place.kind === 'FOLDER' ? place.folder : source.folder,
    nameAt: errorNames(source.fileName, format),
  };
}

/**
 * The names that the failed lines of a file get, in their order: `day.csv.errors.csv`,
 * `day.csv.errors.2.csv`, …
 */
export function errorNames(fileName: Buffer, format: Format): (n: number) => Buffer {
  const base = Buffer.from(reportedName(fileName.toString('latin1')), 'latin1');
  // the failed rows of a Parquet file are lines of NDJSON
  const extension = format === 'parquet' ? 'ndjson' : format;
  return (n) => withSuffix(base, `.errors${n === 1 ? '' : `.${n}`}.${extension}`);
}

/** How far back an execution is looked for that an error file may come from. */
const LOOK_BACK = 100;

/**
 * Whether a file is, byte for byte, what the service gave for an earlier import of a file of the
 * same name.
 */
async function isUntouched({ client, path: at, execution, input }: Saving, file: Buffer): Promise<boolean> {
  const before = await lstat(file).catch(() => null);
  if (!before?.isFile()) return false;
  const { data: earlier } = await client.list<ApiExecution>(at, { max_results: LOOK_BACK });
  const uris = earlier
    .filter(({ id, result }) => id !== execution.id && result?.input_file_name === input.source.name)
    .flatMap(({ result }) => result?.error_file_uri ?? []);
  let digest: string | null = null;
  for (const uri of uris) {
    if ((await client.sizeOf(dataPath(uri))) !== before.size) continue;
    digest ??= await digestOf(createReadStream(file));
    const given = Readable.fromWeb((await client.download(dataPath(uri))) as ReadableStream);
    if ((await digestOf(given)) !== digest) continue;
    const now = await lstat(file).catch(() => null);
    return now?.ino === before.ino && now.size === before.size && now.mtimeMs === before.mtimeMs;
  }
  return false;
}
