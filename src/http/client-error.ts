import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { ServiceError } from '../errors.ts';
import { errorAnswer } from './error-handler.ts';
import { securityHeaders } from './security-headers.ts';

/**
 * Answers what was no request at all, in the form of every other error; Node would close without a
 * word.
 */
export function createClientErrorHandler(logger: Logger) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = refusalOf(error.code);
    const id = randomUUID();
    logger.info({ error_id: id, error_code: refusal.code, status: refusal.status }, 'request refused');
    const body = JSON.stringify(errorAnswer({ text: refusal.message, code: refusal.code, id }));
    const head = [
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${id}`,
      ...Object.entries(securityHeaders(socket instanceof TLSSocket ? 'https' : 'http')).map(
        ([name, value]) => `${name}: ${value}`,
      ),
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
}

function refusalOf(code: string | undefined): ServiceError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError('HEADERS_TOO_LARGE', 'the headers of the request are too large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError('REQUEST_TIMEOUT', 'the request did not come in time');
    default:
      return new ServiceError('INVALID_REQUEST', 'the request is not HTTP');
  }
}
