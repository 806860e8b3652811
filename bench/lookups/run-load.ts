import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Load, LoadResult } from './load.ts';

const PROGRAM = path.resolve(import.meta.dirname, 'load.ts');

/** Looks users up for as long as `meanwhile` takes, which is called once that has begun. */
export async function runLoad(load: Load, meanwhile: () => Promise<unknown>): Promise<LoadResult> {
  const child = fork(PROGRAM);
  try {
    const broken = once(child, 'exit').then(([code]) => {
      throw new Error(`the load generator ended with ${code}`);
    });
    // That it ends after its result is of no interest.
    broken.catch(() => undefined);
    child.send(load);
    await Promise.race([once(child, 'message'), broken]);
    await Promise.race([meanwhile(), broken]);
    child.send('stop');
    const [result] = (await Promise.race([once(child, 'message'), broken])) as [LoadResult];
    return result;
  } finally {
    child.kill('SIGKILL');
  }
}
