/**
 * The errors a request can be answered with: code → HTTP status. A bad line of a file is never one
 * of these (it is a rejection, `model/command.ts`, some of whose codes are used here too), and
 * neither is a fault of the service (a bare 500).
 */
const STATUS = {
  INVALID_REQUEST: 400,
  INVALID_JSON_BODY: 400,
  INVALID_SELECTOR: 400,
  UNSUPPORTED_DOCUMENT_TYPE: 400,
  UNSUPPORTED_ENCODING: 400,
  CONTENT_TYPE_MISMATCH: 400,
  UNSUPPORTED_CONTENT_ENCODING: 400,
  INVALID_COMPRESSION: 400,
  MISSING_FILE: 400,
  UNSUPPORTED_FILE: 400,
  EMPTY_FILE: 400,
  NOT_NDJSON: 400,
  INVALID_HEADER: 400,
  INVALID_PARQUET: 400,
  INVALID_ACTION: 400,
  SEGMENT_NOT_IMPORTABLE: 400,
  INVALID_TYPE: 400,
  MULTIPLE_IDENTIFIERS: 400,
  MISSING_IDENTIFIER: 400,
  CLEAR_EMAIL: 400,
  MISSING_COMPARTMENT: 400,
  UNKNOWN_COMPARTMENT: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  CONFLICT: 409,
  TECHNICAL_NAME_TAKEN: 409,
  IDEMPOTENCY_KEY_REUSED: 409,
  IDENTIFIER_TAKEN: 409,
  FILE_REMOVED: 410,
  FILE_TOO_LARGE: 413,
  REQUEST_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  TOO_MANY_ATTEMPTS: 429,
  EXPECTATION_FAILED: 417,
  TOO_MANY_EXECUTIONS: 429,
  TOO_MANY_UPLOADS: 429,
  TOO_MANY_EVENT_STREAMS: 429,
  TOO_MANY_EXPORTS: 429,
  HEADERS_TOO_LARGE: 431,
  OVERLOADED: 503,
  LOOKUPS_OVERLOADED: 503,
  COMMANDS_OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  NOT_READY: 503,
  INSUFFICIENT_STORAGE: 507,
} as const;

/** Refusals that pass by themselves: seconds until another try makes sense, for Retry-After. */
const RETRY_AFTER_SECONDS: Readonly<{ [code in ErrorCode]?: number }> = {
  TOO_MANY_EXECUTIONS: 10,
  TOO_MANY_UPLOADS: 2,
  TOO_MANY_EVENT_STREAMS: 10,
  TOO_MANY_EXPORTS: 30,
  OVERLOADED: 10,
  LOOKUPS_OVERLOADED: 1,
  COMMANDS_OVERLOADED: 1,
  SHUTTING_DOWN: 5,
  NOT_READY: 5,
  INSUFFICIENT_STORAGE: 60,
};

export type ErrorCode = keyof typeof STATUS;
export const ERROR_CODES = Object.keys(STATUS) as readonly ErrorCode[];

/**
 * A request that cannot be served: thrown anywhere below a route, answered by
 * `http/error-handler.ts`.
 */
export class ServiceError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServiceError';
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** Null where the same request would be refused again. */
  get retryAfterSeconds(): number | null {
    return RETRY_AFTER_SECONDS[this.code] ?? null;
  }
}

/** 404, always with this text: clients compare it (spec §2). */
export function notFound(): ServiceError {
  return new ServiceError('NOT_FOUND', 'Resource Not Found');
}

/**
 * The store refuses everything until it is opened again; the cause is the fault after which that is
 * so.
 */
export class StoreLostError extends Error {
  override readonly name = 'StoreLostError';
}

/**
 * The documents do not answer, or not in time: the same can be asked again. The cause is what went
 * wrong.
 */
export class DocumentsUnreachableError extends Error {
  override readonly name = 'DocumentsUnreachableError';
}

/**
 * The thread that parsed a document is gone, and what it had read: the same can be done again. The
 * cause is why it ended.
 */
export class ParseThreadError extends Error {
  override readonly name = 'ParseThreadError';
}

/**
 * The reader of plain lines trapped, which is a fault of its own: what it was reading can be read
 * by the reference parser.
 */
export class PlainReaderTrap extends Error {
  override readonly name = 'PlainReaderTrap';
}

/**
 * Where the documents are to be kept cannot be used, as it was found at the start; the message says
 * why.
 */
export class DocumentsUnusableError extends Error {
  override readonly name = 'DocumentsUnusableError';
}

/**
 * What is on the disk is no store, or not a whole one: it was not opened, and nothing of it was
 * changed.
 */
export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError';
}

/** The database that holds the store does not answer, and did not for as long as it was tried. */
export class StoreUnreachableError extends Error {
  override readonly name = 'StoreUnreachableError';
}

/** Another process has the store open: the embedded store serves one at a time. */
export class StoreInUseError extends Error {
  override readonly name = 'StoreInUseError';
}

/** A store that cannot be used as it is; the message says what to do. */
export class StoreUnusableError extends Error {
  override readonly name = 'StoreUnusableError';
}
