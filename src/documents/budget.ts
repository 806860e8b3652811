/** Memory that tasks share, first come, first served. */
export interface Budget {
  /**
   * Takes so many bytes when they are free, and resolves to what gives them back. More than there
   * is altogether is as much as there is. Null when they were not free within `waitMs`.
   */
  take(bytes: number, waitMs?: number): Promise<(() => void) | null>;
}

export function createBudget(mostBytes: number): Budget {
  type Waiting = { readonly bytes: number; readonly start: () => void };
  const waiting: Waiting[] = [];
  let held = 0;

  function startNext(): void {
    for (let next = waiting[0]; next !== undefined && held + next.bytes <= mostBytes; next = waiting[0]) {
      waiting.shift();
      held += next.bytes;
      next.start();
    }
  }

  return {
    async take(wanted, waitMs) {
      const bytes = Math.min(wanted, mostBytes);
      const isTaken = await new Promise<boolean>((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const entry = {
          bytes,
          start: () => {
            clearTimeout(timer);
            resolve(true);
          },
        };
        if (waitMs !== undefined) {
          timer = setTimeout(() => {
            waiting.splice(waiting.indexOf(entry), 1);
            resolve(false);
            // one that asked for less may have waited behind it
            startNext();
          }, waitMs);
        }
        waiting.push(entry);
        startNext();
      });
      if (!isTaken) return null;
      return () => {
        held -= bytes;
        startNext();
      };
    },
  };
}
