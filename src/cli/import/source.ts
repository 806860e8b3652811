import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { type Compression, compressionOf } from '../../documents/start/compression.ts';
import { CliError } from '../failures.ts';

export type Format = 'ndjson' | 'csv';

/** A file to import, as found on disk. */
export type Source = {
  readonly path: string;
  /** Without folder, without `.gz` or `.zst`. */
  readonly name: string;
  /** As it lies there, compressed or not. */
  readonly bytes: number;
  readonly compression: Compression | null;
  /** From the extension, else from the first bytes; null when neither tells. */
  readonly format: Format | null;
};

const FORMAT_BY_EXTENSION: Readonly<Record<string, Format>> = {
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.json': 'ndjson',
  '.csv': 'csv',
  '.tsv': 'csv',
};

const HEAD_BYTES = 4096;

/**
 * Looks at a file: its size, whether it is compressed (by its first bytes, which do not lie as names do), its format.
 *
 * @throws CliError when it is missing, empty, or not a file
 */
export async function inspectFile(file: string): Promise<Source> {
  let handle: FileHandle | undefined;
  try {
    if (!(await stat(file)).isFile()) throw new CliError('expected a file, this is something else');
    handle = await open(file);
    const { size } = await handle.stat();
    if (size === 0) throw new CliError('the file is empty');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const compression = compressionOf(head) ?? null;
    const name = path.basename(file).replace(/\.(gz|zst)$/i, '');
    const format = FORMAT_BY_EXTENSION[path.extname(name).toLowerCase()];
    return { path: file, name, bytes: size, compression, format: format ?? (await sniff(head, compression)) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(code === 'ENOENT' ? 'there is no such file' : message, { cause: error });
  } finally {
    await handle?.close();
  }
}

async function sniff(head: Buffer, compression: Compression | null): Promise<Format | null> {
  if (compression === 'zstd') return null;
  const text = compression === 'gzip' ? await firstBytesOfGzip(head) : head;
  const first = text
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()[0];
  if (first === undefined) return null;
  return first === '{' || first === '[' ? 'ndjson' : 'csv';
}

/** What the beginning of a gzip file unpacks to; the cut at its end is no error here. */
async function firstBytesOfGzip(head: Buffer): Promise<Buffer> {
  const gunzip = createGunzip();
  gunzip.end(head);
  try {
    for await (const chunk of gunzip) return chunk as Buffer;
  } catch {
    // Not gzip after its first two bytes: the service will say so.
  }
  return Buffer.alloc(0);
}
