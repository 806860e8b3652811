import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';
import type { Job } from './job.ts';

/** How long a process leads without saying that it still does. */
export const LEADER_LEASE_MS = 10_000;

export type LeaderContext = {
  readonly store: Store;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly worker: string;
  /** Starts what the leader alone does; `close` ends it. */
  readonly start: () => { close(): Promise<void> };
};

/**
 * Leader election: of all processes that share a store one runs the background jobs. When it is
 * gone another does, some seconds later. Two may overlap for a moment, where a clock or a process
 * stood still; the jobs bear that.
 */
export function leaderJob({ store, logger, clock, worker, start }: LeaderContext): Job {
  let jobs: { close(): Promise<void> } | null = null;

  async function stop(): Promise<void> {
    const stopping = jobs;
    jobs = null;
    await stopping?.close();
  }

  return {
    name: 'leader',
    intervalMs: LEADER_LEASE_MS / 3,
    turn: async ({ signal }) => {
      const now = clock();
      const isLeader = await store.lead({ worker, now, until: now + LEADER_LEASE_MS });
      if (signal.aborted) return false;
      if (isLeader) jobs ??= start();
      else await stop();
      return false;
    },
    onFault: (fault) => {
      observeFault('lead');
      logger.warn({ err: fault }, 'it is not known which node keeps the store in order; it is asked again');
    },
    finish: async () => {
      await stop();
      const now = clock();
      // the next one need not wait for the lease to pass
      await store.lead({ worker, now, until: now }).catch(() => undefined);
    },
  };
}
