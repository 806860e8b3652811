import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultPoint } from '../../src/fault-points.ts';
import type { ServiceProcess } from '../process.ts';
import { noteKill, type Tally } from './tally.ts';

/** Where the process is to be killed next. */
export type Aim =
  | { readonly type: 'point'; readonly point: FaultPoint; readonly pass: number }
  /** So long after it answered, or already after it was started. */
  | { readonly type: 'moment' | 'moment of the start'; readonly afterMs: number };

/** A process that is killed again and again; what kills it is counted. */
export type Victim = {
  readonly service: ServiceProcess;
  /** Starts it without an aim and waits until it answers. */
  start(): Promise<void>;
  /**
   * Starts it with an aim and does `work` until it is killed, at its start perhaps; when the work
   * is over first, it is killed `thenMs` later. A call that the kill cuts off ends the work.
   * Resolves when the process is gone.
   */
  kill(aim: Aim, work: () => Promise<void>, thenMs?: number): Promise<void>;
};

/** How long a process that broke off an answer may take to be gone. */
const MOST_DYING_MS = 5_000;

export function victimOf(service: ServiceProcess, tally: Tally): Victim {
  async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const startedAt = performance.now();
    await service.restart(env);
    tally.restartsMs.push(performance.now() - startedAt);
  }

  return {
    service,
    start: () => start(),
    async kill(aim, work, thenMs = 0) {
      const killIn = (ms: number) => setTimeout(() => void service.kill(), ms);
      const env = aim.type === 'point' ? { MUSTER_FAULT_POINT: `${aim.point}:${aim.pass}` } : {};
      let timer: NodeJS.Timeout | undefined;
      try {
        const starting = start(env);
        if (aim.type === 'moment of the start') timer = killIn(aim.afterMs);
        await starting;
        if (aim.type === 'moment') timer = killIn(aim.afterMs);
        await work();
        await service.end(thenMs).catch(() => undefined);
      } catch (error) {
        if (!isBrokenOff(error) && !isEndAtStart(error)) throw error;
        await service.end(MOST_DYING_MS).catch(() => {
          throw error;
        });
      } finally {
        clearTimeout(timer);
      }
      const reached = service.signal() === 'SIGKILL';
      await service.kill();
      assert.equal(service.signal(), 'SIGKILL', 'the process ended by itself');
      const where = aim.type === 'point' ? aim.point : `a ${aim.type}`;
      noteKill(tally, reached ? where : 'at rest, all being done');
    },
  };
}

/** What `fetch` says when the other side is gone: before, or in the middle of, its answer. */
export function isBrokenOff(error: unknown): boolean {
  return error instanceof TypeError && ['fetch failed', 'terminated'].includes(error.message);
}

function isEndAtStart(error: unknown): boolean {
  return error instanceof Error && error.message === 'serve ended at its start with SIGKILL';
}

/**
 * Does all of it, and only then fails with the first fault: nothing goes on behind the back of who
 * waits.
 */
export async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  // what is wrong goes before what was only cut off
  const fault = faults.find((each) => !isBrokenOff(each)) ?? faults[0];
  if (fault !== undefined) throw fault;
}

/** Asks until the answer is yes; rejects after `timeoutMs` with what it waited for. */
export async function until(what: string, asked: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await asked()); await sleep(20)) {
    assert.ok(Date.now() < deadline, `${what}: not so after ${timeoutMs} ms`);
  }
}
