import type { EventName } from '../events.ts';
import { outsideTraces } from '../tracing.ts';

/** What is done beside requests, in turns: what wakes it, what one turn does, how it stops. */
export type Job = {
  readonly name: string;
  /** Emitted when there is something to do; undefined where the clock alone tells. */
  readonly wokenBy?: EventName;
  /** How often it is looked for work that nothing tells of. */
  readonly intervalMs: number;
  /** Done once, before the first turn. */
  readonly begin?: () => Promise<void>;
  /** Does one thing. True: there was one, and there may be another. */
  readonly turn: (turn: Turn) => Promise<boolean>;
  /** Takes note of a fault of a turn, which is done again at the next interval. */
  readonly onFault: (fault: unknown) => void;
  /** Waits for what turns have begun and left to itself. */
  readonly finish?: () => Promise<void>;
};

export type Turn = {
  /** Aborted when the job is to stop. */
  readonly signal: AbortSignal;
  /** There is something to do, though this turn may find nothing. */
  readonly wake: () => void;
};

/** A job that runs: turn after turn while there is work, when it is woken and by the clock. */
export class RunningJob {
  readonly name: string;
  /** Resolves when it has looked for the first time. */
  readonly begun: Promise<void>;
  readonly #job: Job;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;
  #isAskedAgain = false;
  #hasBegun = false;

  constructor(job: Job) {
    this.name = job.name;
    this.#job = job;
    this.#timer = setInterval(this.#look, job.intervalMs);
    this.wake();
    this.begun = this.#running ?? Promise.resolve();
  }

  /** There is something to do. Never waits. */
  readonly wake = (): void => {
    this.#isAskedAgain = true;
    this.#look();
  };

  /** Lets the turn that is under way end; what is left is done after the next start. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error('the service stops'));
    await this.#running;
    await this.#job.finish?.();
  }

  // a turn under way looks again before it ends, so that the clock need not ask for another
  readonly #look = (): void => {
    if (this.#stop.signal.aborted) return;
    outsideTraces(() => {
      this.#running ??= this.#run().finally(() => {
        this.#running = null;
        if (this.#isAskedAgain) this.#look();
      });
    });
  };

  async #run(): Promise<void> {
    this.#isAskedAgain = false;
    const { signal } = this.#stop;
    try {
      if (!this.#hasBegun) await this.#job.begin?.();
      this.#hasBegun = true;
      while (!signal.aborted && (await this.#job.turn({ signal, wake: this.wake })));
    } catch (fault) {
      this.#job.onFault(fault);
    }
  }
}
