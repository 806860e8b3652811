import type { Pool, PoolClient } from 'pg';
import { StoreUnreachableError } from '../../errors.ts';
import { hasLostItsConnection, isRefused } from './faults.ts';

/** How long somebody waits at most who is to be answered promptly. */
const PROMPT_MS = 2_000;

/** The fault of a database that does not do what it is asked for. */
export function unreachable(cause: unknown): StoreUnreachableError {
  const what = isRefused(cause)
    ? 'cannot be used'
    : hasLostItsConnection(cause)
      ? 'cannot be reached'
      : 'is too busy';
  return new StoreUnreachableError(`the database ${what}: ${(cause as Error).message}`, { cause });
}

/** Rejects after `ms`; the signal then ends what `work` has under way. */
export async function promptly<T>(work: (signal: AbortSignal) => Promise<T>, ms = PROMPT_MS): Promise<T> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late.abort();
      reject(new StoreUnreachableError(`the database did not answer within ${ms} ms`));
    }, ms);
  });
  const done = work(late.signal);
  // what it comes to once it is late is of no use to anybody
  done.catch(() => undefined);
  try {
    return await Promise.race([done, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs `work` on a connection of the pool; one that the signal aborts is closed, and its query
 * fails.
 */
export async function withClient<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const client = await pool.connect();
  // what ends a connection while nobody waits for it is told to the next who does
  const onError = () => undefined;
  client.on('error', onError);
  let broken: Error | undefined;
  let isReleased = false;
  const release = () => {
    if (!isReleased) client.release(broken);
    isReleased = true;
  };
  const giveUp = () => {
    broken = new Error('the connection was given up: its query took too long');
    release();
    // by itself a pipelined one waits for what it was asked, and this one has stopped answering
    client.connection.stream.destroy();
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal?.aborted) giveUp();
    return await work(client);
  } catch (fault) {
    if (hasLostItsConnection(fault)) broken = fault as Error;
    throw fault;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    client.off('error', onError);
    release();
  }
}
