import type { Events } from '../events.ts';
import { outsideTraces } from '../tracing.ts';
import { observeCompaction, observeFault } from './background-metrics.ts';
import { delay } from './retry.ts';
import { groupLimits, runClaimed } from './run-claimed.ts';
import type { RunnerContext, StopReason } from './run-execution.ts';
import { LEASE_MS } from './run-execution.ts';

/** While files keep coming, two claims are so far apart at least. */
const GATHER_MS = 100;
/**
 * After a group there is a rest as long as it took, at most this: where time is short, larger
 * groups are what helps.
 */
const MOST_REST_MS = 500;

export interface Runner {
  /** Stops at the next safe point; executions that have not ended are given back. */
  close(): Promise<void>;
}

/**
 * Starts taking executions, at most `parallel` groups at a time; the store sees to one at a time
 * per datamart. Each `pollMs` the store is asked for work that nobody told of, such as executions
 * whose worker died, and put in order when idle.
 */
export function startRunner(
  context: RunnerContext,
  {
    parallel,
    pollMs,
    events,
  }: { readonly parallel: number; readonly pollMs: number; readonly events: Pick<Events, 'on'> },
): Runner {
  const active = new Map<string, AbortController>();
  const runs = new Set<Promise<void>>();
  let closing = false;
  let claiming: Promise<void> | null = null;
  let askedAgain = false;
  const stopping = new AbortController();
  /** New executions since the last claim. */
  let announced = 0;
  let restUntil = 0;
  let compacting: Promise<void> | null = null;
  let busy = new AbortController();

  function wake(): void {
    announced += 1;
    outsideTraces(lookForWork);
  }

  function lookForWork(): void {
    askedAgain = true;
    claiming ??= claimAll().finally(() => {
      claiming = null;
      // asked between the last look and here
      if (askedAgain && !closing) lookForWork();
    });
  }

  async function claimAll(): Promise<void> {
    while (askedAgain && !closing) {
      if (announced > 1 && runs.size < parallel) await untilGathered();
      askedAgain = false;
      while (!closing && runs.size < parallel && (await claimNext()));
    }
  }

  /**
   * While files keep coming, a group may gather: its claim and its merge cost the same for one file
   * as for fifty. Who sends one file at a time never waits.
   */
  async function untilGathered(): Promise<void> {
    const left = Math.min(restUntil - performance.now(), MOST_REST_MS);
    if (left > 0) await delay(left, stopping.signal);
  }

  /** Puts the store in order: soon while nothing runs, otherwise only when it is overdue. */
  async function compact(pressure: 'IDLE' | 'BUSY', signal: AbortSignal): Promise<void> {
    try {
      const startedAt = context.clock();
      const done = await context.store.compact(pressure, signal);
      if (!done) return;
      const ms = context.clock() - startedAt;
      observeCompaction(pressure, ms);
      context.logger.info({ ms, pressure }, 'store was put in order');
    } catch (fault) {
      observeFault('compact');
      context.logger.error({ err: fault }, 'the store could not be put in order; it is tried again');
    }
  }

  function compactInBackground(pressure: 'IDLE' | 'BUSY'): void {
    // what is overdue is not put off again
    const signal = pressure === 'IDLE' ? busy.signal : new AbortController().signal;
    compacting ??= compact(pressure, signal).finally(() => (compacting = null));
  }

  /** What is done while nothing else is to be done gives way. */
  function interruptIdleWork(): void {
    busy.abort();
    busy = new AbortController();
  }

  async function claimNext(): Promise<boolean> {
    const { store, clock, worker, logger } = context;
    try {
      const now = clock();
      const claimedAt = performance.now();
      announced = 0;
      restUntil = claimedAt + GATHER_MS;
      const most = groupLimits(context);
      const claimed = await store.executions.claim({ worker, now, leaseUntil: now + LEASE_MS, most });
      if (claimed.length === 0) return false;
      if (active.size === 0) interruptIdleWork();
      const stops = new Map(claimed.map(({ id }) => [id, new AbortController()]));
      for (const [id, stop] of stops) {
        active.set(id, stop);
        if (closing) stop.abort('SHUTDOWN' satisfies StopReason);
      }
      const run = runClaimed(claimed, { ...context, closing: stopping.signal }, stops).finally(() => {
        for (const id of stops.keys()) active.delete(id);
        const endedAt = performance.now();
        restUntil = Math.max(restUntil, endedAt + Math.min(endedAt - claimedAt, MOST_REST_MS));
        runs.delete(run);
        if (closing) return;
        compactInBackground('BUSY');
        lookForWork();
      });
      runs.add(run);
      return true;
    } catch (fault) {
      observeFault('claim');
      logger.error({ err: fault }, 'no execution could be claimed');
      return false;
    }
  }

  function cancel(executionId: string): void {
    active.get(executionId)?.abort('CANCEL' satisfies StopReason);
  }

  const poll = setInterval(() => {
    lookForWork();
    if (active.size === 0) compactInBackground('IDLE');
  }, pollMs);
  const subscriptions = [events.on('EXECUTION_CREATED', wake), events.on('CANCEL_REQUESTED', cancel)];
  lookForWork();

  return {
    close: async () => {
      closing = true;
      for (const unsubscribe of subscriptions) unsubscribe();
      stopping.abort();
      clearInterval(poll);
      for (const stop of active.values()) stop.abort('SHUTDOWN' satisfies StopReason);
      await claiming;
      await Promise.all(runs);
    },
  };
}
