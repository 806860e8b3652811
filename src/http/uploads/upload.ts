import type { FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { cleanFileName } from '../../documents/clean-file-name.ts';
import type { ExpectedDocument } from '../../documents/documents.ts';
import { fileTooLarge } from '../../documents/receive.ts';
import { ServiceError } from '../../errors.ts';
import type { Execution, StoredDocument } from '../../model/execution.ts';
import { inSpan, inTraceOf } from '../../tracing.ts';
import { tokenOf } from '../access.ts';
import { askForBody, detached, endedBy, watchUploadRate } from '../connection.ts';
import { requireNotEnded } from '../live-tokens.ts';
import { countSlow } from '../request-metrics.ts';
import type { HttpDependencies } from '../types.ts';
import { type Carrier, checkContentType, nameInDisposition } from './content-type.ts';
import { receiveMultipart } from './multipart.ts';

/** What an upload must be, by where it goes. */
export type Expected = ExpectedDocument & { readonly datamartId: string };

/**
 * Receives the file of a request, raw or in a form; when it resolves the file is durable. What can
 * be refused without the body is refused before it is asked for.
 */
export async function receiveUpload(
  request: FastifyRequest,
  dependencies: HttpDependencies,
  expected: Expected,
): Promise<StoredDocument> {
  const { config, documents, admission } = dependencies;
  const carrier = checkContentType(request.headers['content-type'], expected.mimeType);
  const bytes = Number(request.headers['content-length'] ?? 0);
  if (carrier === 'BODY' && bytes > config.maxUploadBytes) throw fileTooLarge(config.maxUploadBytes);
  const sender = { datamartId: expected.datamartId, tokenId: tokenOf(request).id };
  return admission.admit(sender, async () => {
    await documents.requireRoom(bytes);
    requireNotEnded(request);
    askForBody(request.raw);
    const unwatch = endSlow(request, config);
    try {
      const document = await receiveBody(request, dependencies, { ...expected, carrier });
      // it ended between the last byte and here: nothing refers to the file yet
      if (request.stop.reason !== null) await documents.remove(document.folder);
      requireNotEnded(request);
      return document;
    } finally {
      unwatch();
    }
  });
}

function endSlow(request: FastifyRequest, { minBytesPerSecond, uploadIdleMs }: Config): () => void {
  return watchUploadRate(request.raw, { minBytesPerSecond, windowMs: uploadIdleMs }, () => {
    countSlow('upload');
    const expected = `at least ${minBytesPerSecond} bytes a second over ${uploadIdleMs} ms`;
    request.stop.abort(
      new ServiceError(
        'REQUEST_TIMEOUT',
        `the upload must come with ${expected} (minBytesPerSecond), got less`,
      ),
    );
  });
}

async function receiveBody(
  request: FastifyRequest,
  { documents, config }: HttpDependencies,
  { carrier, ...expected }: ExpectedDocument & { readonly carrier: Carrier },
): Promise<StoredDocument> {
  const contentEncoding = request.headers['content-encoding'] ?? null;
  const { mimeType } = expected;
  if (carrier === 'BODY') {
    const stream = endedBy(request.stop.signal, detached(request.raw));
    const received = await documents.receive({ ...expected, stream, contentEncoding });
    const name = nameInDisposition(request.headers['content-disposition']);
    return { ...received, fileName: cleanFileName(name, mimeType) };
  }
  if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity') {
    throw new ServiceError(
      'UNSUPPORTED_CONTENT_ENCODING',
      `Content-Encoding is for a file that is the body itself; a multipart body must have none, got ${JSON.stringify(contentEncoding)}`,
    );
  }
  // Between two parts nothing watches for a client that stands still, but its socket can.
  request.raw.setTimeout(2 * config.uploadIdleMs, () => request.raw.destroy());
  const { document, fileName } = await receiveMultipart(
    request,
    { mimeType, receive: (file) => documents.receive({ ...expected, ...file }) },
    documents,
  );
  return { ...document, fileName: cleanFileName(fileName, mimeType) };
}

/**
 * Does the work of an upload in its span; the execution it came to stands there and in the log line
 * of the request.
 */
export function traceUpload(request: FastifyRequest, work: () => Promise<Execution>): Promise<Execution> {
  return inTraceOf(request.headers, () =>
    inSpan('muster.upload', { 'muster.request_id': request.id }, async (span) => {
      const execution = await work();
      request.executionId = execution.id;
      span.setAttributes({
        'muster.datamart_id': execution.datamartId,
        'muster.execution_id': execution.id,
        'muster.bytes': execution.document.bytes,
      });
      return execution;
    }),
  );
}
