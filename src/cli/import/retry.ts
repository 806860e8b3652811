import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, systemCode } from '../failures.ts';
import { formatDuration, note } from '../output.ts';

/** Waits before another try, half a minute in all: a service that restarts is back by then. */
const DELAYS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;

/** The service, or a proxy before it, says that it is away for the moment. */
const PASSING_STATUS = new Set([502, 503, 504]);
/** It has too much to do for the moment. */
const PASSING_REFUSALS = new Set(['TOO_MANY_UPLOADS', 'TOO_MANY_EXECUTIONS']);
/** How a connection breaks, or is not made. */
const PASSING_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/**
 * Does `work` again where it failed for a reason that can pass. Whoever calls it sees to it that
 * twice is as good as once.
 */
export async function retrying<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  what = 'the file is',
): Promise<T> {
  for (const delayMs of DELAYS_MS) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !canPass(error)) throw error;
      note(`${whatHappened(error)}; ${what} sent again in ${formatDuration(delayMs)}`);
      await sleep(delayMs, undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
  return work();
}

/** Whether an error is of a kind that goes by itself. */
export function canPass(error: unknown): boolean {
  if (error instanceof ApiError) return PASSING_STATUS.has(error.status) || PASSING_REFUSALS.has(error.code);
  const code = systemCode(error);
  return code !== null && PASSING_CODES.has(code);
}

function whatHappened(error: unknown): string {
  return error instanceof ApiError
    ? `the service answered ${error.status}`
    : `the connection broke (${systemCode(error)})`;
}
