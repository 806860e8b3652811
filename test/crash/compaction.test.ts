import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { discardFolder, makeFolder } from '../folder.ts';
import { countDisorder, describeStore, makeUnorderedStore, openTestStore } from '../store/unordered-store.ts';

const ROWS = 2_200_000;
const KILLS_AFTER_MS = [20, 150, 400, 800];
const IN_ORDER = [[['0']], [['0']]];

test('compaction puts the rows in order and leaves them and the schema as they were', async (t) => {
  const dir = await unorderedStore(t);
  const before = await describeStore(dir);
  const store = await openTestStore(dir);
  assert.equal(await store.compact('IDLE', new AbortController().signal), true);
  assert.equal(
    await store.compact('IDLE', new AbortController().signal),
    false,
    'there is nothing left to do',
  );
  await store.close();
  assert.deepEqual(await describeStore(dir), before);
  assert.deepEqual(await countDisorder(dir), IN_ORDER);
});

test('a compaction that is killed leaves the store as it was, and the next one ends it', async (t) => {
  const dir = await unorderedStore(t);
  const before = await describeStore(dir);
  for (const ms of KILLS_AFTER_MS) {
    const child = fork(path.resolve(import.meta.dirname, 'compact-in-process.ts'), [dir]);
    await once(child, 'message');
    await sleep(ms);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(await describeStore(dir), before, `killed after ${ms} ms`);
  }
  const store = await openTestStore(dir);
  await store.compact('IDLE', new AbortController().signal);
  await store.close();
  assert.deepEqual(await describeStore(dir), before);
  assert.deepEqual(await countDisorder(dir), IN_ORDER);
});

async function unorderedStore(t: TestContext): Promise<string> {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  await makeUnorderedStore(dir, ROWS);
  return dir;
}
