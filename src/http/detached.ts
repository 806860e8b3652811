import { PassThrough, type Readable } from 'node:stream';
import { ServiceError } from '../errors.ts';

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
