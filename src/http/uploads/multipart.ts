import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import { parse } from 'content-disposition';
import type { FastifyRequest } from 'fastify';
import { readContentEncoding } from '../../documents/decompress.ts';
import type { Documents, ReceivedDocument } from '../../documents/documents.ts';
import { type ErrorCode, ServiceError } from '../../errors.ts';
import type { MimeType } from '../../model/records.ts';
import { detached, endedBy, endedEarly } from '../connection.ts';
import { checkPartType, partDisposition } from './content-type.ts';

const MOST_SKIPPED_BYTES = 64 * 1024 * 1024;
/**
 * Refusals of one file that another `file` part may follow and replace; the others end the request.
 */
const REPLACEABLE: ReadonlySet<ErrorCode> = new Set([
  'EMPTY_FILE',
  'UNSUPPORTED_FILE',
  'CONTENT_TYPE_MISMATCH',
  'UNSUPPORTED_CONTENT_ENCODING',
  'INVALID_COMPRESSION',
  'NOT_NDJSON',
  'INVALID_HEADER',
]);
/**
 * Under which the bytes of a part are those of the file (RFC 7578, section 4.7, which gives up the
 * others).
 */
const TRANSFER_ENCODINGS: readonly string[] = ['', '7bit', '8bit', 'binary'];

type Outcome =
  | { readonly type: 'RECEIVED'; readonly document: ReceivedDocument; readonly fileName: string | null }
  | { readonly type: 'REFUSED'; readonly error: ServiceError };
export type ReceivePart = (file: {
  readonly stream: ReturnType<typeof detached>;
  readonly contentEncoding: string | null;
}) => Promise<ReceivedDocument>;
/** How much that nobody wants is still read; one for a request. */
type Budget = { left: number };

/**
 * Receives the last `file` part of a form (spec §6: the front end sends one growing form); each
 * goes to disk as it comes, and goes again when another follows.
 */
export async function receiveMultipart(
  request: FastifyRequest,
  expected: { readonly mimeType: MimeType; readonly receive: ReceivePart },
  documents: Pick<Documents, 'remove'>,
): Promise<{ document: ReceivedDocument; fileName: string | null }> {
  const budget: Budget = { left: MOST_SKIPPED_BYTES };
  const { signal } = request.stop;
  let last: Outcome | null = null;
  let isReceiving = false;
  // a part that is received is ended with the reason; between two parts there is nothing that could
  // be
  const end = () => {
    if (!isReceiving) request.raw.destroy();
  };
  signal.addEventListener('abort', end, { once: true });
  const receive: ReceivePart = (file) => expected.receive({ ...file, stream: endedBy(signal, file.stream) });
  const receiveOne = async (part: FormPart) => {
    isReceiving = true;
    try {
      return await receivePart(part, { ...expected, receive }, budget);
    } finally {
      isReceiving = false;
    }
  };
  try {
    for await (const part of readParts(request.raw)) {
      if (part.name !== 'file') {
        await skip(part, budget);
        continue;
      }
      await discard(last, documents);
      last = null;
      last = await receiveOne(part);
    }
  } catch (error) {
    await discard(last, documents);
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
  if (last === null) throw new ServiceError('MISSING_FILE', 'the form must have a part "file", got none');
  if (last.type === 'REFUSED') throw last.error;
  return last;
}

async function discard(outcome: Outcome | null, documents: Pick<Documents, 'remove'>): Promise<void> {
  if (outcome?.type === 'RECEIVED') await documents.remove(outcome.document.folder);
}

async function receivePart(
  part: FormPart,
  { mimeType, receive }: { readonly mimeType: MimeType; readonly receive: ReceivePart },
  budget: Budget,
): Promise<Outcome> {
  try {
    checkPart(part, mimeType);
    const { contentEncoding } = part;
    const document = await receive({ stream: detached(part.content), contentEncoding });
    return { type: 'RECEIVED', document, fileName: part.fileName };
  } catch (error) {
    if (!(error instanceof ServiceError) || !REPLACEABLE.has(error.code)) throw error;
    if (!(await skip(part, budget).catch(() => false))) throw error;
    return { type: 'REFUSED', error };
  }
}

/** What a part says of itself counts as what a raw body says of itself. */
function checkPart({ contentType, contentEncoding, transferEncoding }: FormPart, mimeType: MimeType): void {
  checkPartType(contentType, mimeType);
  readContentEncoding(contentEncoding);
  if (!TRANSFER_ENCODINGS.includes(transferEncoding ?? '')) {
    throw new ServiceError(
      'UNSUPPORTED_CONTENT_ENCODING',
      `Content-Transfer-Encoding of the part "file" must be binary or absent, got ${JSON.stringify(transferEncoding?.slice(0, 200))}`,
    );
  }
}

/** Reads a part to its end without keeping it; throws when the budget does not last. */
async function skip({ content }: FormPart, budget: Budget): Promise<true> {
  for await (const chunk of content) {
    budget.left -= chunk.length;
    if (budget.left < 0)
      throw new ServiceError(
        'REQUEST_TOO_LARGE',
        `parts other than the file must be at most ${MOST_SKIPPED_BYTES} bytes`,
      );
  }
  return true;
}

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
