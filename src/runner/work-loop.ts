export interface WorkLoop {
  /** There is something to do. Never waits. */
  wake(): void;
  /** Waits for what is under way; what waits goes on at the next start. */
  close(): Promise<void>;
}

/**
 * Does one thing after the other, for as long as `doNext` tells that there was one; looks again
 * when it is woken, and each `intervalMs`. After a fault, of which `onFault` is told, it looks
 * again as well.
 */
export function startWorkLoop(of: {
  /** Done once before the first thing. */
  readonly begin?: () => Promise<void>;
  readonly doNext: () => Promise<boolean>;
  readonly onFault: (fault: unknown) => void;
  readonly intervalMs: number;
}): WorkLoop {
  let isClosing = false;
  let running: Promise<void> | null = null;
  let askedAgain = false;
  let hasBegun = false;

  function wake(): void {
    askedAgain = true;
    if (isClosing) return;
    running ??= run().finally(() => {
      running = null;
      if (askedAgain && !isClosing) wake();
    });
  }

  async function run(): Promise<void> {
    askedAgain = false;
    try {
      if (!hasBegun) await of.begin?.();
      hasBegun = true;
      while (!isClosing && (await of.doNext()));
    } catch (fault) {
      of.onFault(fault);
    }
  }

  const timer = setInterval(wake, of.intervalMs);
  wake();
  return {
    wake,
    close: async () => {
      isClosing = true;
      clearInterval(timer);
      await running;
    },
  };
}
