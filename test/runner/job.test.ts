import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, RunningJob } from '../../src/runner/job.ts';

/** Longer than a test takes: what happens is not by the clock. */
const NEVER_MS = 600_000;

function jobOf(job: Partial<Job> & Pick<Job, 'turn'>): Job {
  return { name: 'test', intervalMs: NEVER_MS, onFault: (fault) => assert.fail(String(fault)), ...job };
}

test('a job begins once, goes on while there is something to do, and then waits', async () => {
  const told: string[] = [];
  const left = ['a', 'b'];
  const job = new RunningJob(
    jobOf({
      begin: async () => void told.push('begin'),
      turn: async () => {
        const next = left.shift();
        told.push(next ?? 'nothing');
        return next !== undefined;
      },
    }),
  );
  await job.begun;
  assert.deepEqual(told, ['begin', 'a', 'b', 'nothing']);
  left.push('c');
  job.wake();
  await sleep(1);
  await job.close();
  assert.deepEqual(told.slice(4), ['c', 'nothing']);
});

test('a wake during a turn is not lost', async () => {
  let turns = 0;
  const job = new RunningJob(
    jobOf({
      turn: async ({ wake }) => {
        turns += 1;
        if (turns === 1) wake();
        return false;
      },
    }),
  );
  await job.begun;
  await sleep(1);
  await job.close();
  assert.equal(turns, 2);
});

test('the clock asks for no second turn while one is under way', async () => {
  let turns = 0;
  const job = new RunningJob(
    jobOf({
      intervalMs: 5,
      turn: async () => {
        turns += 1;
        await sleep(50);
        return false;
      },
    }),
  );
  await job.begun;
  const turnsAtFirstEnd = turns;
  await job.close();
  assert.equal(turnsAtFirstEnd, 1);
  assert.equal(turns, 1);
});

test('a fault is noted, what was begun is not begun again, and the next wake goes on', async () => {
  const faults: unknown[] = [];
  let begins = 0;
  let turns = 0;
  const job = new RunningJob(
    jobOf({
      begin: async () => {
        begins += 1;
      },
      turn: async () => {
        turns += 1;
        if (turns === 1) throw new Error('once');
        return false;
      },
      onFault: (fault) => faults.push(fault),
    }),
  );
  await job.begun;
  job.wake();
  await sleep(1);
  await job.close();
  assert.deepEqual([begins, turns, faults.length], [1, 2, 1]);
});

test('closing aborts the turn, waits for it and then for what was left to itself', async () => {
  const told: string[] = [];
  const job = new RunningJob(
    jobOf({
      turn: async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        told.push('turn');
        return true;
      },
      finish: async () => void told.push('finish'),
    }),
  );
  await sleep(1);
  await job.close();
  job.wake();
  await sleep(1);
  assert.deepEqual(told, ['turn', 'finish']);
});
