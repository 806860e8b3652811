import type { Logger } from 'pino';
import { createPace, type HeldBack, type Pace, type PaceParts } from '../pace.ts';
import { observeHeldBack } from './import-metrics.ts';
import { delay } from './retry.ts';

/** How often it is looked whether imports are no longer held back. */
const SETTLE_MS = 1_000;

/**
 * The pace of a service: by the time that passes, with a log line when it begins to hold back and
 * when it ends.
 */
export function startPace(
  of: Pick<PaceParts, 'goalMs' | 'p99'>,
  logger: Logger,
): Pace & { readonly close: () => void } {
  const figures = ({ p99Ms, goalMs }: HeldBack) => ({
    p99_ms: p99Ms === null ? null : rounded(p99Ms),
    goal_ms: goalMs,
  });
  const pace = createPace({
    ...of,
    now: () => performance.now(),
    wait: delay,
    onBegin: (held) => logger.warn(figures(held), 'look-ups are slow: imports pause between chunks'),
    onEnd: (held) => {
      const { ms, pauses, pausedMs } = held;
      const sums = { ms: rounded(ms), pauses, paused_ms: rounded(pausedMs) };
      logger.info({ ...figures(held), ...sums }, 'imports no longer pause for look-ups');
    },
    onPaused: observeHeldBack,
  });
  const timer = setInterval(pace.settle, SETTLE_MS).unref();
  return { ...pace, close: () => clearInterval(timer) };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
