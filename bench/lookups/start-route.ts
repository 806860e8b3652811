import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Closable } from '../bench.ts';
import type { Route } from './route.ts';

const PROGRAM = path.resolve(import.meta.dirname, 'route.ts');

/** Starts a plain route in a process of its own. */
export async function startRoute(route: Route): Promise<Closable & { readonly baseUrl: string }> {
  const child = fork(PROGRAM);
  const exited = once(child, 'exit');
  child.send(route);
  const [answer] = (await Promise.race([once(child, 'message'), exited])) as [number];
  if (child.exitCode !== null) throw new Error(`the route ended with ${child.exitCode}`);
  return {
    baseUrl: `http://127.0.0.1:${answer}`,
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
