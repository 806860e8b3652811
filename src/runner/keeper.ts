import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';

/** How long a process does what one process does at a time without saying that it still does. */
export const KEEPER_LEASE_MS = 10_000;

export type KeeperContext = {
  readonly store: Store;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly worker: string;
  /** Starts what one process does at a time; `close` ends it. */
  readonly start: () => { close(): Promise<void> };
};

export interface Keeper {
  /** Resolves when it is known for the first time whether this process is the one. */
  readonly begun: Promise<void>;
  close(): Promise<void>;
}

/**
 * Sees to it that of all processes that share a store one does what one does at a time: sweeping,
 * deliveries, exports. When it is gone another does, some seconds later. Two may overlap for a
 * moment, where a clock or a process stood still; what they do bears that.
 */
export function startKeeper({ store, logger, clock, worker, start }: KeeperContext): Keeper {
  let parts: { close(): Promise<void> } | null = null;
  let isClosing = false;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      const now = clock();
      const isMine = await store.lead({ worker, now, until: now + KEEPER_LEASE_MS });
      if (isClosing) return;
      if (isMine && parts === null) parts = start();
      if (!isMine && parts !== null) await stop();
    } catch (fault) {
      observeFault('lead');
      logger.warn({ err: fault }, 'it is not known which node keeps the store in order; it is asked again');
    }
  }

  async function stop(): Promise<void> {
    const stopping = parts;
    parts = null;
    await stopping?.close();
  }

  function lookAgain(): Promise<void> {
    looking ??= look().finally(() => (looking = null));
    return looking;
  }

  const timer = setInterval(() => void lookAgain(), KEEPER_LEASE_MS / 3);
  return {
    begun: lookAgain(),
    close: async () => {
      isClosing = true;
      clearInterval(timer);
      await looking;
      await stop();
      const now = clock();
      // the next one need not wait for the lease to pass
      await store.lead({ worker, now, until: now }).catch(() => undefined);
    },
  };
}
