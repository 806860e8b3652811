import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type Reach, whatIsWrong } from './check-url.ts';
import { HostNameError, lookUpFor } from './look-up.ts';
import { AddressRefusedError } from './public-address.ts';

/** What is read of an answer's body, and how long it may take to come within the deadline. */
const MOST_BODY_BYTES = 4096;
const BODY_TIMEOUT_MS = 1_000;
/** Answers before the answer (`100`, `103`): each one costs us, and nobody sends more. */
const MOST_INTERIM = 10;
/** What is kept of it. */
const MOST_KEPT = 1024;
/** An answer that ends HTTP: what follows is no body. */
const SWITCHING_PROTOCOLS = 101;

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
  /** Where its host name is looked up; at those of the machine where none is named. */
  readonly nameServers: readonly string[];
  /**
   * All of it may take so long: the look-up of the name, the connection, what is sent, and the
   * whole answer.
   */
  readonly timeoutMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
};

/** Why an attempt was given up. */
class GivenUpError extends Error {
  override readonly name = 'GivenUpError';
}

/**
 * Sends a body on a connection of its own. Redirects are not followed: they are an answer like any
 * other. Rejects where there is no answer, with an error that `reasonOf` makes a text of. It
 * settles at its deadline or at the signal, whatever the receiver does.
 */
export async function post({ timeoutMs, signal, ...toSend }: Post): Promise<Answer> {
  const stop = new AbortController();
  const end = () => stop.abort(new GivenUpError('it was ended'));
  const late = () => stop.abort(new GivenUpError(`no answer came within ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await send(toSend, stop.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

async function send(
  { url, headers, body, reach, nameServers }: Omit<Post, 'timeoutMs' | 'signal'>,
  signal: AbortSignal,
): Promise<Answer> {
  const target = new URL(url);
  // what was taken when it was made may not be allowed any more; an address is not looked up, so it
  // is checked here
  const wrong = whatIsWrong(url, reach);
  if (wrong !== null) throw new AddressRefusedError(`url: ${wrong}`);
  const lookup = lookUpFor({ reach, nameServers, signal });
  const response = await untilAnswered({ target, headers, body: Buffer.from(body), lookup, signal });
  const status = response.statusCode ?? 0;
  return {
    status,
    body: status === SWITCHING_PROTOCOLS ? '' : await readBeginning(response, signal),
    retryAfterMs: retryAfterOf(response.headers['retry-after']),
  };
}

/**
 * Resolves to the head of the answer; its body is still on the wire. By the signal, not by the
 * events of the request: after an interim answer Node tells nobody that a request was destroyed.
 */
function untilAnswered({
  target,
  headers,
  body,
  lookup,
  signal,
}: {
  readonly target: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly lookup: LookupFunction;
  readonly signal: AbortSignal;
}): Promise<IncomingMessage> {
  const request = (target.protocol === 'https:' ? requestHttps : requestHttp)(target, {
    method: 'POST',
    agent: false,
    lookup,
    headers: {
      ...headers,
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'User-Agent': 'Muster-Webhooks/1',
    },
  });
  return new Promise<IncomingMessage>((resolve, reject) => {
    const giveUp = (reason: unknown) => {
      reject(reason);
      request.destroy();
    };
    const end = () => giveUp(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    request.once('response', resolve);
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    let interim = 0;
    request.on('information', () => {
      if (++interim > MOST_INTERIM)
        giveUp(new GivenUpError(`more than ${MOST_INTERIM} interim answers came`));
    });
    // also when the connection breaks later, which the body is told of as well
    request.on('error', reject);
    request.once('close', () => {
      signal.removeEventListener('abort', end);
      reject(new GivenUpError('the connection was closed before an answer came'));
    });
    if (signal.aborted) end();
    else request.end(body);
  });
}

/** What comes of a body within its bounds; then the connection is closed, whatever is left. */
async function readBeginning(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let read = 0;
  const end = () => response.destroy();
  const timer = setTimeout(end, BODY_TIMEOUT_MS);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
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
    signal.removeEventListener('abort', end);
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
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
};

/** Why no answer came, without what the fault quotes. */
export function reasonOf(fault: unknown): string {
  if (fault instanceof AddressRefusedError || fault instanceof HostNameError || fault instanceof GivenUpError)
    return fault.message;
  const { code } = fault as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? `the connection failed${typeof code === 'string' ? `: ${code}` : ''}`;
}
