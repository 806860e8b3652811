import assert from 'node:assert/strict';
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { account, createSegment, NOW, update } from '../store/contract.ts';
import {
  byIdentifier,
  claimAndStage,
  compareAnswers,
  merge,
  openServed,
  type Question,
  runsOf,
  violationsOf,
} from '../store/served-store.ts';
import { type Disk, mountDisk } from './disk.ts';

const MIB = 1024 * 1024;
const USERS = Array.from({ length: 2_000 }, (_, i) => `user ${i}`);
const BAG = JSON.stringify({ k: 'x'.repeat(200) });
const FAULT = /^serving runs could not be put in order, it is tried again: ENOSPC/;

/**
 * A folder of a store whose runs lie on a small disk of their own: what is full is that of the runs
 * alone.
 */
async function setUp(t: TestContext): Promise<{ disk: Disk; dir: string } | null> {
  const disk = await mountDisk(t, 8);
  if (disk === null) return null;
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  await mkdir(path.join(disk.path, 'serving'));
  await symlink(path.join(disk.path, 'serving'), path.join(dir, 'serving'));
  return { disk, dir };
}

const makeRoom = (disk: Disk) => rm(path.join(disk.path, 'filler'));
const filesOn = (disk: Disk) => readdir(path.join(disk.path, 'serving'));

function questionOf(segmentId: string): Question {
  return {
    users: ['user 0', 'user 1', 'user 1999', 'new', 'stranger'].map((value) => byIdentifier(account(value))),
    segmentIds: [segmentId],
    datamartIds: ['1'],
    instants: [NOW + 10],
  };
}

test('no room for the run of a merge: nothing is applied, and it is when there is room', async (t) => {
  const set = await setUp(t);
  if (set === null) return;
  const { disk, dir } = set;
  const { store, errors } = await openServed(dir);
  disk.beforeUnmount(() => store.close());
  const { id } = await createSegment(store);
  const { staged, execution } = await claimAndStage(
    store,
    USERS.map((value) => update(value, id, { dataBag: BAG })),
    { now: NOW },
  );
  // room for a part of the run: it is written in pieces of a MiB
  for (const bytes of [0, MIB / 4]) {
    disk.fill(bytes);
    await assert.rejects(store.mergeChunk(staged), /ENOSPC/);
    assert.deepEqual(await filesOn(disk), [], 'what was written of it is gone');
    await compareAnswers(store, questionOf(id));
    assert.equal(await membershipsOf(store, 'user 1'), null);
    assert.deepEqual((await store.executions.get(execution.id))?.checkpoint, staged.from);
    await makeRoom(disk);
  }
  const outcome = await store.mergeChunk(staged);
  assert.ok(outcome.type === 'MERGED');
  assert.equal(outcome.checkpoint.effects.membershipsCreated, USERS.length);
  assert.equal((await filesOn(disk)).length, 1);
  assert.equal((await membershipsOf(store, 'user 1'))?.total, 1);
  await compareAnswers(store, questionOf(id));
  assert.deepEqual(await violationsOf(store, NOW), []);
  assert.deepEqual(errors, []);
});

test('no room for a base in the background: answers go on, and it is made when there is room', async (t) => {
  const set = await setUp(t);
  if (set === null) return;
  const { disk, dir } = set;
  const limits = { inlineBytes: 600, fewestMerged: 2, alwaysSmallBytes: 2_000, retryMs: 50 };
  const { store, errors } = await openServed(dir, { limits });
  disk.beforeUnmount(() => store.close());
  const { id } = await createSegment(store);
  disk.fill(0);
  // each of them lies in the manifest; what they become together needs a file
  for (let i = 0; i < 12; i++)
    await merge(store, [update(`user ${i}`, id, { dataBag: BAG.slice(0, 60).concat('"}') })], {
      now: NOW + i,
    });
  await until(() => errors.length >= 2);
  for (const error of errors) assert.match(error, FAULT);
  await compareAnswers(store, questionOf(id));
  await merge(store, [update('new', id)], { now: NOW + 12 });
  assert.equal((await membershipsOf(store, 'new'))?.total, 1);
  assert.deepEqual(await filesOn(disk), [], 'nothing is left of the tries');
  await makeRoom(disk);
  await until(async () => (await runsOf(store)).some(({ isFile, first }) => isFile && first === 0));
  await compareAnswers(store, questionOf(id));
  assert.deepEqual(await violationsOf(store, NOW + 12), []);
});

test('no room for the base at the start: the tables answer, and the base comes when there is room', async (t) => {
  const set = await setUp(t);
  if (set === null) return;
  const { disk, dir } = set;
  const first = await openServed(dir);
  const { id } = await createSegment(first.store);
  const pairs = USERS.map((value) => update(value, id, { dataBag: BAG }));
  await merge(first.store, pairs, { now: NOW });
  await first.store.close();
  for (const name of await filesOn(disk)) await rm(path.join(disk.path, 'serving', name));
  disk.fill(0);
  const { store, errors } = await openServed(dir, { limits: { retryMs: 50 } });
  disk.beforeUnmount(() => store.close());
  assert.match(errors[0] ?? '', /its file is gone$/);
  assert.match(errors[1] ?? '', FAULT);
  await compareAnswers(store, questionOf(id));
  await merge(store, [update('new', id)], { now: NOW + 1 });
  assert.equal((await membershipsOf(store, 'new'))?.total, 1);
  await compareAnswers(store, questionOf(id));
  await makeRoom(disk);
  await until(async () => (await runsOf(store)).some(({ isFile, first: step }) => isFile && step === 0));
  await compareAnswers(store, questionOf(id));
  assert.deepEqual(await violationsOf(store, NOW + 1), []);
  assert.equal((await filesOn(disk)).length, 1);
});

function membershipsOf(store: Store, value: string) {
  return store.listMemberships({
    ...{ datamartId: '1', user: byIdentifier(account(value)), now: NOW + 20 },
    page: { firstResult: 0, maxResults: 10 },
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += 20) {
    assert.ok(waited < 10_000, 'it has come to be');
    await sleep(20);
  }
}
