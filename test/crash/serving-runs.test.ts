import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { FaultPoint } from '../../src/fault-points.ts';
import type { Store } from '../../src/store/store.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { NOW } from '../store/contract.ts';
import {
  compareAnswers,
  merge,
  openServed,
  runFilesOf,
  runsOf,
  TINY,
  violationsOf,
} from '../store/served-store.ts';
import { openTiny, pairsOf, playHistory, QUESTION, stateOf } from './serving-history.ts';

const LATER = NOW + 1_000;

/** Where the process ends, and at the how manieth time that it comes there. */
const KILLS: readonly (readonly [FaultPoint, number])[] = [
  ['run-half-written', 1],
  ['run-half-written', 4],
  ['run-synced', 2],
  ['run-synced', 5],
  ['run-before-commit', 1],
  ['run-before-commit', 6],
  // the first base is that of an empty store, the next ones are made of other runs
  ['runs-merged', 1],
  ['runs-merged', 2],
  ['runs-swapped', 1],
  ['runs-swapped', 3],
  ['run-file-removed', 1],
  ['run-file-removed', 2],
  ['chunk-before-commit', 2],
  ['chunk-after-commit', 3],
  ['group-before-commit', 1],
  ['group-after-commit', 2],
  ['erasure-before-commit', 1],
  ['erasure-after-commit', 1],
  ['expired-removed', 1],
];
/** The same while a base is made of the tables, since a run is damaged. */
const KILLS_OF_REPAIR: readonly FaultPoint[] = [
  'run-half-written',
  'run-synced',
  'runs-merged',
  'runs-swapped',
  'run-file-removed',
];

test('a process that is killed around a run loses nothing, doubles nothing, and leaves nothing behind', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const undisturbed = path.join(folder, 'undisturbed');
  const states = await statesOf(undisturbed);

  for (const [point, pass] of KILLS)
    await t.test(`${point}, time ${pass}`, async () => {
      const dir = path.join(folder, `${point}-${pass}`);
      const steps = await killAt(dir, { point, pass, what: 'PLAY' });
      await assertSound(dir, [states[steps], states[steps + 1]]);
    });

  for (const pass of [1, 2])
    await t.test(`the thread that merges runs dies, merge ${pass}: it is done again`, async () => {
      const dir = path.join(folder, `thread-${pass}`);
      const child = playIn(dir, { point: 'merge-thread-dies', pass, what: 'PLAY' });
      const [[errors], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
      assert.equal(code, 0);
      assert.match(
        String(errors),
        /^serving runs could not be put in order.*: the thread that merges runs died$/,
      );
      await assertSound(dir, [states.at(-1)]);
    });

  const withFiles = await addFiles(undisturbed);
  for (const point of KILLS_OF_REPAIR)
    await t.test(`${point}, while a damaged run is repaired`, async () => {
      const dir = path.join(folder, `repair-${point}`);
      await cp(undisturbed, dir, { recursive: true });
      const [name = ''] = await runFilesOf(dir);
      await rm(path.join(dir, 'serving', name));
      await killAt(dir, { point, pass: 1, what: 'OPEN' });
      await assertSound(dir, [withFiles]);
    });
});

/** What a store says after each step of the history, and before the first one. */
async function statesOf(dir: string): Promise<readonly unknown[]> {
  const { store, errors } = await openTiny(dir);
  const states = [await stateOf(store)];
  await playHistory(store, async () => void states.push(await stateOf(store)));
  assert.deepEqual(await violationsOf(store, LATER), []);
  await store.close();
  assert.deepEqual(errors, []);
  return states;
}

/**
 * Adds runs that nobody merges, so that there are several files; resolves to what the store says
 * then.
 */
async function addFiles(dir: string): Promise<unknown> {
  const limits = { ...TINY, mostRuns: { BUSY: 50, IDLE: 50 }, alwaysSmallBytes: 1e9 };
  const { store } = await openServed(dir, { limits });
  for (let i = 0; i < 3; i++) await merge(store, pairsOf(i, '1'), { now: LATER });
  const files = (await runsOf(store)).filter(({ isFile }) => isFile);
  assert.ok(files.length >= 4, `${files.length} files`);
  const state = await stateOf(store);
  await store.close();
  return state;
}

/**
 * Runs a process that is to end at a point; resolves to how many steps of the history it had done.
 */
async function killAt(dir: string, of: Fate): Promise<number> {
  const log = `${dir}.log`;
  const [, signal] = await once(playIn(dir, of), 'exit');
  assert.equal(signal, 'SIGKILL', 'it has come to the point');
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').length : 0;
}

/** What a process does, and where it is to end. */
type Fate = { readonly point: FaultPoint; readonly pass: number; readonly what: 'PLAY' | 'OPEN' };

function playIn(dir: string, { point, pass, what }: Fate): ChildProcess {
  const program = path.resolve(import.meta.dirname, 'play-history-in-process.ts');
  return fork(program, [dir, `${dir}.log`, point, String(pass), what]);
}

/**
 * The store opens, says one of some things, which its runs and its tables agree on, and goes on.
 */
async function assertSound(dir: string, expected: readonly unknown[]): Promise<void> {
  const { store } = await openTiny(dir);
  const state = await stateOf(store);
  const isOne = expected.some((each) => isDeepStrictEqual(each, state));
  if (!isOne) assert.deepEqual(state, expected[0]);
  await compareAnswers(store, QUESTION);
  assert.deepEqual(await violationsOf(store, LATER), []);
  await assertNoStrangers(dir, store);
  await store.close();

  const again = await openTiny(dir);
  assert.deepEqual(await stateOf(again.store), state);
  assert.deepEqual(again.errors, []);
  await assertNoStrangers(dir, again.store);
  for (const user of QUESTION.users.slice(0, 5))
    await again.store.eraseUser({ datamartId: '1', user, now: LATER });
  await compareAnswers(again.store, QUESTION);
  assert.deepEqual(await violationsOf(again.store, LATER), []);
  await again.store.close();
}

/** Each file in the folder of the runs is one of the manifest. */
async function assertNoStrangers(dir: string, store: Store): Promise<void> {
  const files = (await runsOf(store)).flatMap(({ id, isFile }) => (isFile ? [`${id}.run`] : []));
  assert.deepEqual([...(await runFilesOf(dir))].sort(), files.sort());
}
