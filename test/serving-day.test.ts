import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Execution } from '../src/model/execution.ts';
import { userKey } from '../src/model/user-key.ts';
import { discardFolder, makeFolder } from './folder.ts';
import { account, createSegment, NOW, type Pair, update } from './store/contract.ts';
import {
  byIdentifier,
  compareAnswers,
  email,
  merge,
  mergeGroup,
  openServed,
  revert,
  runFilesOf,
  runsOf,
  violationsOf,
} from './store/served-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const USERS = 3_000;
const BAG = JSON.stringify({ k: 'x'.repeat(100) });
/** Twenty-four and the base while files keep coming, and those that come while some are merged. */
const MOST_RUNS = 30;
const MOST_WHEN_SETTLED = 12;

test('a day of merges, groups, sweeps, reverts and erasures leaves few runs and few files', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  let now = NOW;
  const { store, errors } = await openServed(dir, { clock: () => now, limits: { quietMs: 200 } });
  t.after(() => store.close());
  const segmentIds: string[] = [];
  for (let i = 0; i < 3; i++) segmentIds.push((await createSegment(store)).id);
  let most = { runs: 0, files: 0 };
  const look = async () => {
    const [list, files] = await Promise.all([runsOf(store), runFilesOf(dir)]);
    most = { runs: Math.max(most.runs, list.length), files: Math.max(most.files, files.length) };
  };
  let seed = 7;
  const below = (bound: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * bound);
  };
  const pairs = (users: number): readonly Pair[] =>
    Array.from({ length: users }, () =>
      update(`user ${below(USERS)}`, segmentIds[below(3)] ?? '', {
        operation: below(4) === 0 ? 'DELETE' : 'UPDATE',
        expiresAt: below(3) === 0 ? now + below(3 * HOUR) : null,
        dataBag: below(2) === 0 ? BAG : null,
      }),
    );

  let last: Execution | null = null;
  for (let tick = 0; tick < 24 * 6; tick++, now += 10 * MINUTE) {
    // one large file each two hours, small ones all the time
    if (tick % 12 === 0) await merge(store, pairs(2_000), { now });
    else if (tick % 3 === 0) await mergeGroup(store, [pairs(3), pairs(2), pairs(20)], { now });
    else last = await merge(store, pairs(1 + below(40)), { now });
    if (tick % 6 === 5) await store.removeExpired(now);
    if (tick % 15 === 14 && last !== null) await revert(store, last, { now });
    if (tick % 20 === 19) {
      const user = byIdentifier(account(`user ${below(USERS)}`));
      await store.eraseUser({ datamartId: '1', user, now });
    }
    if (tick % 10 === 9) {
      const userPointId = userKey('1', account(`user ${below(USERS)}`));
      await store.attachIdentifier({ datamartId: '1', identifier: email(`${tick}`), userPointId, now });
    }
    await look();
  }
  // it waits for what goes on in the background, in its turn once it is quiet
  for (let i = 0; i < 40; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await look();
  }
  assert.deepEqual(await violationsOf(store, now), []);
  assert.ok(most.runs <= MOST_RUNS, `${most.runs} runs at once`);
  assert.ok(most.files <= MOST_RUNS, `${most.files} files at once`);
  const [list, files] = [await runsOf(store), await runFilesOf(dir)];
  t.diagnostic(
    `at most ${most.runs} runs and ${most.files} files, at the end ${list.length} and ${files.length}`,
  );
  assert.ok(list.length <= MOST_WHEN_SETTLED, `${list.length} runs when settled`);
  assert.deepEqual([...files].sort(), list.flatMap(({ id, isFile }) => (isFile ? [`${id}.run`] : [])).sort());
  await compareAnswers(store, {
    users: Array.from({ length: 200 }, () => byIdentifier(account(`user ${below(USERS)}`))),
    ...{ segmentIds, datamartIds: ['1'], instants: [now, now + HOUR] },
  });
  assert.deepEqual(errors, []);
});
