import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { hostOf, type Reach, whatIsWrong } from './check-url.ts';
import { AddressRefusedError, lookUpPublic } from './public-address.ts';

/** How long an attempt may take, from the look-up of the name to the head of the answer. */
const TIMEOUT_MS = 15_000;
/** What is read of an answer's body, and how long it may take to come. */
const MOST_BODY_BYTES = 4096;
const BODY_TIMEOUT_MS = 1_000;
/** What is kept of it. */
const MOST_KEPT = 1024;

export type Answer = {
  readonly status: number;
  /** The beginning of the body, as text without control characters. */
  readonly body: string;
  /** What Retry-After asks for, in ms; null where it does not. */
  readonly retryAfterMs: number | null;
};

export type Post = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly reach: Reach;
  /** Ends it at once. */
  readonly signal: AbortSignal;
};

/**
 * Sends a body on a connection of its own. Redirects are not followed: they are an answer like any other. Rejects where there is no
 * answer, with an error that `reasonOf` makes a text of.
 */
export async function post({ url, headers, body, reach, signal }: Post): Promise<Answer> {
  const target = new URL(url);
  // what was taken when it was made may not be allowed any more; an address is not looked up, so it is checked here
  const wrong = whatIsWrong(url, reach);
  if (wrong !== null) throw new AddressRefusedError(`url: ${wrong}`);
  const response = await untilAnswered({ target, headers, body: Buffer.from(body), reach, signal });
  return {
    status: response.statusCode ?? 0,
    body: await readBeginning(response),
    retryAfterMs: retryAfterOf(response.headers['retry-after']),
  };
}

/** Resolves to the head of the answer; its body is still on the wire. */
async function untilAnswered({
  target,
  headers,
  body,
  reach,
  signal,
}: Omit<Post, 'url' | 'body'> & {
  readonly target: URL;
  readonly body: Buffer;
}): Promise<IncomingMessage> {
  const stop = new AbortController();
  const end = () => stop.abort();
  const timer = setTimeout(end, TIMEOUT_MS);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(target, {
        method: 'POST',
        agent: false,
        signal: stop.signal,
        ...(reach === 'PUBLIC' && isIP(hostOf(target)) === 0 ? { lookup: lookUpPublic } : {}),
        headers: {
          ...headers,
          'Content-Type': 'application/json',
          'Content-Length': body.length,
          'User-Agent': 'Muster-Webhooks/1',
        },
      });
      request.once('response', resolve);
      // also when the connection breaks later, which the body is told of as well
      request.on('error', reject);
      request.end(body);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/** What comes of a body within its bounds; then the connection is closed, whatever is left. */
async function readBeginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let read = 0;
  const timer = setTimeout(() => response.destroy(), BODY_TIMEOUT_MS);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      read += chunk.length;
      if (read >= MOST_BODY_BYTES) break;
    }
  } catch {
    // it broke off: the status has come, and that is what counts
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
  const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, MOST_BODY_BYTES));
  return [...text.replace(/[^\P{Cc}\n\t]/gu, '')].slice(0, MOST_KEPT).join('');
}

/** Seconds; a date is not read, since the clocks may differ. */
function retryAfterOf(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : null;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke before an answer came',
  ENOTFOUND: 'the name of the host is not known',
  EAI_AGAIN: 'the name of the host could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
};

/** Why no answer came, without what the fault quotes. */
export function reasonOf(fault: unknown): string {
  if (fault instanceof AddressRefusedError) return fault.message;
  const { name, code } = fault as NodeJS.ErrnoException;
  if (name === 'AbortError') return `no answer came within ${TIMEOUT_MS / 1000} seconds`;
  return REASONS[code ?? ''] ?? `the connection failed${typeof code === 'string' ? `: ${code}` : ''}`;
}
