import type { RunnerContext, StopReason } from './run-execution.ts';
import { LEASE_MS, runExecution } from './run-execution.ts';

/** How often the store is asked for work that nobody told of: executions whose worker died. */
const POLL_MS = 5_000;

export interface Runner {
  /** There is something to do: a new execution, or a cancel. */
  wake(): void;
  /** Stops at the next safe point; executions that have not ended are given back. */
  close(): Promise<void>;
}

/** Starts taking executions, at most `parallel` at a time; the store sees to one at a time per datamart. */
export function startRunner(context: RunnerContext, parallel: number): Runner {
  const active = new Map<string, AbortController>();
  const runs = new Set<Promise<void>>();
  let closing = false;
  let claiming: Promise<void> | null = null;
  let askedAgain = false;

  function wake(): void {
    for (const [id, stop] of active) void noticeCancel(id, stop);
    if (claiming) askedAgain = true;
    else claiming = claimAll().finally(() => (claiming = null));
  }

  async function claimAll(): Promise<void> {
    do {
      askedAgain = false;
      while (!closing && active.size < parallel && (await claimOne()));
    } while (askedAgain && !closing);
  }

  async function claimOne(): Promise<boolean> {
    const { store, clock, worker, logger } = context;
    try {
      const now = clock();
      const execution = await store.executions.claim({ worker, now, leaseUntil: now + LEASE_MS });
      if (!execution) return false;
      const stop = new AbortController();
      active.set(execution.id, stop);
      if (closing) stop.abort('SHUTDOWN' satisfies StopReason);
      const run = runExecution(execution, context, stop).finally(() => {
        active.delete(execution.id);
        runs.delete(run);
        if (!closing) wake();
      });
      runs.add(run);
      return true;
    } catch (fault) {
      logger.error({ err: fault }, 'no execution could be claimed');
      return false;
    }
  }

  async function noticeCancel(id: string, stop: AbortController): Promise<void> {
    const execution = await context.store.executions.get(id).catch(() => null);
    if (execution?.cancelRequested) stop.abort('CANCEL' satisfies StopReason);
  }

  const poll = setInterval(wake, POLL_MS);
  wake();

  return {
    wake,
    close: async () => {
      closing = true;
      clearInterval(poll);
      for (const stop of active.values()) stop.abort('SHUTDOWN' satisfies StopReason);
      await claiming;
      await Promise.all(runs);
    },
  };
}
