import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import type { ServingState } from '../../src/store/serving-state.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { createSegment, NOW, openFor, type StoreTest, update } from './contract.ts';
import { claimAndStage, createDatamart, merge, openServed, runsOf, TINY } from './served-store.ts';

/** So many that their run is a file. */
const USERS = 4_000;

type Line = { readonly level: string; readonly msg: string; readonly fields: Record<string, unknown> };

/** A store with a log, and a segment with members. */
async function openLogged(t: TestContext) {
  const lines: Line[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, msg: string) => {
    lines.push({ level, fields, msg });
  };
  let folder = '';
  let now = NOW;
  const context = await openFor(t, (dir) => {
    folder = path.join(dir, 'serving');
    const log = { info: at('info'), warn: at('warn'), error: at('error') } as never;
    const of = { dir, memoryBytes: 256 * 1024 * 1024, threads: 2, now: NOW, clock: () => now };
    return openDuckDbStore({ ...of, log });
  });
  const { id } = await createSegment(context.store);
  await context.run(Array.from({ length: USERS }, (_, i) => update(`user ${i}`, id)));
  return { context, lines, folder, pass: (ms: number) => (now += ms) };
}

function stateOf({ store }: StoreTest): ServingState {
  const state = store.servingState?.();
  assert.ok(state);
  return state;
}

/** Spoils the first block of a run. */
async function damage(folder: string): Promise<void> {
  const [name = ''] = await readdir(folder);
  const file = path.join(folder, name);
  const bytes = await readFile(file);
  bytes.fill(0xff, 100, 200);
  await writeFile(file, bytes);
}

/** Until the store has done by itself what is waited for. */
async function until(isDone: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !isDone(); ) {
    assert.ok(Date.now() < end, 'it was not done within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('the state counts runs, their bytes and who has answered', async (t) => {
  const { context, folder, pass } = await openLogged(t);
  await context.membershipsOf('user 1');
  await context.membershipsOf('nobody');
  pass(5_000);
  const state = stateOf(context);
  assert.equal(state.isWhole, true);
  assert.equal(state.madeShare, 1);
  assert.equal(state.runs, 2);
  assert.equal(state.baseAgeMs, 5_000);
  const [name = ''] = await readdir(folder);
  assert.equal(state.fileBytes, (await stat(path.join(folder, name))).size);
  assert.ok(state.bytes > state.fileBytes, 'the base of a store that was empty lies in the tables');
  assert.ok(state.memoryBytes > USERS);
  assert.equal(state.lookUps, 2);
  assert.equal(state.asked, 0);
  assert.equal(state.reads - state.vain, 1);
  assert.ok(state.skipped >= 2, 'the empty base has neither');
  assert.equal(state.made.change.runs, 1);
  assert.equal(state.made.change.bytes, state.fileBytes);
  assert.equal(state.made.tables.runs, 1);
  assert.equal(state.made.merge.runs + state.made.base.runs, 0);
});

test('the bytes of the store are those of the runs as well', async (t) => {
  const { context, folder } = await openLogged(t);
  const sizes = await Promise.all(
    ['muster.duckdb', 'muster.duckdb.wal'].map((name) =>
      stat(path.join(folder, '..', name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const tables = sizes.reduce((sum, size) => sum + size, 0);
  assert.equal(await context.store.sizeBytes(), tables + stateOf(context).fileBytes);
});

test('a damaged run is logged once, however many look-ups meet it, and so is what was made in its place', async (t) => {
  const { context, lines, folder } = await openLogged(t);
  await damage(folder);
  await context.reopen();
  assert.deepEqual(
    lines.filter(({ level }) => level !== 'info'),
    [],
  );
  lines.length = 0;
  const names = Array.from({ length: 300 }, (_, i) => `user ${i}`);
  const found = await Promise.all(names.map((name) => context.membershipsOf(name)));
  assert.ok(found.every((memberships) => memberships.length === 1));
  await until(() => stateOf(context).isWhole);
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      ['error', 'a serving run is damaged: look-ups ask the tables until it is made anew'],
      ['info', 'serving runs are being made, look-ups ask the tables'],
      ['info', 'serving runs answer look-ups'],
    ],
  );
  const [damaged, begun, ended] = lines;
  assert.deepEqual(damaged?.fields, { reason: 'a block is not what was written' });
  assert.deepEqual(begun?.fields, { users: USERS, memberships: USERS });
  assert.deepEqual(Object.keys(ended?.fields ?? {}), ['users', 'memberships', 'bytes', 'ms']);
  const state = stateOf(context);
  assert.equal(state.damages, 1);
  assert.ok(state.asked > 0, 'the tables answered meanwhile');
  assert.equal(state.runs, 1);
});

test('what is merged into a base is logged and counted', async (t) => {
  const { context, lines } = await openLogged(t);
  const { id } = await createSegment(context.store);
  lines.length = 0;
  for (let run = 0; run < 12; run++)
    await context.run(Array.from({ length: USERS }, (_, i) => update(`user ${run} ${i}`, id)));
  await until(() => stateOf(context).made.base.runs > 0);
  const { base } = stateOf(context).made;
  const merged = lines.filter(({ msg }) => msg === 'serving runs were merged into a base');
  assert.equal(merged.length, base.runs);
  assert.deepEqual(Object.keys(merged[0]?.fields ?? {}), ['runs', 'users', 'bytes', 'ms']);
  assert.equal(
    merged.reduce((sum, { fields }) => sum + Number(fields.bytes), 0),
    base.bytes,
  );
});

test('an import that takes its time between two chunks does not pass for an idle store', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const limits = { ...TINY, mostRuns: { BUSY: 50, IDLE: 1 }, alwaysSmallBytes: 1e9 };
  const { store } = await openServed(folder, { limits });
  t.after(() => store.close());
  const segment = await createSegment(store);
  const datamartId = await createDatamart(store);
  const other = await createSegment(store, { datamartId });
  const slow = await claimAndStage(store, [update('slow', other.id)], { now: NOW, datamartId });
  for (let i = 0; i < 4; i++) await merge(store, [update(`user ${i}`, segment.id)], { now: NOW });
  const runs = async () => (await runsOf(store)).length;
  await sleep(10 * limits.quietMs);
  assert.equal(await runs(), 5, 'the base and one for each merge');
  const ending = { worker: 'w', status: 'SUCCEEDED', failure: null, now: NOW } as const;
  await store.executions.finish({ id: slow.execution.id, ...ending });
  for (const end = Date.now() + 20_000; (await runs()) > 2; await sleep(10))
    assert.ok(Date.now() < end, 'the runs are merged once nothing is imported');
});
