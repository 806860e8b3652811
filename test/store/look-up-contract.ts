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
