import { DocumentsUnreachableError } from '../../errors.ts';

/** Errors of the connection, and of the SDK about it. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'TimeoutError',
  'NetworkingError',
  // credentials of a role are fetched over the network, and expire
  'CredentialsProviderError',
  'ExpiredToken',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
]);

type S3Fault = Error & {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: unknown;
};

/** The HTTP status that S3 answered with; undefined when it did not answer. */
export function statusOf(fault: unknown): number | undefined {
  return (fault as S3Fault | null)?.$metadata?.httpStatusCode;
}

/**
 * Whether the same request may succeed a moment later: a broken connection, a bucket that is asked
 * too much, a 5xx.
 */
export function canPassInS3(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  const { name, code, message } = fault as S3Fault;
  const status = statusOf(fault) ?? 0;
  if (status === 429 || (status >= 500 && status !== 501)) return true;
  // what Node says of an answer that broke off in the middle
  if (message === 'aborted' || message === 'socket hang up') return true;
  return UNREACHABLE.has(name) || (typeof code === 'string' && UNREACHABLE.has(code));
}

/**
 * A fault of S3 as the rest of the service knows it: what can pass is `DocumentsUnreachableError`;
 * the others, such as a bucket that is gone or a permission that is missing, are told by what S3
 * calls them, under `what` was done.
 */
export function asDocumentsFault(fault: unknown, what: string): Error {
  const told = describe(fault);
  if (canPassInS3(fault)) return new DocumentsUnreachableError(`${what}: ${told}`, { cause: fault });
  return new Error(`${what}: ${told}`, { cause: fault });
}

/** Without the keys and addresses that messages of the SDK may have. */
export function describe(fault: unknown): string {
  if (!(fault instanceof Error)) return `a ${typeof fault} was thrown`;
  const status = statusOf(fault);
  const { name, code } = fault as S3Fault;
  const called =
    name !== 'Error' && name !== 'Unknown' ? name : typeof code === 'string' ? code : fault.message;
  return status === undefined ? called : `${called} (HTTP ${status})`;
}
