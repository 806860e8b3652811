/**
 * What a turn of upkeep comes to: there is more to do at once; nothing before so many ms have
 * passed; nothing until it is woken.
 */
export type Due = 'AT_ONCE' | number | null;

type UpkeepOptions = {
  /** Does one thing that is due. The signal aborts when the upkeep is closed. */
  readonly turn: (signal: AbortSignal) => Promise<Due>;
  /** Told of what a turn threw; gives after how many ms it is tried again. */
  readonly onFault: (fault: unknown) => number;
};

/**
 * Work in the background, one thing after the other: it begins when it is woken, and goes on while
 * there is something due.
 */
export class Upkeep {
  readonly #of: UpkeepOptions;
  readonly #closing = new AbortController();
  #isWorking = false;
  /** It was woken after the turn that is under way had looked, perhaps. */
  #isWoken = false;
  #worked: Promise<void> = Promise.resolve();
  #holds = 0;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;

  constructor(of: UpkeepOptions) {
    this.#of = of;
  }

  /** Has it see what is due. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isWorking || this.#holds > 0 || this.#closing.signal.aborted) return;
    this.#isWorking = true;
    this.#worked = this.#workOff();
  }

  /** Wakes it after so many ms, or before where that is awaited already. */
  wakeIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#closing.signal.aborted || (this.#timer && at >= this.#timerAt)) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.wake();
    }, ms);
    this.#timer.unref();
  }

  /** Does `work` while no turn is taken: after the one that is under way, and before the next. */
  async holdFor<T>(work: () => Promise<T>): Promise<T> {
    this.#holds++;
    try {
      await this.settled();
      return await work();
    } finally {
      this.#holds--;
      this.wake();
    }
  }

  /** Resolves when nothing is to be done that can be done at once. */
  async settled(): Promise<void> {
    while (this.#isWorking) await this.#worked;
  }

  /** Gives up what is under way; resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.settled();
  }

  async #workOff(): Promise<void> {
    const { signal } = this.#closing;
    try {
      while (!signal.aborted && this.#holds === 0) {
        this.#isWoken = false;
        const due = await this.#of.turn(signal);
        if (due === 'AT_ONCE' || this.#isWoken) continue;
        if (due !== null) this.wakeIn(due);
        return;
      }
    } catch (fault) {
      if (!signal.aborted) this.wakeIn(this.#of.onFault(fault));
    } finally {
      this.#isWorking = false;
    }
  }
}
