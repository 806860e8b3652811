import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { ServiceError } from '../errors.ts';

/** Requests whose sender waits with the body until he is asked for it (`Expect: 100-continue`). */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Leaves it to the routes to ask for the body, so that what is refused without it is never sent.
 * Node would ask at once.
 */
export function holdBodies(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Asks for the body of a request whose sender waits. */
export function askForBody(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/**
 * Whether the body was never asked for: it may come or not, so that the connection cannot be used
 * again.
 */
export function isBodyHeld(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** How much of a refused upload is still read, and for how long. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_MS = 5_000;

/**
 * Goes on reading a body that nobody wants, for a while, beside the answer. A connection that is
 * closed while its sender still sends is reset, and then many clients never show the answer that
 * says why.
 */
export function drain(request: IncomingMessage): void {
  if (request.complete !== false || request.destroyed) return;
  const { socket } = request;
  const giveUp = () => socket.destroy();
  const timer = setTimeout(giveUp, MOST_MS);
  const settle = () => {
    clearTimeout(timer);
    socket.off('close', settle);
  };
  // The socket's own 'close', since an answered request is told nothing of it any more.
  socket.once('close', settle);
  request.once('end', settle);
  request.on('error', settle);
  let left = MOST_BYTES;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) giveUp();
  });
  // Whatever the body went to may have stopped taking it, and would hold it up.
  request.unpipe();
  request.resume();
}

/** The error a stream ends with whose sender has gone. */
export function endedEarly(): ServiceError {
  return new ServiceError('INVALID_REQUEST', 'the upload ended before its last byte');
}

/**
 * `source` as a stream that may be destroyed: destroying a request itself closes its socket, and
 * the answer would have no way out.
 */
export function detached(source: Readable): PassThrough {
  const copy = new PassThrough();
  source.on('error', () => copy.destroy(endedEarly()));
  source.once('close', () => {
    if (!source.readableEnded) copy.destroy(endedEarly());
  });
  if (source.destroyed) copy.destroy(endedEarly());
  else source.pipe(copy);
  return copy;
}

/** `stream`, which is destroyed when the signal aborts, with its reason. */
export function endedBy<T extends Readable>(signal: AbortSignal, stream: T): T {
  const end = () => stream.destroy(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', end));
  if (signal.aborted) end();
  return stream;
}

/**
 * A JSON body as a stream that ends with an error when it is not whole in time: a few bytes a
 * minute would hold a socket for ever. Files have a limit of their own, between two pieces.
 */
export function timeBody(request: IncomingMessage, body: Readable, mostMs: number): Readable {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) return body;
  const timed = detached(body);
  // A body that nobody reads, such as one of a refused request, has nobody to tell.
  timed.on('error', () => {});
  const timer = setTimeout(
    () => timed.destroy(new ServiceError('REQUEST_TIMEOUT', `the body must be there within ${mostMs} ms`)),
    mostMs,
  );
  timer.unref();
  timed.once('close', () => clearTimeout(timer));
  return timed;
}

export type Rate = {
  /** 0: as slow as it likes. */
  readonly minBytesPerSecond: number;
  /** The time over which that is looked at. */
  readonly windowMs: number;
};

/** Into so many parts a window is cut, to tell whose time passes. */
const SAMPLES = 20;

/**
 * Calls `onSlow` when the body of a request comes too slowly: trickling uploads would take the
 * places of others for hours. Only time counts in which the service waits for the sender; not what
 * its disk takes, nor what comes before another request. Gives what ends the watch.
 */
export function watchUploadRate(
  request: IncomingMessage,
  { minBytesPerSecond, windowMs }: Rate,
  onSlow: () => void,
): () => void {
  if (minBytesPerSecond === 0) return () => undefined;
  const { socket } = request;
  const sampleMs = windowMs / SAMPLES;
  const expected = (minBytesPerSecond * windowMs) / 1000;
  let waited = 0;
  let from = socket.bytesRead;
  const timer = setInterval(() => {
    if (request.readableEnded || request.destroyed) return clearInterval(timer);
    // paused, or with bytes at hand: the sender waits for the service
    const isWaiting = request.readableFlowing === true && request.readableLength === 0;
    if (isWaiting) waited++;
    if (waited < SAMPLES) return;
    if (socket.bytesRead - from < expected) {
      clearInterval(timer);
      onSlow();
    }
    waited = 0;
    from = socket.bytesRead;
  }, sampleMs);
  return () => clearInterval(timer);
}

/** Answers that are on their way, and what came of them so far. */
type Reading = { blocked: number; from: number };

/**
 * Ends answers whose client takes them too slowly: files, memory and connections would be held for
 * as long as it likes.
 */
export interface SlowReaders {
  watch(answer: ServerResponse): void;
  close(): void;
}

/**
 * Only time counts in which the client is waited for: when the socket takes nothing more. So a
 * stream of events that has nothing to tell may be as slow as it is.
 */
export function createSlowReaders(
  { minBytesPerSecond, windowMs }: Rate,
  onSlow: (answer: ServerResponse) => void,
): SlowReaders {
  const answers = new Map<ServerResponse, Reading>();
  const expected = (minBytesPerSecond * windowMs) / 1000;

  function look(): void {
    for (const [answer, reading] of answers) {
      const { socket } = answer;
      if (socket === null || !answer.headersSent) continue;
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0) reading.blocked = 0;
      if (reading.blocked === 0) reading.from = taken;
      if (socket.writableLength === 0) continue;
      reading.blocked++;
      if (reading.blocked <= SAMPLES) continue;
      reading.blocked = 0;
      if (taken - reading.from >= expected) continue;
      answers.delete(answer);
      onSlow(answer);
      answer.destroy();
    }
  }

  const timer = minBytesPerSecond === 0 ? null : setInterval(look, windowMs / SAMPLES);
  timer?.unref();
  return {
    watch: (answer) => {
      if (timer === null || answer.destroyed) return;
      answers.set(answer, { blocked: 0, from: 0 });
      answer.once('close', () => answers.delete(answer));
    },
    close: () => {
      if (timer !== null) clearInterval(timer);
      answers.clear();
    },
  };
}
