/** How long the event loop has kept those waiting who came while it was busy. */
export interface EventLoopLag {
  /** What a request that is read now has waited at most, in ms. */
  current(): number;
  close(): void;
}

/** How often the timer wakes the process; that takes a thousandth of a core. */
const EVERY_MS = 20;
/** Timers are due by whole milliseconds. */
const UNNOTICED_MS = 1;

/**
 * Watches the event loop by a timer that is late when the loop is busy. In each turn of the loop
 * timers come before sockets, so that a request finds the wait that it was part of.
 */
export function watchEventLoopLag(): EventLoopLag {
  let dueAt = performance.now() + EVERY_MS;
  let last = 0;
  const lateBy = () => Math.max(0, performance.now() - dueAt - UNNOTICED_MS);
  const timer = setInterval(() => {
    last = lateBy();
    dueAt = performance.now() + EVERY_MS;
  }, EVERY_MS).unref();
  return {
    current: () => Math.max(last, lateBy()),
    close: () => clearInterval(timer),
  };
}
