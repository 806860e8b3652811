/** Holds imports back while look-ups are slower than they may be. */
export interface Pace {
  /**
   * To be called before a chunk. Resolves at once while look-ups are quick; else after a pause,
   * which is longer each time they still are not, and `mostMs` at most. `onPause` is called before
   * one. A signal that aborts ends it.
   */
  beforeChunk(of: {
    readonly signal: AbortSignal;
    readonly mostMs: number;
    readonly onPause: () => void;
  }): Promise<void>;
  state(): PaceState;
  /**
   * To be called from time to time, so that the end is told too when nothing is imported any more.
   */
  settle(): void;
}

export type PaceState = {
  readonly goalMs: number;
  /** Of the look-ups of the last seconds; null while there are too few. */
  readonly p99Ms: number | null;
  readonly isHeldBack: boolean;
};

/** What is told of a time in which imports were held back. */
export type HeldBack = {
  readonly p99Ms: number | null;
  readonly goalMs: number;
  /** Since it began. */
  readonly ms: number;
  readonly pauses: number;
  /** The pauses together; of imports that ran beside each other each counts. */
  readonly pausedMs: number;
};

/**
 * The first pause. Each further one is twice as long while look-ups are slow, and half as long when
 * they are not.
 */
const FIRST_MS = 100;
/** The longest one. The window that look-ups are measured in has passed by then. */
export const MOST_PAUSE_MS = 5_000;
/** When nothing has paused for so long there is nothing to hold back. */
const QUIET_MS = 30_000;

/** Timers may end a pause that much too early. */
const EARLY_MS = 2;

export type PaceParts = {
  /** What the p99 of look-ups is to be at most; 0: imports never pause. */
  readonly goalMs: number;
  readonly p99: () => number | null;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onBegin: (of: HeldBack) => void;
  readonly onEnd: (of: HeldBack) => void;
  readonly onPaused: (ms: number) => void;
};

export function createPace({ goalMs, p99, now, wait, onBegin, onEnd, onPaused }: PaceParts): Pace {
  let pauseMs = 0;
  /**
   * Executions that run beside each other share a step: it is decided anew when its pause is over.
   */
  let decideAt = Number.NEGATIVE_INFINITY;
  let since: { begunAt: number; pauses: number; pausedMs: number; lastAt: number } | null = null;
  let pausing = 0;

  function told(of: NonNullable<typeof since>): HeldBack {
    const { begunAt, pauses, pausedMs } = of;
    return { p99Ms: p99(), goalMs, ms: now() - begunAt, pauses, pausedMs };
  }

  function decide(): void {
    if (now() < decideAt) return;
    const measured = p99();
    if (measured !== null && measured > goalMs)
      pauseMs = Math.min(MOST_PAUSE_MS, Math.max(FIRST_MS, pauseMs * 2));
    else pauseMs = pauseMs <= FIRST_MS ? 0 : pauseMs / 2;
    decideAt = now() + pauseMs - EARLY_MS;
    if (pauseMs === 0) end();
  }

  function end(): void {
    pauseMs = 0;
    if (since !== null) onEnd(told(since));
    since = null;
  }

  return {
    beforeChunk: async ({ signal, mostMs, onPause }) => {
      if (goalMs === 0) return;
      decide();
      if (pauseMs === 0 || signal.aborted) return;
      const begunAt = now();
      const isFirst = since === null;
      since ??= { begunAt, pauses: 0, pausedMs: 0, lastAt: begunAt };
      const during = since;
      if (isFirst) onBegin(told(during));
      onPause();
      pausing++;
      await wait(Math.min(pauseMs, mostMs), signal);
      pausing--;
      during.lastAt = now();
      during.pauses++;
      during.pausedMs += during.lastAt - begunAt;
      onPaused(during.lastAt - begunAt);
    },
    state: () => ({ goalMs, p99Ms: p99(), isHeldBack: since !== null }),
    settle: () => {
      if (since !== null && pausing === 0 && now() - since.lastAt >= QUIET_MS) end();
    },
  };
}
