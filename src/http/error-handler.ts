import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type ErrorCode, ServiceError, StoreLostError } from '../errors.ts';
import { type FaultKind, kindOfFault } from '../faults.ts';
import type { ErrorAnswer } from './schemas.ts';
import { securityHeaders } from './security-headers.ts';
import { describeInvalid } from './validation.ts';

/** The JSON of an error (spec §2). */
export function errorAnswer(of: { text: string; code: string; id: string }): ErrorAnswer {
  return { status: 'error', error: of.text, error_code: of.code, error_id: of.id };
}

/** Turns whatever was thrown below a route into its answer; the one place that does. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = asRefusal(error, request);
  if (refusal === null) {
    request.errorCode = 'INTERNAL_ERROR';
    request.log.error({ err: error, error_id: request.id }, 'fault');
    reply.code(500).type('application/json; charset=utf-8');
    reply.send(errorAnswer({ text: 'Internal Server Error', code: 'INTERNAL_ERROR', id: request.id }));
    return;
  }
  request.errorCode = refusal.code;
  if (refusal.status >= 500 && refusal.cause !== undefined)
    request.log.warn({ err: refusal.cause, error_id: request.id }, 'refused');
  if (refusal.code === 'RANGE_NOT_SATISFIABLE') reply.headers(headersOf(error));
  if (refusal.retryAfterSeconds !== null) reply.header('Retry-After', refusal.retryAfterSeconds);
  if (refusal.code === 'UNAUTHORIZED') reply.header('WWW-Authenticate', 'Bearer');
  reply.code(refusal.status).type('application/json; charset=utf-8');
  reply.send(errorAnswer({ text: refusal.message, code: refusal.code, id: request.id }));
}

/**
 * The headers that belong to a framework's error: Content-Range, which says what range there would
 * be.
 */
function headersOf(error: unknown): Record<string, string> {
  return (error as { headers?: Record<string, string> }).headers ?? {};
}

/** What the frameworks' own errors are called in the table of `errors.ts`. */
const BY_FRAMEWORK_CODE: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_JSON_BODY',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_JSON_BODY',
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_NOT_FOUND: 'NOT_FOUND',
};
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'NOT_FOUND',
  413: 'REQUEST_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  416: 'RANGE_NOT_SATISFIABLE',
};

/** What is said of faults of the machine: they pass, so the same request can be sent again. */
const BY_FAULT: Readonly<Record<FaultKind, readonly [ErrorCode, string]>> = {
  DISK_FULL: ['INSUFFICIENT_STORAGE', 'the disk of the service is full'],
  READ_ONLY: ['NOT_READY', 'the disk of the service cannot be written at present'],
  NO_HANDLES: ['OVERLOADED', 'the service has no file handle left for this: try again soon'],
  NO_DOCUMENTS: ['NOT_READY', 'where the files are kept does not answer at present'],
  NO_STORE: ['NOT_READY', 'the database does not answer at present'],
  NO_MEMORY: ['OVERLOADED', 'the database has not enough memory for this at present: try again later'],
};

function machineRefusal(cause: unknown): ServiceError | null {
  if (cause instanceof StoreLostError)
    return new ServiceError('NOT_READY', 'the store cannot be used, the service ends', { cause });
  const kind = kindOfFault(cause);
  return kind === null ? null : new ServiceError(...BY_FAULT[kind], { cause });
}

/** The refusal an error stands for, or null when it is a fault. */
function asRefusal(error: unknown, request: FastifyRequest): ServiceError | null {
  if (error instanceof ServiceError) return error;
  const ofMachine = machineRefusal(error);
  if (ofMachine !== null) return ofMachine;
  if (!(error instanceof Error)) return null;
  const { code, statusCode, validation, validationContext } = error as FastifyError;
  if (validation !== undefined) {
    return new ServiceError('INVALID_REQUEST', describeInvalid(validation, validationContext));
  }
  if (statusCode === undefined || statusCode < 400 || statusCode > 499) return null;
  const known = BY_FRAMEWORK_CODE[code] ?? BY_STATUS[statusCode] ?? 'INVALID_REQUEST';
  if (known === 'UNSUPPORTED_MEDIA_TYPE') return wrongMediaType(request);
  return new ServiceError(known, known === 'NOT_FOUND' ? 'Resource Not Found' : error.message);
}

function wrongMediaType(request: FastifyRequest): ServiceError {
  const given = JSON.stringify(request.headers['content-type'] ?? '');
  if (request.routeOptions.config.takesFile) {
    return new ServiceError(
      'CONTENT_TYPE_MISMATCH',
      `Content-Type must be that of the import, application/x-ndjson or text/csv, or multipart/form-data, got ${given}`,
    );
  }
  return new ServiceError('UNSUPPORTED_MEDIA_TYPE', `Content-Type must be application/json, got ${given}`);
}

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
