import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { ServiceError } from '../../src/errors.ts';
import type { CommandCall } from '../../src/model/command-call.ts';
import { CallQueue } from '../../src/runner/call-queue.ts';
import type { StagedCalls } from '../../src/store/merges.ts';
import { createSegment, dataOf, membershipsOf } from '../client.ts';
import { startService } from '../helper.ts';

/** A queue over the store of a service, whose merges begin when the test lets them. */
async function openQueue(t: TestContext, limits: { maxCommandCalls?: number; commandWaitMs?: number } = {}) {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const merged: StagedCalls[] = [];
  let before: (calls: StagedCalls) => Promise<void> = async () => undefined;
  const queue = new CallQueue({
    store: {
      ...service.store,
      mergeCalls: async (calls) => {
        merged.push(calls);
        await before(calls);
        return service.store.mergeCalls(calls);
      },
    },
    clock: Date.now,
    logger: pino({ level: 'silent' }),
    limits: { maxCommandCalls: 1_000, commandWaitMs: 10_000, ...limits },
  });
  t.after(() => queue.close());
  const put = (user: string, more: Partial<CommandCall> = {}, isGone?: () => boolean) => {
    const command = { operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_ts: 0 };
    const text = JSON.stringify({ commands: [command] });
    const call: CommandCall = {
      ...{ datamartId: '1', text, purpose: 'APPLY', key: null, makeSegments: null },
      ...more,
    };
    return queue.apply(call, isGone);
  };
  return {
    ...{ service, queue, put, merged },
    isIn: async (user: string) =>
      ((await membershipsOf(service, `user_account_id=${user}`)) ?? []).length > 0,
    /** Holds merges back until what it gives is called. */
    holdMerges: () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      before = () => held;
      return release;
    },
    beforeMerge: (work: typeof before) => {
      before = work;
    },
  };
}

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof ServiceError && error.code === code;

async function untilMerging(merged: readonly unknown[]): Promise<void> {
  while (merged.length === 0) await sleep(2);
}

test('calls that come while others are applied are applied together next, in their order', async (t) => {
  const { put, merged, holdMerges, isIn } = await openQueue(t);
  const release = holdMerges();
  const first = put('first');
  await untilMerging(merged);
  const others = Array.from({ length: 20 }, (_, i) => put(`u${i}`));
  release();
  await Promise.all([first, ...others]);
  assert.deepEqual(
    merged.map(({ calls }) => calls.length),
    [1, 20],
  );
  assert.ok(await isIn('u19'));
});

test('a call that cannot be begun in time is refused, and one whose client has gone is not begun', async (t) => {
  const { put, merged, holdMerges, isIn } = await openQueue(t, { commandWaitMs: 2_000 });
  const release = holdMerges();
  const first = put('first');
  await untilMerging(merged);
  await assert.rejects(put('late'), refusedWith('COMMANDS_OVERLOADED'));
  const gone = put('gone', {}, () => true);
  const there = put('there');
  release();
  await assert.rejects(gone, refusedWith('COMMANDS_OVERLOADED'));
  await Promise.all([first, there]);
  assert.deepEqual(await Promise.all(['first', 'there', 'late', 'gone'].map(isIn)), [
    true,
    true,
    false,
    false,
  ]);
});

test('a datamart that sends too many keeps no other out', async (t) => {
  const { service, put, merged, holdMerges } = await openQueue(t, { maxCommandCalls: 4 });
  const { id: otherId } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'other' }),
  );
  const release = holdMerges();
  const accepted = [put('a'), put('b'), put('c')];
  await untilMerging(merged);
  await assert.rejects(put('d'), refusedWith('COMMANDS_OVERLOADED'));
  const other = put('e', { datamartId: otherId });
  await assert.rejects(put('f', { datamartId: otherId }), refusedWith('COMMANDS_OVERLOADED'));
  release();
  await Promise.all([...accepted, other]);
  await put('d');
});

test('a stop refuses what has not begun, and waits for what has', async (t) => {
  const { queue, put, merged, holdMerges, isIn } = await openQueue(t);
  const release = holdMerges();
  const first = put('first');
  await untilMerging(merged);
  const second = put('second');
  let isClosed = false;
  const closed = queue.close().then(() => {
    isClosed = true;
  });
  await assert.rejects(second, refusedWith('SHUTTING_DOWN'));
  await assert.rejects(put('third'), refusedWith('SHUTTING_DOWN'));
  assert.equal(isClosed, false);
  release();
  await first;
  await closed;
  assert.deepEqual(await Promise.all(['first', 'second', 'third'].map(isIn)), [true, false, false]);
});

test('a call that meets a fault fails alone', async (t) => {
  const { put, merged, beforeMerge, isIn } = await openQueue(t);
  const key = { value: 'poison', fingerprint: 'f' };
  beforeMerge(async ({ calls }) => {
    if (calls.some((call) => call.key?.value === key.value)) throw new Error('a fault of this call');
  });
  const calls = [put('a'), put('b', { key }), put('c')];
  const settled = await Promise.allSettled(calls);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(
    merged.map(({ calls }) => calls.length),
    [3, 1, 1, 1],
  );
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(isIn)), [true, false, true]);
});

test('two calls with one key are never in one group, and the second gets the answer of the first', async (t) => {
  const { put, merged } = await openQueue(t);
  const key = { value: 'k', fingerprint: 'f' };
  const answers = await Promise.all([
    put('a', { key }),
    put('b'),
    put('a', { key }),
    put('a', { key: { ...key, fingerprint: 'other' } }).catch((error: unknown) => error),
  ]);
  const [first, , again, other] = answers;
  assert.deepEqual(again, { ...(first as object), isReplayed: true });
  assert.ok(refusedWith('IDEMPOTENCY_KEY_REUSED')(other));
  for (const { calls } of merged) {
    const keys = calls.flatMap((call) => (call.key === null ? [] : [call.key.value]));
    assert.equal(new Set(keys).size, keys.length);
  }
});
