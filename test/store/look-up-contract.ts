import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { UserSelector, UuidHalves } from '../../src/model/identifier.ts';
import { account, createSegment, NOW, type OpenStore, openFor, type StoreTest, update } from './contract.ts';

const ALL = { firstResult: 0, maxResults: 1000 };
const email = { kind: 'USER_EMAIL', compartmentId: '0', value: 'hash' } as const;
const byAccount = (value: string): UserSelector => ({ by: 'identifier', identifier: account(value) });

/** What the contract says of look-ups of many users, as tests, for any driver. */
export function lookUpContract(name: string, open: OpenStore): void {
  describe(`store contract, look-ups: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('many users get what each of them gets alone, in their order', async (context) => {
      const { store } = context;
      const { users, segments } = await populate(context);
      for (const segmentIds of [
        undefined,
        [segments[1] ?? ''],
        [segments[0] ?? '', segments[2] ?? ''],
        ['404'],
      ]) {
        const filter = segmentIds === undefined ? {} : { segmentIds };
        for (const datamartId of ['1', '404']) {
          const alone = await Promise.all(
            users.map((user) => store.listMemberships({ datamartId, user, ...filter, now: NOW, page: ALL })),
          );
          const together = await store.listMembershipsOfMany({
            ...{ datamartId, users, ...filter, now: NOW, most: 1000 },
          });
          assert.deepEqual(
            together,
            alone.map((listed) => (listed === null ? null : listed.elements)),
          );
        }
      }
    });

    withStore('more memberships than may be given are refused', async (context) => {
      const { users } = await populate(context);
      const ask = (most: number) =>
        context.store.listMembershipsOfMany({ datamartId: '1', users, now: NOW, most });
      assert.equal(await ask(3), 'TOO_MANY');
      assert.notEqual(await ask(100), 'TOO_MANY');
    });

    withStore('memberships that were removed do not make it too many', async (context) => {
      const { users, segments } = await populate(context);
      const ask = () =>
        context.store.listMembershipsOfMany({ datamartId: '1', users, now: NOW + 9, most: 2 });
      assert.equal(await ask(), 'TOO_MANY');
      await context.store.removeExpired(NOW + 9);
      await context.store.segments.remove(segments[1] ?? '');
      await context.store.segments.remove(segments[2] ?? '');
      // `a` is asked for twice, and is in the first one alone
      assert.notEqual(await ask(), 'TOO_MANY');
    });

    withStore('members are paged by user point, with their identifiers', async (context) => {
      const { segments } = await populate(context);
      const [segmentId = ''] = segments;
      const first = await context.store.listMembers({ segmentId, after: null, most: 1, now: NOW });
      const after = first[0]?.userPointId ?? null;
      const rest = await context.store.listMembers({ segmentId, after, most: 10, now: NOW + 1 });
      const found = [...first, ...rest]
        .map(({ identifiers, dataBag, expirationTs }) => [
          identifiers.map(({ value }) => value).join(' '),
          dataBag,
          expirationTs,
        ])
        .filter(([name]) => name !== 'c')
        .sort();
      assert.deepEqual(found, [
        ['a', '{"k":1}', null],
        ['b hash', null, NOW + 5],
      ]);
      assert.deepEqual(
        await context.store.listMembers({ segmentId: '404', after: null, most: 9, now: NOW }),
        [],
      );
    });

    withStore('those who leave are counted by the instant', async (context) => {
      const { segments } = await populate(context);
      const until = [NOW, NOW + 1, NOW + 4, NOW + 5];
      const count = (now: number) =>
        context.store.countExpiring({ segmentId: segments[0] ?? '', now, until });
      assert.deepEqual(await count(NOW), [0, 1, 1, 2]);
      assert.deepEqual(await count(NOW + 1), [0, 0, 0, 1]);
    });

    withStore('overlaps are what counting each pair by itself gives', async (context) => {
      const { store } = context;
      const segments: string[] = [];
      for (let at = 0; at < 5; at++) segments.push((await createSegment(store)).id);
      const isIn = (user: number, at: number) => (user * 31 + at * 17) % (at + 2) === 0;
      const users = Array.from({ length: 200 }, (_, user) => user);
      await context.run(
        users.flatMap((user) =>
          segments.flatMap((id, at) =>
            isIn(user, at) ? [update(`u${user}`, id, { expiresAt: at === 4 ? NOW + user : null })] : [],
          ),
        ),
      );
      const now = NOW + 100;
      const isLive = (user: number, at: number) => isIn(user, at) && (at !== 4 || user > 100);
      const expected = segments.flatMap((one, i) =>
        segments.slice(i + 1).map((other, j) => ({
          segmentIds: [one, other],
          userPoints: users.filter((user) => isLive(user, i) && isLive(user, i + 1 + j)).length,
        })),
      );
      const counted = await store.countOverlaps({ segmentIds: segments, now });
      const inOrder = [...counted].sort((a, b) => (a.segmentIds.join() < b.segmentIds.join() ? -1 : 1));
      assert.deepEqual(
        inOrder,
        expected.filter(({ userPoints }) => userPoints > 0),
      );
      assert.deepEqual(await store.countOverlaps({ segmentIds: [segments[0] ?? '', '404'], now }), []);

      for (const [i, segmentId] of segments.entries()) {
        const counted = await store.countOverlapsWith({ segmentId, now });
        assert.deepEqual(
          [...counted].sort((one, other) => Number(one.segmentId) - Number(other.segmentId)),
          segments.map((id, j) => ({
            segmentId: id,
            size: users.filter((user) => isLive(user, j)).length,
            shared: users.filter((user) => isLive(user, i) && isLive(user, j)).length,
          })),
        );
      }
      const stranger = await store.countOverlapsWith({ segmentId: '404', now });
      assert.ok(stranger.every(({ shared }) => shared === 0));
    });

    withStore('a user is asked for in one segment', async (context) => {
      const { segments } = await populate(context);
      const [, second = ''] = segments;
      const listed = await context.store.listMemberships({
        ...{ datamartId: '1', user: byAccount('a'), segmentIds: [second], now: NOW, page: ALL },
      });
      assert.deepEqual(
        listed?.elements.map(({ segmentId }) => segmentId),
        [second],
      );
      assert.equal(listed?.total, 1);
    });
  });
}

/** `a` in all segments, `b` in the first and with an email, `c` expired, and strangers. */
async function populate(context: StoreTest) {
  const { store } = context;
  const segments: string[] = [];
  for (const technicalName of ['one', 'two', 'three'])
    segments.push((await createSegment(store, { technicalName })).id);
  const [first = ''] = segments;
  await context.run([
    ...segments.map((id) => update('a', id, { dataBag: '{"k":1}' })),
    update('b', first, { expiresAt: NOW + 5 }),
    update('c', first, { expiresAt: NOW + 1 }),
  ]);
  const point = (await context.pointOf('b')) as UuidHalves;
  await store.attachIdentifier({ datamartId: '1', identifier: email, userPointId: point, now: NOW });
  const attached = { by: 'identifier', identifier: email } as const;
  const users: readonly UserSelector[] = [
    byAccount('stranger'),
    byAccount('b'),
    attached,
    byAccount('a'),
    { by: 'user_point_id', userPointId: point },
    byAccount('c'),
    byAccount('a'),
    { by: 'user_point_id', userPointId: { hi: 1n, lo: 2n } },
    // the half of it that is looked for, and another user
    { by: 'user_point_id', userPointId: { hi: point.hi, lo: 2n } },
  ];
  return { users, segments };
}
