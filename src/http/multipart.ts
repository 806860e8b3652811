import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Documents, ReceivedDocument } from '../documents/documents.ts';
import { type ErrorCode, ServiceError } from '../errors.ts';
import { detached, endedBy, endedEarly } from './detached.ts';

const MOST_SKIPPED_BYTES = 64 * 1024 * 1024;
/** Texts of a form are kept in memory until its end, and nothing reads them. */
const LIMITS = {
  fileSize: Number.POSITIVE_INFINITY,
  files: 100,
  parts: 200,
  fieldSize: 1024,
  headerPairs: 20,
};
/** Refusals of one file that another `file` part may follow and replace; the others end the request. */
const REPLACEABLE: ReadonlySet<ErrorCode> = new Set(['EMPTY_FILE', 'NOT_NDJSON', 'INVALID_HEADER']);

type Outcome =
  | { readonly type: 'RECEIVED'; readonly document: ReceivedDocument; readonly fileName: string }
  | { readonly type: 'REFUSED'; readonly error: ServiceError };
type Receive = (stream: ReturnType<typeof detached>) => Promise<ReceivedDocument>;
/** How much that nobody wants is still read; one for a request. */
type Budget = { left: number };

/**
 * Receives the last `file` part of a form (spec §6: the front end sends one growing form); each goes to disk as it
 * comes, and goes again when another follows.
 */
export async function receiveMultipart(
  request: FastifyRequest,
  receive: Receive,
  documents: Pick<Documents, 'remove'>,
): Promise<{ document: ReceivedDocument; fileName: string }> {
  const budget: Budget = { left: MOST_SKIPPED_BYTES };
  const { signal } = request.stop;
  let last: Outcome | null = null;
  let isReceiving = false;
  // a part that is received is ended with the reason; between two parts there is nothing that could be
  const end = () => {
    if (!isReceiving) request.raw.destroy();
  };
  signal.addEventListener('abort', end, { once: true });
  const receiveOne = async (part: MultipartFile) => {
    isReceiving = true;
    try {
      return await receivePart(part, (stream) => receive(endedBy(signal, stream)), budget);
    } finally {
      isReceiving = false;
    }
  };
  try {
    for await (const part of request.parts({ limits: LIMITS })) {
      if (part.type !== 'file') continue;
      if (part.fieldname !== 'file') {
        await skip(part, budget);
        continue;
      }
      await discard(last, documents);
      last = null;
      last = await receiveOne(part);
    }
  } catch (error) {
    await discard(last, documents);
    throw asServiceError(error);
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

async function receivePart(part: MultipartFile, receive: Receive, budget: Budget): Promise<Outcome> {
  try {
    const document = await receive(detached(part.file));
    return { type: 'RECEIVED', document, fileName: part.filename };
  } catch (error) {
    if (!(error instanceof ServiceError) || !REPLACEABLE.has(error.code)) throw error;
    if (!(await skip(part, budget).catch(() => false))) throw error;
    return { type: 'REFUSED', error };
  }
}

/** Reads a part to its end without keeping it; throws when the budget does not last. */
async function skip(part: MultipartFile, budget: Budget): Promise<true> {
  for await (const chunk of part.file) {
    budget.left -= chunk.length;
    if (budget.left < 0)
      throw new ServiceError(
        'REQUEST_TOO_LARGE',
        `parts other than the file must be at most ${MOST_SKIPPED_BYTES} bytes`,
      );
  }
  return true;
}

/** What the parser of forms complains about is the sender's doing. */
function asServiceError(error: unknown): unknown {
  if (error instanceof ServiceError || !(error instanceof Error)) return error;
  if ((error as { code?: unknown }).code === 'FST_MP_PREMATURE_CLOSE') return endedEarly();
  const isRefusal = /multipart|boundary|part header/i.test(error.message) || 'statusCode' in error;
  return isRefusal
    ? new ServiceError('INVALID_REQUEST', `the form cannot be read: ${error.message}`, { cause: error })
    : error;
}
