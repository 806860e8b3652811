import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { isParquet } from '../../content/start/parquet-start.ts';
import { type Compression, compressionOf } from '../../documents/compression.ts';
import { CliError, EmptyFileError } from '../failures.ts';
import { folderOf, nameOf, shown } from '../files/name.ts';
import { descriptorOf, openStream, spool } from './spool.ts';

export type Format = 'ndjson' | 'csv' | 'parquet';

/** A file to import, as found on disk, or put aside there. Whoever opened it closes it. */
export type Source = {
  /** Without folder, without `.gz` or `.zst`. */
  readonly name: string;
  /** Where its failed lines are saved: a folder, and what their file is named after. */
  readonly folder: Buffer;
  readonly fileName: Buffer;
  /** As it lies there, compressed or not. */
  readonly bytes: number;
  readonly compression: Compression | null;
  /** From the extension, else from the first bytes; null when neither tells. */
  readonly format: Format | null;
  /**
   * All of it from the start, each time. As many bytes as there were: one that shrinks ends early.
   */
  readonly chunks: () => AsyncIterable<Uint8Array>;
  /** What became of it since it was opened: null, or in words what was written to it. */
  readonly changed: () => Promise<string | null>;
  readonly close: () => Promise<void>;
};

const FORMAT_BY_EXTENSION: Readonly<Record<string, Format>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'csv',
  '.parquet': 'parquet',
  '.parq': 'parquet',
};

const HEAD_BYTES = 4096;
const READ_BYTES = 256 * 1024;

/**
 * Looks at a file: its size, whether it is compressed (by its first bytes, which do not lie as
 * names do), its format. What can be read only once, such as `-`, is read to its end for that.
 *
 * @throws CliError when it is missing, empty, or not a file
 */
export async function openSource(file: string | Buffer, signal: AbortSignal): Promise<Source> {
  const opened = await openAny(file, signal).catch((error: unknown) => {
    throw readable(error);
  });
  const { handle, fileName, folder, close } = opened;
  try {
    const before = await handle.stat();
    if (before.size === 0) throw new EmptyFileError('the file is empty');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const compression = compressionOf(head) ?? null;
    if (compression === 'gzip' && bytesRead === before.size && (await firstBytesOfGzip(head)) === EMPTY)
      throw new EmptyFileError('the file is empty once decompressed');
    const name = shown(fileName).replace(/\.(gz|zst)$/i, '');
    return {
      ...{ name, folder, fileName, compression, close },
      bytes: before.size,
      format: formatByName(name) ?? (await sniff(head, compression)),
      chunks: () => readChunks(handle, before.size),
      changed: async () => {
        const { size, mtimeMs } = await handle.stat();
        if (size === before.size && mtimeMs === before.mtimeMs) return null;
        return `the file changed while it was being sent, from ${before.size} to ${size} bytes; what was sent is imported`;
      },
    };
  } catch (error) {
    await close();
    throw readable(error);
  }
}

/** Reads at places of its own each time; a stream would close the file at its end. */
async function* readChunks(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    const length = Math.min(READ_BYTES, size - at);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

type Opened = Pick<Source, 'folder' | 'fileName' | 'close'> & { readonly handle: FileHandle };

async function openAny(file: string | Buffer, signal: AbortSignal): Promise<Opened> {
  const path = typeof file === 'string' ? file : shown(file);
  const descriptor = descriptorOf(path);
  if (descriptor !== null) {
    const fileName = Buffer.from(descriptor === 0 ? 'stdin' : `fd-${descriptor}`);
    return openOnce(path, { fileName, folder: Buffer.from('.') }, signal);
  }
  const named = { fileName: nameOf(file), folder: folderOf(file) };
  const stats = await stat(file);
  if (stats.isFIFO()) return openOnce(path, named, signal);
  if (!stats.isFile())
    throw new CliError(`expected a file, got ${stats.isDirectory() ? 'a folder' : 'something else'}`);
  // what has become a pipe meanwhile is not waited for
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  return { ...named, handle, close: () => handle.close() };
}

async function openOnce(
  path: string,
  named: Pick<Source, 'folder' | 'fileName'>,
  signal: AbortSignal,
): Promise<Opened> {
  const { handle, discard } = await spool(await openStream(path, signal), signal);
  return { ...named, handle, close: discard };
}

export function readable(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new CliError('no such file', { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new CliError('permission denied', { cause: error });
    case 'EBADF':
      return new CliError('this file descriptor is not open', { cause: error });
    default:
      return code === undefined || error instanceof CliError
        ? error
        : new CliError(message, { cause: error });
  }
}

function formatByName(name: string): Format | undefined {
  const [extension = ''] = /\.[^.]*$/.exec(name) ?? [];
  return FORMAT_BY_EXTENSION[extension.toLowerCase()];
}

async function sniff(head: Buffer, compression: Compression | null): Promise<Format | null> {
  if (compression === 'zstd') return null;
  const text = compression === 'gzip' ? await firstBytesOfGzip(head) : head;
  if (isParquet(text)) return 'parquet';
  const first = text
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()[0];
  if (first === undefined) return null;
  return first === '{' || first === '[' ? 'ndjson' : 'csv';
}

const EMPTY = Buffer.alloc(0);

/**
 * What the beginning of a gzip file unpacks to, `EMPTY` when it ends well without a byte; the cut
 * at its end is no error here.
 */
async function firstBytesOfGzip(head: Buffer): Promise<Buffer> {
  const gunzip = createGunzip();
  gunzip.end(head);
  try {
    for await (const chunk of gunzip) return chunk as Buffer;
    return EMPTY;
  } catch {
    // Not gzip after its first two bytes: the service will say so.
    return Buffer.alloc(0);
  }
}
