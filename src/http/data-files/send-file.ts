import { Readable } from 'node:stream';
import { create } from 'content-disposition';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fresh from 'fresh';
import parseRange, { type Range } from 'range-parser';
import type { KeptFile } from '../../documents/documents.ts';
import { ServiceError } from '../../errors.ts';
import { contentOf } from '../../model/file-reader.ts';

/** Where a range lies that a file does not have: taken up by the error handler. */
class RangeNotSatisfiable extends ServiceError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(bytes: number) {
    super('RANGE_NOT_SATISFIABLE', 'Range Not Satisfiable');
    this.headers = { 'Content-Range': `bytes */${bytes}` };
  }
}

/**
 * Answers with a kept file, or the one range of it that is asked for, unless the client has it
 * already (RFC 9110, sections 13 and 14); several ranges are answered by the whole. Neither guessed
 * nor kept by caches, since files hold personal data. The file is closed when the answer is over.
 */
export async function sendFile(
  { file, name }: { readonly file: KeptFile; readonly name: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const lastModified = new Date(file.modifiedAt).toUTCString();
  const validators = { etag: file.etag, 'last-modified': lastModified };
  try {
    if (isAnother(request, validators))
      throw new ServiceError('INVALID_REQUEST', 'the file is not the one that If-Match names');
    const range = rangeOf(request, { bytes: file.bytes, ...validators });
    reply.type('application/octet-stream').headers({
      'Content-Disposition': create(name),
      'Accept-Ranges': 'bytes',
      'Last-Modified': lastModified,
      ETag: file.etag,
    });
    if (fresh(request.headers, validators)) {
      await file.close();
      return reply.code(304).send();
    }
    const [start, end] = range === null ? [0, file.bytes] : [range.start, range.end + 1];
    if (range !== null) reply.code(206).header('Content-Range', `bytes ${start}-${end - 1}/${file.bytes}`);
    reply.header('Content-Length', end - start);
    if (request.method === 'HEAD') {
      await file.close();
      // without a body of any kind the length that was told would become 0
      return reply.send(Readable.from([]));
    }
    return reply.send(streamOf(file, { start, end }));
  } catch (error) {
    await file.close();
    throw error;
  }
}

function streamOf(file: KeptFile, range: { readonly start: number; readonly end: number }): Readable {
  const stream = Readable.from(contentOf(file, range), { objectMode: false });
  stream.once('close', () => {
    // nothing is lost by a handle that cannot be closed, and the answer is over
    file.close().catch(() => undefined);
  });
  return stream;
}

type Validators = { readonly etag: string; readonly 'last-modified': string };

function isAnother({ headers }: FastifyRequest, { etag }: Validators): boolean {
  const asked = headers['if-match'];
  if (asked === undefined || asked.trim() === '*') return false;
  return !asked.split(',').some((each) => each.trim() === etag || `W/${each.trim()}` === etag);
}

/**
 * The one range that is asked for; null for the whole file, also where the range is of another file
 * than there is now.
 */
function rangeOf({ headers }: FastifyRequest, of: Validators & { readonly bytes: number }): Range | null {
  if (headers.range === undefined || !isOfThis(headers['if-range'], of)) return null;
  if (!/^ *bytes=/.test(headers.range)) return null;
  const ranges = parseRange(of.bytes, headers.range, { combine: true });
  if (ranges === -1 || ranges === -2) throw new RangeNotSatisfiable(of.bytes);
  if (ranges.length !== 1) return null;
  return ranges[0] ?? null;
}

function isOfThis(ifRange: string | string[] | undefined, of: Validators): boolean {
  if (ifRange === undefined) return true;
  const asked = String(ifRange);
  if (asked.includes('"')) return asked.includes(of.etag);
  return Date.parse(of['last-modified']) <= Date.parse(asked);
}
