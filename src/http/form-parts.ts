import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import { parse } from 'content-disposition';
import { ServiceError } from '../errors.ts';
import { endedEarly } from './detached.ts';
import { partDisposition } from './file-name.ts';

/** A part of a form, as it comes. */
export type FormPart = {
  /** Null of one that names none. */
  readonly name: string | null;
  readonly fileName: string | null;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | null;
  readonly transferEncoding: string | null;
  /** To be read to its end before the next part comes. */
  readonly content: Readable;
};

const MAX_PARTS = 200;
const MAX_PART_HEADERS = 20;

/**
 * The parts of a form, one after the other. Read by the part parser of busboy and not by busboy
 * itself, which tells nothing of a part's charset and Content-Encoding.
 *
 * @throws ServiceError INVALID_REQUEST for a form that cannot be read
 */
export async function* readParts(request: IncomingMessage): AsyncGenerator<FormPart> {
  const parser = new Dicer({ boundary: boundaryOf(request), maxHeaderPairs: MAX_PART_HEADERS });
  const parts = new PassThrough({ objectMode: true, highWaterMark: MAX_PARTS });
  let current: Readable | null = null;
  let count = 0;

  function fail(error: Error): void {
    current?.destroy(error);
    parts.destroy(error);
  }
  function onClose(): void {
    if (!request.readableEnded) fail(endedEarly());
  }

  parser.on('part', (part: Readable) => {
    // whoever reads it is told; without a listener the process would end
    part.on('error', () => {});
    part.once('header', (headers: PartHeaders) => {
      current = part;
      if (++count > MAX_PARTS) fail(invalidForm(`it has more than ${MAX_PARTS} parts`));
      else parts.write({ ...readHeaders(headers), content: part });
    });
  });
  parser.on('error', (error: Error) => fail(invalidForm(error.message, error)));
  parser.on('finish', () => parts.end());
  parts.on('error', () => {});
  request.on('close', onClose);
  request.pipe(parser);
  try {
    for await (const part of parts) yield part as FormPart;
  } finally {
    request.off('close', onClose);
    request.unpipe(parser);
  }
}

/** By name in lower case; one byte is one character. */
type PartHeaders = Readonly<Record<string, readonly string[] | undefined>>;

function readHeaders(headers: PartHeaders): Omit<FormPart, 'content'> {
  const { type, parameters } = partDisposition(headers['content-disposition']?.[0] ?? '');
  const isPart = type === 'form-data';
  return {
    name: isPart ? (parameters.name ?? null) : null,
    fileName: isPart ? (parameters.filename ?? null) : null,
    contentType: headers['content-type']?.[0],
    contentEncoding: headers['content-encoding']?.join(',') ?? null,
    transferEncoding: headers['content-transfer-encoding']?.[0]?.trim().toLowerCase() ?? null,
  };
}

function boundaryOf(request: IncomingMessage): string {
  const { boundary } = parse(request.headers['content-type'] ?? '').parameters;
  if (boundary === undefined || boundary === '') throw invalidForm('its Content-Type names no boundary');
  return boundary;
}

function invalidForm(why: string, cause?: unknown): ServiceError {
  return new ServiceError('INVALID_REQUEST', `the form cannot be read: ${why}`, { cause });
}
