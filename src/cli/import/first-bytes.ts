import { Buffer } from 'node:buffer';
import { createStartCheck } from '../../content/start/check-start.ts';
import { Head } from '../../content/start/head.ts';
import { isParquet } from '../../content/start/parquet-start.ts';
import { inUtf8 } from '../../content/start/utf16.ts';
import type { Compression } from '../../documents/compression.ts';
import { decompress } from '../../documents/decompress.ts';
import type { ExpectedDocument } from '../../documents/documents.ts';
import { blankFile } from '../../documents/refusals.ts';
import { decodeZstd } from '../../documents/zstd.ts';
import { invalidCompression } from '../../documents/zstd-frames.ts';
import { ServiceError } from '../../errors.ts';
import { ApiError } from '../failures.ts';
import type { Format } from './source.ts';

/** The beginning of a file, decompressed and in UTF-8. */
export type Start = { readonly bytes: Buffer; readonly isWhole: boolean };

/** What a file must be: of what format, and by which columns or mapping. */
type ExpectedStart = { readonly format: Format } & Pick<ExpectedDocument, 'profile' | 'mapping'>;

const START_BYTES = 256 * 1024;
const MIME_TYPE = {
  ndjson: 'APPLICATION_X_NDJSON',
  csv: 'TEXT_CSV',
  parquet: 'APPLICATION_PARQUET',
} as const;

/**
 * Reads the beginning of a file as the service would keep it; null where that cannot be done
 * here, and the service is to say why.
 *
 * @throws ApiError where the service would refuse it
 */
export async function readStart(
  chunks: AsyncIterable<Uint8Array>,
  mostBytes: number = START_BYTES,
): Promise<Start | null> {
  const decode = decompress({ contentEncoding: null, decodeZstd, limit: () => {} });
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of inUtf8(decode(asBuffers(chunks)))) {
      parts.push(part);
      length += part.length;
      if (length >= mostBytes) return { bytes: Buffer.concat(parts), isWhole: false };
    }
    return { bytes: Buffer.concat(parts), isWhole: true };
  } catch (error) {
    if (isRefusal(error)) throw asApiError(error);
    // a damaged file, whose first lines do not count
    if (/^(Z_|ZSTD_|ERR_STREAM_)/.test(String((error as { code?: unknown }).code))) return null;
    if (error instanceof ServiceError) return null;
    throw error;
  }
}

/**
 * Whether a file holds nothing at all, or blanks and byte order marks alone, decompressed. A
 * damaged one is not said to.
 */
export async function isBlank(chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  const decode = decompress({ contentEncoding: null, decodeZstd, limit: () => {} });
  const head = new Head(1);
  try {
    for await (const part of inUtf8(decode(asBuffers(chunks)))) {
      head.take(part);
      if (!head.isBlank) return false;
    }
    head.end();
    return head.isBlank;
  } catch {
    return false;
  }
}

function isBlankText(bytes: Buffer): boolean {
  const head = new Head(1);
  head.take(bytes);
  head.end();
  return head.isBlank;
}

/** Refuses what is compressed, and so damaged that nothing of it can be told. */
export function damagedFile(compression: Compression): ApiError {
  return asApiError(invalidCompression(compression, 'it is damaged or cut off'));
}

async function* asBuffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const { buffer, byteOffset, byteLength } of chunks)
    yield Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * The format that a file is of, as far as its beginning tells.
 *
 * @throws ApiError where there is nothing in it, which is of no format
 */
export function formatOf(start: Start): Format | null {
  if (start.isWhole && isBlankText(start.bytes)) throw asApiError(blankFile());
  if (isParquet(start.bytes)) return 'parquet';
  const first = start.bytes
    .toString('utf8')
    .replace(/^[\s\ufeff]+/, '')
    .at(0);
  if (first === '{' || first === '[') return 'ndjson';
  return refusalOf(start, { format: 'csv', profile: 'COMMANDS' }) === null ? 'csv' : null;
}

/**
 * Refuses a file as the service would by its first bytes, before it is sent.
 *
 * @throws ApiError
 */
export function requireStart(start: Start, of: ExpectedStart): void {
  const refusal = refusalOf(start, of);
  if (refusal !== null) throw asApiError(refusal);
}

function refusalOf({ bytes, isWhole }: Start, { format, ...expected }: ExpectedStart): ServiceError | null {
  const check = createStartCheck({ mimeType: MIME_TYPE[format], ...expected });
  try {
    check.take(bytes);
    if (isWhole) check.end();
    return null;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

function isRefusal(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.status === 400;
}

function asApiError({ status, code, message }: ServiceError): ApiError {
  return new ApiError(status, code, message);
}
