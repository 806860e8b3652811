/** Runs tasks while the bytes that they hold in memory together stay within `most`, first come, first served. */
export function createBudget(most: number): <T>(bytes: number, task: () => Promise<T>) => Promise<T> {
  type Waiting = { readonly bytes: number; readonly start: () => void };
  const waiting: Waiting[] = [];
  let held = 0;

  function startNext(): void {
    for (let next = waiting[0]; next !== undefined && held + next.bytes <= most; next = waiting[0]) {
      waiting.shift();
      held += next.bytes;
      next.start();
    }
  }

  return async (bytes, task) => {
    const taken = Math.min(bytes, most);
    await new Promise<void>((start) => {
      waiting.push({ bytes: taken, start });
      startNext();
    });
    try {
      return await task();
    } finally {
      held -= taken;
      startNext();
    }
  };
}
