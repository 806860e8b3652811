import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';
import { createSegment, openFor, update } from './contract.ts';
import { openTestStore } from './unordered-store.ts';

const USERS = 20_000;
const MERGES = 30;

// A checkpoint that drops deleted rows gives those behind them other row ids.
test('checkpoints in the middle of merges change nothing of what the merges do', async (t) => {
  const context = await openFor(t, openTestStore);
  const { id } = await createSegment(context.store);
  const commands = Array.from({ length: USERS }, (_, i) => update(`user-${i}`, id));
  const first = await context.run(commands);
  assert.equal(first.effects.membershipsCreated, USERS);

  const done = new AbortController();
  const checkpoints = checkpointUntil(context.store, done.signal);
  try {
    for (let i = 0; i < MERGES; i++) {
      const { effects } = await context.run(commands);
      assert.equal(effects.membershipsUpdated, USERS, `merge ${i}`);
    }
  } finally {
    done.abort();
  }
  assert.ok((await checkpoints) > MERGES);
});

/** Begins a checkpoint whenever none is under way; resolves to how many there were. */
async function checkpointUntil(store: Store, done: AbortSignal): Promise<number> {
  const connection = await store.staging.connect();
  let checkpoints = 0;
  while (!done.aborted) {
    await sleep(checkpoints % 40);
    // refused while somebody writes
    const isDone = await connection.run('checkpoint muster').then(
      () => true,
      () => false,
    );
    if (isDone) checkpoints++;
  }
  connection.closeSync();
  return checkpoints;
}
