import { observeCompaction, observeFault } from './background-metrics.ts';
import type { RunnerContext } from './run-execution.ts';

type Context = Pick<RunnerContext, 'store' | 'clock' | 'logger'>;

/** Puts the store in order beside executions, once at a time. */
export class Compaction {
  readonly #context: Context;
  #running: Promise<void> | null = null;
  #idle = new AbortController();

  constructor(context: Context) {
    this.#context = context;
  }

  /** `IDLE`: soon, while nothing runs. `BUSY`: only when it is overdue. */
  begin(pressure: 'IDLE' | 'BUSY'): void {
    // what is overdue is not put off again
    const { signal } = pressure === 'IDLE' ? this.#idle : new AbortController();
    this.#running ??= this.#compact(pressure, signal).finally(() => (this.#running = null));
  }

  /** What is done while nothing runs gives way. */
  giveWay(): void {
    this.#idle.abort();
    this.#idle = new AbortController();
  }

  async #compact(pressure: 'IDLE' | 'BUSY', signal: AbortSignal): Promise<void> {
    const { store, clock, logger } = this.#context;
    try {
      const startedAt = clock();
      const done = await store.compact(pressure, signal);
      if (!done) return;
      const ms = clock() - startedAt;
      observeCompaction(pressure, ms);
      logger.info({ ms, pressure }, 'store was put in order');
    } catch (fault) {
      observeFault('compact');
      logger.error({ err: fault }, 'the store could not be put in order; it is tried again');
    }
  }
}
