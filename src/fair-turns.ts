/**
 * Does one thing at a time for several who ask: whoever asks for much waits for those who ask for
 * little.
 */
export interface FairTurns {
  /** Runs `work` when it is its turn: keys take turns, and those of one key follow each other. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createFairTurns(parallel: number): FairTurns {
  /** By key, in the order of their turns: the key that was served last is the last one. */
  const waiting = new Map<string, (() => void)[]>();
  let running = 0;

  function startNext(): void {
    while (running < parallel) {
      const [next] = waiting;
      if (next === undefined) return;
      const [key, queue] = next;
      const start = queue.shift();
      waiting.delete(key);
      if (queue.length > 0) waiting.set(key, queue);
      if (start === undefined) continue;
      running++;
      start();
    }
  }

  return {
    take: async (key, work) => {
      await new Promise<void>((resolve) => {
        const queue = waiting.get(key) ?? [];
        queue.push(resolve);
        waiting.set(key, queue);
        startNext();
      });
      try {
        return await work();
      } finally {
        running--;
        startNext();
      }
    },
  };
}
