import assert from 'node:assert/strict';
import type { Execution } from '../../src/model/execution.ts';
import { userKey } from '../../src/model/user-key.ts';
import type { Store } from '../../src/store/store.ts';
import { account, createSegment, NOW, type Pair, update } from '../store/contract.ts';
import {
  byIdentifier,
  byPoint,
  email,
  merge,
  mergeGroup,
  openServed,
  type Question,
  replace,
  revert,
  TINY,
} from '../store/served-store.ts';

const USERS = Array.from({ length: 16 }, (_, i) => account(`user ${i}`));
const EMAIL = email('attached');
const BAG = JSON.stringify({ k: 'x'.repeat(400) });
const SEGMENT_IDS = ['1', '2', '3'];
const LATER = NOW + 1_000;

export const QUESTION: Question = {
  users: [...[...USERS, EMAIL, account('stranger')].map(byIdentifier), ...USERS.map((each) => byPoint(each))],
  segmentIds: SEGMENT_IDS,
  datamartIds: ['1'],
  instants: [LATER],
};

/**
 * A store with runs, files and merges for a few users already. What it does in a transaction, it
 * does in one.
 */
export const openTiny = (dir: string) =>
  openServed(dir, { limits: TINY, rowsAtATime: { reverted: 1_000, replaced: 5 } });

/** Some users of each step, in a segment. */
export function pairsOf(step: number, segmentId: string, more: Partial<Pair> = {}): readonly Pair[] {
  return USERS.filter((_, user) => (user + step) % 2 === 0).map((identifier) => ({
    ...update('', segmentId, { dataBag: BAG, ...more }),
    identifier,
  }));
}

/**
 * Does to a fresh store all that changes memberships, each in one transaction; `onDone` after each
 * of them.
 */
export async function playHistory(store: Store, onDone: (steps: number) => Promise<void>): Promise<void> {
  for (const id of SEGMENT_IDS) assert.equal((await createSegment(store)).id, id);
  const [one = '', two = '', three = ''] = SEGMENT_IDS;
  const executions: Execution[] = [];
  const steps: readonly ((now: number) => Promise<unknown>)[] = [
    async (now) => executions.push(await merge(store, pairsOf(0, one), { now })),
    async (now) => executions.push(await merge(store, pairsOf(1, one, { expiresAt: NOW + 8 }), { now })),
    (now) => mergeGroup(store, [pairsOf(0, two), pairsOf(1, two), pairsOf(0, three)], { now }),
    (now) =>
      store.attachIdentifier({
        ...{ datamartId: '1', identifier: EMAIL, userPointId: userKey('1', USERS[2] ?? assert.fail()), now },
      }),
    (now) => store.eraseUser({ datamartId: '1', user: byIdentifier(USERS[4] ?? assert.fail()), now }),
    async (now) => executions.push(await merge(store, pairsOf(1, one, { operation: 'DELETE' }), { now })),
    (now) => replace(store, pairsOf(1, two, { dataBag: '{}' }), { now, segmentIds: [two] }),
    (now) => revert(store, executions[0] ?? assert.fail(), { now }),
    (now) => merge(store, pairsOf(0, one), { now }),
    (now) => store.removeExpired(now + 20),
    (now) => mergeGroup(store, [pairsOf(0, one, { dataBag: null })], { now: now + 20 }),
    () => store.segments.remove(three),
    (now) => merge(store, pairsOf(1, two), { now: now + 20 }),
  ];
  for (const [i, step] of steps.entries()) {
    await step(NOW + i);
    await onDone(i + 1);
  }
}

/** What a store says of everybody. */
export async function stateOf(store: Store): Promise<unknown> {
  const { users } = QUESTION;
  const memberships = await store.listMembershipsOfMany({
    ...{ datamartId: '1', users, now: LATER, most: 10_000 },
  });
  return { memberships, sizes: await store.countMembers({ segmentIds: SEGMENT_IDS, now: LATER }) };
}
