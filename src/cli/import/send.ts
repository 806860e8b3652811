import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { authorization, type Connection, readAnswer, unreachable } from '../client.ts';
import { CliError, systemCode } from '../failures.ts';

export type Body = {
  readonly headers: Readonly<Record<string, string>>;
  /** From its start, each time it is called: an upload may have to be sent again. */
  readonly chunks: () => AsyncIterable<Uint8Array>;
  /** Length of all chunks, or null when it is not known beforehand. */
  readonly bytes: number | null;
};

type Upload = {
  readonly path: string;
  readonly body: Body;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
};

/**
 * Posts a body chunk by chunk and resolves to the JSON of the answer. `node:http`, because `fetch`
 * gives up after five minutes without an answer, and hides the answer of a service that refuses an
 * upload before its end.
 */
export async function sendBody(connection: Connection, upload: Upload): Promise<unknown> {
  const { body, signal } = upload;
  const url = new URL(`${connection.url}/v1${upload.path}`);
  const headers: Record<string, string | number> = { ...authorization(connection), ...body.headers };
  if (body.bytes !== null) headers['content-length'] = body.bytes;
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method: 'POST',
    headers,
    signal,
  });
  const chunks = Readable.from(counted(body, upload.onSent), { objectMode: false });
  // What stops the sending destroys the request, so that awaiting the answer rejects with it.
  const sending = pipeline(chunks, request).catch(() => {});
  try {
    return readAnswer(connection, await readResponse(request));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw uploadFailure(connection, error);
  } finally {
    // An answer that comes before the end of the body is a refusal: the rest need not be sent.
    request.destroy();
    await sending;
  }
}

function readResponse(request: http.ClientRequest): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      // From here on the answer decides; that the rest of the body found no reader is of no
      // interest.
      request.removeListener('error', reject).on('error', () => {});
      response.setEncoding('utf8');
      response
        .toArray()
        .then((parts) => resolve({ status: response.statusCode ?? 0, text: parts.join('') }))
        .catch(reject);
    });
  });
}

async function* counted({ chunks, bytes }: Body, onSent: (bytes: number) => void) {
  let sent = 0;
  for await (const chunk of chunks()) {
    yield chunk;
    sent += chunk.byteLength;
    onSent(sent);
  }
  if (bytes !== null && sent !== bytes) throw new CliError('the file became shorter while it was being sent');
}

function uploadFailure(connection: Connection, error: unknown): unknown {
  switch (systemCode(error)) {
    case 'EPIPE':
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return new CliError(
        `${connection.url} closed the connection before the file was received; is it larger than the service takes?`,
        {
          cause: error,
        },
      );
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
      return unreachable(connection, error);
    default:
      return error;
  }
}
