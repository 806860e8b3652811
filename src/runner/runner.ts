import type { Events } from '../events.ts';
import type { Execution } from '../model/execution.ts';
import { outsideTraces } from '../tracing.ts';
import { observeFault } from './background-metrics.ts';
import { Compaction } from './compaction.ts';
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

/**
 * Takes executions from its start on, at most `parallel` groups at a time; the store sees to one at
 * a time per datamart. Each `pollMs` the store is asked for work that nobody told of, such as
 * executions whose worker died, and put in order when idle.
 */
export class Runner {
  readonly #context: RunnerContext;
  readonly #parallel: number;
  readonly #compaction: Compaction;
  readonly #stopping = new AbortController();
  readonly #poll: NodeJS.Timeout;
  readonly #subscriptions: readonly (() => void)[];
  /** What stops each execution that runs, by its id. */
  readonly #active = new Map<string, AbortController>();
  readonly #runs = new Set<Promise<void>>();
  #claiming: Promise<void> | null = null;
  #isAskedAgain = false;
  /** New executions since the last claim. */
  #announced = 0;
  #restUntil = 0;

  constructor(
    context: RunnerContext,
    {
      parallel,
      pollMs,
      events,
    }: { readonly parallel: number; readonly pollMs: number; readonly events: Pick<Events, 'on'> },
  ) {
    this.#context = context;
    this.#parallel = parallel;
    this.#compaction = new Compaction(context);
    this.#poll = setInterval(() => {
      this.#lookForWork();
      if (this.#active.size === 0) this.#compaction.begin('IDLE');
    }, pollMs);
    this.#subscriptions = [
      events.on('EXECUTION_CREATED', () => {
        this.#announced += 1;
        outsideTraces(() => this.#lookForWork());
      }),
      events.on('CANCEL_REQUESTED', (id) => this.#active.get(id)?.abort('CANCEL' satisfies StopReason)),
    ];
    this.#lookForWork();
  }

  /** Stops at the next safe point; executions that have not ended are given back. */
  async close(): Promise<void> {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#stopping.abort();
    clearInterval(this.#poll);
    for (const stop of this.#active.values()) stop.abort('SHUTDOWN' satisfies StopReason);
    await this.#claiming;
    await Promise.all(this.#runs);
  }

  get #isClosing(): boolean {
    return this.#stopping.signal.aborted;
  }

  #lookForWork(): void {
    this.#isAskedAgain = true;
    this.#claiming ??= this.#claimAll().finally(() => {
      this.#claiming = null;
      // asked between the last look and here
      if (this.#isAskedAgain && !this.#isClosing) this.#lookForWork();
    });
  }

  async #claimAll(): Promise<void> {
    while (this.#isAskedAgain && !this.#isClosing) {
      if (this.#announced > 1 && this.#runs.size < this.#parallel) await this.#untilGathered();
      this.#isAskedAgain = false;
      while (!this.#isClosing && this.#runs.size < this.#parallel && (await this.#claimNext()));
    }
  }

  /**
   * While files keep coming, a group may gather: its claim and its merge cost the same for one file
   * as for fifty. Who sends one file at a time never waits.
   */
  async #untilGathered(): Promise<void> {
    const left = Math.min(this.#restUntil - performance.now(), MOST_REST_MS);
    if (left > 0) await delay(left, this.#stopping.signal);
  }

  /** Claims a group and has it run; false where there is none. */
  async #claimNext(): Promise<boolean> {
    const { store, clock, worker, logger } = this.#context;
    try {
      const now = clock();
      const claimedAt = performance.now();
      this.#announced = 0;
      this.#restUntil = claimedAt + GATHER_MS;
      const most = groupLimits(this.#context);
      const claimed = await store.executions.claim({ worker, now, leaseUntil: now + LEASE_MS, most });
      if (claimed.length === 0) return false;
      if (this.#active.size === 0) this.#compaction.giveWay();
      const run = this.#run(claimed).finally(() => {
        const endedAt = performance.now();
        const restMs = Math.min(endedAt - claimedAt, MOST_REST_MS);
        this.#restUntil = Math.max(this.#restUntil, endedAt + restMs);
        this.#runs.delete(run);
        if (this.#isClosing) return;
        this.#compaction.begin('BUSY');
        this.#lookForWork();
      });
      this.#runs.add(run);
      return true;
    } catch (fault) {
      observeFault('claim');
      logger.error({ err: fault }, 'no execution could be claimed');
      return false;
    }
  }

  async #run(claimed: readonly Execution[]): Promise<void> {
    const stops = new Map(claimed.map(({ id }) => [id, new AbortController()]));
    for (const [id, stop] of stops) {
      this.#active.set(id, stop);
      if (this.#isClosing) stop.abort('SHUTDOWN' satisfies StopReason);
    }
    const context = { ...this.#context, closing: this.#stopping.signal };
    await runClaimed(claimed, context, stops).finally(() => {
      for (const id of stops.keys()) this.#active.delete(id);
    });
  }
}
