import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { userKey } from '../../src/model/user-key.ts';
import { openConnection } from '../../src/store/staging/duckdb-connection.ts';
import type { Store } from '../../src/store/store.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { account, createSegment, NOW, update } from './contract.ts';
import { byIdentifier, merge, openServed, runFilesOf } from './served-store.ts';

const LIMITS = { inlineBytes: 300, erasedAfterMs: 50 };
/** No erasure is old enough for these. */
const PATIENT = { ...LIMITS, erasedAfterMs: 1_000_000 };
const WHO = account('to be erased');

/** A store with somebody in it, and in a file of a run. */
async function setUp(t: TestContext, limits: Partial<typeof LIMITS>): Promise<{ dir: string; store: Store }> {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  const { store } = await openServed(dir, { limits });
  const { id } = await createSegment(store);
  const users = [...Array.from({ length: 30 }, (_, i) => account(`user ${i}`)), WHO];
  await merge(
    store,
    users.map((identifier) => ({ ...update('', id), identifier })),
    { now: NOW },
  );
  assert.ok(await isInRuns(dir, store));
  return { dir, store };
}

/** Whether the key of the user is anywhere in the runs. */
async function isInRuns(dir: string, store: Store): Promise<boolean> {
  const { hi, lo } = userKey('1', WHO);
  const key = Buffer.alloc(16);
  key.writeBigUInt64BE(hi, 0);
  key.writeBigUInt64BE(lo, 8);
  const files = await Promise.all(
    (await runFilesOf(dir)).map((name) => readIfThere(path.join(dir, 'serving', name))),
  );
  const { sql, close } = await openConnection(store.staging, 'muster');
  const rows = await sql.query('select hex(content) as content from serving_run where content is not null');
  close();
  const inline = rows.map(({ content }) => Buffer.from(String(content), 'hex'));
  return [...files, ...inline].some((bytes) => bytes.includes(key));
}

/** A file that was listed may have been merged into another one since. */
async function readIfThere(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

async function untilForgotten(dir: string, store: Store): Promise<void> {
  for (let waited = 0; await isInRuns(dir, store); waited += 20) {
    assert.ok(waited < 10_000, 'no run has the user any more');
    await sleep(20);
  }
}

const erase = (store: Store) => store.eraseUser({ datamartId: '1', user: byIdentifier(WHO), now: NOW + 1 });

test('somebody who was erased is in no run soon, though nothing else happens', async (t) => {
  const { dir, store } = await setUp(t, LIMITS);
  t.after(() => store.close());
  await erase(store);
  await untilForgotten(dir, store);
});

test('the same when the store was closed before that', async (t) => {
  const first = await setUp(t, PATIENT);
  await erase(first.store);
  assert.ok(await isInRuns(first.dir, first.store));
  await first.store.close();
  const { store } = await openServed(first.dir, { limits: LIMITS });
  t.after(() => store.close());
  await untilForgotten(first.dir, store);
});
