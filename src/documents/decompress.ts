import { ServiceError } from '../errors.ts';
import { type Compression, compressionOf } from './compression.ts';
import type { Decoder } from './decoder.ts';
import { decodeGzip } from './gzip.ts';
import { unsupportedFile } from './refusals.ts';
import { invalidCompression } from './zstd-frames.ts';

/** As a file that was compressed is, when its sender and a proxy compress it once more each. */
const MAX_LAYERS = 3;

export type Decompression = {
  /** Value of Content-Encoding, or null. */
  readonly contentEncoding: string | null;
  readonly decodeZstd: Decoder;
  /** Throws where a layer has come to more bytes than are taken. */
  readonly limit: (bytes: number) => void;
};

/**
 * Undoes gzip and zstd wherever they are met: what is compressed is told by the bytes, and a header
 * only says what they should at least be.
 *
 * @throws ServiceError UNSUPPORTED_CONTENT_ENCODING
 */
export function decompress({ contentEncoding, decodeZstd, limit }: Decompression): Decoder {
  const declared = readContentEncoding(contentEncoding);
  const decoders: Readonly<Record<Compression, Decoder>> = { gzip: decodeGzip, zstd: decodeZstd };

  async function* decode(source: AsyncIterable<Buffer>, layers: number): AsyncGenerator<Buffer> {
    const chunks = source[Symbol.asyncIterator]();
    try {
      const head = await readHead(chunks);
      const all = continued(head, chunks);
      const compression = compressionOf(head) ?? null;
      if (compression === null) {
        if (layers === 0 && declared !== null && head.length > 0) throw notCompressed(declared);
        yield* all;
        return;
      }
      if (layers === MAX_LAYERS) throw packedTooOften();
      yield* decode(limited(decoders[compression](all), limit), layers + 1);
    } finally {
      // not awaited: a sender who stands still would hold up the answer
      chunks.return?.().catch(() => {});
    }
  }

  return (source) => decode(source, 0);
}

/**
 * The first compression that a Content-Encoding names, or null where it names none. It may name
 * several, or the same twice.
 *
 * @throws ServiceError UNSUPPORTED_CONTENT_ENCODING
 */
export function readContentEncoding(contentEncoding: string | null): Compression | null {
  const names = (contentEncoding ?? '').split(',').map((name) => name.trim().toLowerCase());
  const known = names.map((name) => COMPRESSION_BY_NAME[name]);
  if (known.includes(undefined)) {
    throw new ServiceError(
      'UNSUPPORTED_CONTENT_ENCODING',
      `Content-Encoding must be gzip, zstd or identity, got ${JSON.stringify(contentEncoding?.slice(0, 200))}`,
    );
  }
  return known.find((each) => each === 'gzip' || each === 'zstd') ?? null;
}

const COMPRESSION_BY_NAME: Readonly<Record<string, Compression | null>> = Object.assign(Object.create(null), {
  '': null,
  identity: null,
  gzip: 'gzip',
  'x-gzip': 'gzip',
  zstd: 'zstd',
});

function notCompressed(declared: Compression): ServiceError {
  return invalidCompression(declared, 'it is not compressed, though Content-Encoding says so');
}

function packedTooOften(): ServiceError {
  const name = `a file that is compressed more than ${MAX_LAYERS} times over`;
  return unsupportedFile({ name, advice: 'decompress it, and compress it once with gzip or zstd' });
}

/**
 * As many bytes as tell a compression, and no more: a sender may wait for an answer with the rest.
 */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (compressionOf(head) === undefined) {
    const next = await chunks.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* continued(head: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

async function* limited(
  source: AsyncIterable<Buffer>,
  limit: Decompression['limit'],
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    limit(bytes);
    yield chunk;
  }
}
