import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { ServiceError } from '../errors.ts';
import { detached } from './detached.ts';

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
