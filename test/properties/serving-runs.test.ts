import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Execution } from '../../src/model/execution.ts';
import { userKey } from '../../src/model/user-key.ts';
import type { Store } from '../../src/store/store.ts';
import { runs } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { account, createSegment, NOW, type Pair, update } from '../store/contract.ts';
import {
  byIdentifier,
  byPoint,
  compareAnswers,
  createDatamart,
  email,
  merge,
  mergeGroup,
  openServed,
  type Question,
  replace,
  restoreInto,
  revert,
  runFilesOf,
  runsOf,
  TINY,
  violationsOf,
} from '../store/served-store.ts';

const USERS = ['a', 'b', 'c', 'd', 'e', 'f'].map(account);
const EMAILS = ['one', 'two', 'three'].map(email);
const IDENTIFIERS = [...USERS, ...EMAILS];
const SEGMENTS_EACH = 3;
const BAGS = {
  none: null,
  clear: '{}',
  short: '{"k":"é😀"}',
  long: `{"k":"${'x'.repeat(1_500)}"}`,
} as const;

type PairDraft = {
  readonly who: number;
  readonly segment: number;
  readonly operation: Pair['operation'];
  /** In ms from now; null: never. */
  readonly expiresIn: number | null;
  readonly bag: keyof typeof BAGS;
};
type Step =
  | { readonly type: 'chunk'; readonly datamart: 0 | 1; readonly pairs: readonly PairDraft[] }
  | { readonly type: 'group'; readonly documents: readonly (readonly PairDraft[])[] }
  | { readonly type: 'replace'; readonly pairs: readonly PairDraft[]; readonly segment: number | null }
  | { readonly type: 'revert'; readonly pick: number }
  | { readonly type: 'erase'; readonly who: number; readonly by: 'identifier' | 'user_point_id' }
  | { readonly type: 'attach'; readonly email: number; readonly to: number }
  | { readonly type: 'removeSegment'; readonly segment: number }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'sweep' | 'compact' | 'reopen' | 'restore' | 'pause' };

const plain = <T>(model: { [name in keyof T]: fc.Arbitrary<T[name]> }) =>
  fc.record(model, { noNullPrototype: true });
const pair: fc.Arbitrary<PairDraft> = plain({
  // mostly accounts: an identifier of a file that nobody has attached is a user of its own
  who: fc.oneof(
    { weight: 12, arbitrary: fc.nat(USERS.length - 1) },
    { weight: 1, arbitrary: fc.integer({ min: USERS.length, max: IDENTIFIERS.length - 1 }) },
  ),
  segment: fc.nat(SEGMENTS_EACH - 1),
  operation: fc.constantFrom('UPDATE' as const, 'UPDATE' as const, 'DELETE' as const),
  expiresIn: fc.constantFrom(null, null, -1, 0, 3, 5, 1_000),
  bag: fc.constantFrom('none', 'none', 'clear', 'short', 'long'),
});
const pairs = fc.array(pair, { minLength: 1, maxLength: 12 });
const segment = fc.nat(SEGMENTS_EACH - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: plain({ type: fc.constant('chunk' as const), datamart: fc.constantFrom(0, 0, 1), pairs }),
  },
  {
    weight: 3,
    arbitrary: plain({
      type: fc.constant('group' as const),
      documents: fc.array(pairs, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: plain({ type: fc.constant('replace' as const), pairs, segment: fc.option(segment) }),
  },
  { weight: 3, arbitrary: plain({ type: fc.constant('revert' as const), pick: fc.nat() }) },
  {
    weight: 3,
    arbitrary: plain({
      type: fc.constant('erase' as const),
      who: fc.nat(IDENTIFIERS.length - 1),
      by: fc.constantFrom('identifier' as const, 'user_point_id' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: plain({
      type: fc.constant('attach' as const),
      email: fc.nat(EMAILS.length - 1),
      to: fc.nat(USERS.length - 1),
    }),
  },
  { weight: 1, arbitrary: plain({ type: fc.constant('removeSegment' as const), segment }) },
  {
    weight: 3,
    arbitrary: plain({ type: fc.constant('wait' as const), ms: fc.constantFrom(1, 2, 3, 5, 1_000) }),
  },
  {
    weight: 6,
    arbitrary: plain({
      type: fc.constantFrom('sweep' as const, 'sweep' as const, 'compact', 'reopen', 'restore', 'pause'),
    }),
  },
);

/** A store in the middle of its history. */
type World = {
  dir: string;
  store: Store;
  errors: string[];
  now: number;
  /** Of each of the two datamarts; those that were removed are in `past`. */
  readonly segments: [string[], string[]];
  readonly past: string[];
  readonly executions: { readonly execution: Execution; readonly datamart: 0 | 1 }[];
  readonly datamartIds: readonly [string, string];
};

/** What the histories are to have met at least once, in all of them together. */
const met = new Set<string>();

/** A history that meets all of it, whatever the others are. */
const KNOWN: Step[] = [
  ...[0, 1, 2, 3, 4, 5].map((who) => ({
    ...{ type: 'chunk' as const, datamart: 0 as const },
    pairs: [
      {
        ...{ who, segment: 0, expiresIn: null },
        operation: 'UPDATE' as const,
        bag: who === 0 ? ('long' as const) : ('clear' as const),
      },
    ],
  })),
  { type: 'attach', email: 0, to: 1 },
  { type: 'erase', who: 2, by: 'identifier' },
  { type: 'compact' },
  { type: 'revert', pick: 3 },
];

for (const [name, limits, histories] of [
  ['as they are', {}, 3],
  ['with runs, files and merges for a few users already', TINY, 6],
] as const)
  test(`serving runs say what the tables say after every step, ${name}`, async (t) => {
    const folder = await makeFolder();
    t.after(() => discardFolder(t, folder));
    let folders = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 20, size: 'max' }), async (steps) => {
        const world = await openWorld(path.join(folder, String(++folders)), limits);
        const open = (dir: string) => openServed(dir, { limits });
        try {
          for (const each of steps) {
            await take(world, each, open);
            // while runs are merged, and when there is nothing left to merge
            await compareAnswers(world.store, {
              ...questionOf(world),
              ...{ datamartIds: ['1', '404'], instants: [world.now] },
            });
            assert.deepEqual(await violationsOf(world.store, world.now), []);
            await compareAnswers(world.store, questionOf(world));
            await assertInOrder(world);
          }
        } finally {
          await world.store.close();
        }
      }),
      {
        examples: [[KNOWN]],
        numRuns: runs(histories),
        endOnFailure: process.env.MUSTER_TEST_SHRINK === undefined,
      },
    );
    if (limits === TINY)
      assert.deepEqual([...met].sort(), ['a file', 'a merged run', 'an alias', 'an erasure']);
  });

async function openWorld(dir: string, limits: object): Promise<World> {
  const { store, errors } = await openServed(dir, { limits });
  const datamartIds = ['1', await createDatamart(store)] as const;
  const segments: [string[], string[]] = [[], []];
  for (const datamart of [0, 1] as const)
    for (let i = 0; i < SEGMENTS_EACH; i++)
      segments[datamart].push((await createSegment(store, { datamartId: datamartIds[datamart] })).id);
  return { dir, store, errors, now: NOW, segments, past: [], executions: [], datamartIds };
}

function questionOf({ segments, past, now, datamartIds }: World): Question {
  return {
    users: [
      ...IDENTIFIERS.map(byIdentifier),
      // of those that were attached there is no user point, though there is a key
      ...IDENTIFIERS.map((each) => byPoint(each)),
      byPoint(USERS[0] ?? assert.fail(), datamartIds[1]),
      byIdentifier(account('stranger')),
      byPoint(account('stranger')),
    ],
    segmentIds: [...segments.flat(), ...past, '404'],
    datamartIds,
    instants: [now, now + 2, now + 3, now + 5],
  };
}

async function take(
  world: World,
  each: Step,
  open: (dir: string) => Promise<Pick<World, 'store' | 'errors'>>,
): Promise<void> {
  const { store, now, segments, executions } = world;
  const pairsOf = (drafts: readonly PairDraft[], datamart: 0 | 1 = 0) =>
    drafts.map(({ who, segment, operation, expiresIn, bag }) => ({
      ...update('', segments[datamart][segment] ?? '', {
        ...{ operation, dataBag: BAGS[bag], expiresAt: expiresIn === null ? null : now + expiresIn },
      }),
      identifier: IDENTIFIERS[who] ?? assert.fail(),
    }));
  if (each.type === 'chunk') {
    const { datamart } = each;
    const of = { now, datamartId: world.datamartIds[datamart] };
    executions.push({ execution: await merge(store, pairsOf(each.pairs, datamart), of), datamart });
  } else if (each.type === 'group') {
    for (const execution of await mergeGroup(
      store,
      each.documents.map((drafts) => pairsOf(drafts)),
      { now },
    ))
      executions.push({ execution, datamart: 0 });
  } else if (each.type === 'replace') {
    const segmentIds = each.segment === null ? null : [segments[0][each.segment] ?? ''];
    executions.push({
      execution: await replace(store, pairsOf(each.pairs), { now, segmentIds }),
      datamart: 0,
    });
  } else if (each.type === 'revert') {
    const picked = executions[each.pick % Math.max(1, executions.length)];
    if (picked)
      await revert(store, picked.execution, { now, datamartId: world.datamartIds[picked.datamart] });
  } else if (each.type === 'erase') {
    const identifier = IDENTIFIERS[each.who] ?? assert.fail();
    const user = each.by === 'identifier' ? byIdentifier(identifier) : byPoint(identifier);
    const erased = await store.eraseUser({ datamartId: '1', user, now });
    if (erased !== null && erased.membershipsRemoved > 0) met.add('an erasure');
  } else if (each.type === 'attach') {
    const userPointId = userKey('1', USERS[each.to] ?? assert.fail());
    const identifier = EMAILS[each.email] ?? assert.fail();
    if ((await store.attachIdentifier({ datamartId: '1', identifier, userPointId, now })) === 'ATTACHED')
      met.add('an alias');
  } else if (each.type === 'removeSegment') {
    const id = segments[0][each.segment] ?? '';
    await store.segments.remove(id);
    world.past.push(id);
    segments[0][each.segment] = (await createSegment(store)).id;
  } else if (each.type === 'wait') world.now += each.ms;
  else if (each.type === 'sweep') await store.removeExpired(now);
  else if (each.type === 'compact') await store.compact('IDLE', new AbortController().signal);
  // longer than the runs keep somebody who was erased
  else if (each.type === 'pause') await sleep(30);
  else await reopen(world, each.type, open);
}

async function reopen(
  world: World,
  how: 'reopen' | 'restore',
  open: (dir: string) => Promise<Pick<World, 'store' | 'errors'>>,
): Promise<void> {
  const dir = how === 'reopen' ? world.dir : `${world.dir}-restored`;
  if (how === 'restore') await restoreInto(world.store, dir);
  await world.store.close();
  Object.assign(world, { dir, ...(await open(dir)) });
}

/**
 * The store answers from runs, which follow each other from the base on, and nothing else is in
 * their folder.
 */
async function assertInOrder({ store, dir, errors }: World): Promise<void> {
  assert.deepEqual(errors, []);
  const list = await runsOf(store);
  assert.equal(list.at(-1)?.first, 0, 'there is a base');
  for (const [i, run] of list.entries())
    assert.ok(run.first <= run.last && run.last < (list[i - 1]?.first ?? Number.POSITIVE_INFINITY));
  const files = list.flatMap(({ id, isFile }) => (isFile ? [`${id}.run`] : []));
  const lying = new Set(await runFilesOf(dir));
  for (const file of files) assert.ok(lying.has(file), `${file} is not there`);
  if (files.length > 0) met.add('a file');
  if (list.some(({ first, last }) => first > 0 && last > first)) met.add('a merged run');
}
