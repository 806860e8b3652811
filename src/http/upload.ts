import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../errors.ts';
import type { StoredDocument } from '../model/execution.ts';
import type { MimeType } from '../model/records.ts';
import { checkContentType } from './content-type.ts';
import type { HttpDependencies } from './dependencies.ts';
import { detached } from './detached.ts';
import { cleanFileName, nameInDisposition } from './file-name.ts';
import { receiveMultipart } from './multipart.ts';

/** What an upload must be, by where it goes. */
export type Expected = { readonly mimeType: MimeType; readonly profile: 'COMMANDS' | 'USER_LIST' };

/** Receives the file of a request, raw or in a form; when it resolves the file is durable. */
export async function receiveUpload(
  request: FastifyRequest,
  { documents, config }: HttpDependencies,
  expected: Expected,
): Promise<StoredDocument> {
  const contentEncoding = request.headers['content-encoding'] ?? null;
  const carrier = checkContentType(request.headers['content-type'], expected.mimeType);
  if (carrier === 'BODY') {
    const received = await documents.receive({ stream: detached(request.raw), contentEncoding, ...expected });
    const name = nameInDisposition(request.headers['content-disposition']);
    return { ...received, fileName: cleanFileName(name, expected.mimeType) };
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
    (stream) => documents.receive({ stream, contentEncoding: null, ...expected }),
    documents,
  );
  return { ...document, fileName: cleanFileName(fileName, expected.mimeType) };
}
