import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import type { CallAnswer } from '../../src/model/command-call.ts';
import { KEY_LIFE_MS, NO_EFFECTS } from '../../src/model/execution.ts';
import { type Identifier, NO_COMPARTMENT } from '../../src/model/identifier.ts';
import { GROUP_LINES, type StagedCall, type StagedCalls } from '../../src/store/merges.ts';
import type { Store } from '../../src/store/store.ts';
import { runs } from '../client.ts';
import {
  account,
  createExecution,
  createSegment,
  NONE,
  NOW,
  type OpenStore,
  openFor,
  type Pair,
  remove,
  type StoreTest,
  update,
} from './contract.ts';

/** What the contract says of calls of commands, as tests, for any driver. */
export function callContract(name: string, open: OpenStore): void {
  describe(`store contract, calls: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('calls are applied in their order, each with its own effects', async (context) => {
      const segment = await createSegment(context.store);
      const calls = await stageCalls(context.store, [
        [update('a', segment.id), update('b', segment.id)],
        [],
        [update('a', segment.id, { dataBag: '{"k":1}' }), remove('b', segment.id), update('c', segment.id)],
      ]);
      assert.deepEqual(await context.store.mergeCalls(calls), {
        type: 'MERGED',
        effects: [
          { ...NONE, membershipsCreated: 2, userPointsCreated: 2 },
          NONE,
          {
            ...NONE,
            membershipsCreated: 1,
            membershipsUpdated: 1,
            membershipsDeleted: 1,
            userPointsCreated: 1,
          },
        ],
      });
      assert.equal((await context.membershipsOf('a'))[0]?.dataBag, '{"k":1}');
      assert.equal((await context.membershipsOf('b')).length, 0);
      await context.reopen();
      assert.equal((await context.membershipsOf('c')).length, 1);
    });

    withStore('their changes belong to no execution, and say which command it was', async (context) => {
      const segment = await createSegment(context.store);
      await context.store.mergeCalls(await stageCalls(context.store, [[], [update('a', segment.id)]]));
      const expiring = update('a', segment.id, { expiresAt: NOW + 10 });
      await context.store.mergeCalls(await stageCalls(context.store, [[expiring]], { now: NOW + 5 }));
      await context.store.mergeCalls(
        await stageCalls(context.store, [[remove('x', segment.id), update('a', segment.id)]], {
          now: NOW + 20,
        }),
      );
      const user = { by: 'identifier', identifier: account('a') } as const;
      const page = { firstResult: 0, maxResults: 10 };
      const listed = await context.store.listChanges({ datamartId: '1', user, now: NOW + 20, page });
      assert.deepEqual(
        listed?.elements.map(({ kind, date, executionId, line }) => [kind, date, executionId, line]),
        [
          ['ENTERED', NOW + 20, null, 2],
          ['EXPIRED', NOW + 10, null, null],
          ['UPDATED', NOW + 5, null, 1],
          ['ENTERED', NOW, null, 1],
        ],
      );
      const origins = await context.store.listOrigins({ datamartId: '1', user, now: NOW + 20, page });
      assert.equal(origins?.elements[0]?.enteredBy?.line, 2);
      assert.equal(origins?.elements[0]?.restoredBy, null);
    });

    withStore('calls that are stale change nothing', async (context) => {
      const segment = await createSegment(context.store);
      const calls = await stageCalls(context.store, [[update('a', segment.id)]], { key: 'k' });
      await context.store.segments.update(segment.id, { paused: true }, { now: NOW });
      assert.equal((await context.store.mergeCalls(calls)).type, 'STALE');
      assert.equal(await context.pointOf('a'), null);
      // what had expired when they start may be removed: they start then at the earliest
      await context.store.removeExpired(NOW + 1_000);
      const early = await stageCalls(context.store, [[update('a', segment.id)]], { key: 'k' });
      assert.deepEqual(await context.store.mergeCalls(early), { type: 'STALE', startFrom: NOW + 1_000 });
      assert.equal(await context.pointOf('a'), null);
      const again = await stageCalls(context.store, [[update('a', segment.id)]], {
        key: 'k',
        now: NOW + 1_000,
      });
      assert.equal((await context.store.mergeCalls(again)).type, 'MERGED');
    });

    withStore('what is only counted is not written, and its key is free', async (context) => {
      const segment = await createSegment(context.store);
      await context.run([update('a', segment.id)]);
      const pairs = [update('a', segment.id), update('b', segment.id)];
      const counted = await stageCalls(context.store, [pairs], { key: 'k', purpose: 'COUNT' });
      const effects = [{ ...NONE, membershipsCreated: 1, membershipsUpdated: 1, userPointsCreated: 1 }];
      assert.deepEqual(await context.store.mergeCalls(counted), { type: 'MERGED', effects });
      assert.equal(await context.pointOf('b'), null);
      assert.equal((await context.membershipsOf('a'))[0]?.lastModifiedTs, NOW);
      const applied = await stageCalls(context.store, [pairs], { key: 'k', now: NOW + 1 });
      assert.deepEqual(await context.store.mergeCalls(applied), { type: 'MERGED', effects });
    });

    withStore(
      'a call whose key is known gets the first answer, and the others can go on',
      async (context) => {
        const segment = await createSegment(context.store);
        const failed = [{ index: 1, code: 'INVALID_TYPE', message: 'got "it"' }] as const;
        const first = await stageCalls(context.store, [[update('a', segment.id)]], { key: 'k', failed });
        assert.equal((await context.store.mergeCalls(first)).type, 'MERGED');
        const effects = { ...NO_EFFECTS, membershipsCreated: 1, userPointsCreated: 1 };
        const answer: CallAnswer = {
          startDate: NOW,
          successes: 1,
          failed,
          warnings: {},
          effects,
          segmentsCreated: [],
        };
        await context.reopen();
        const answersTo = async (of: { now: number; fingerprint?: string }) => {
          const calls = await stageCalls(
            context.store,
            [[update('b', segment.id)], [update('a', segment.id)]],
            {
              ...of,
              key: 'k',
            },
          );
          const outcome = await context.store.mergeCalls(calls);
          return outcome.type === 'ANSWERED' ? [...outcome.answers] : outcome.type;
        };
        assert.deepEqual(await answersTo({ now: NOW + 5 }), [[1, answer]]);
        assert.deepEqual(await answersTo({ now: NOW + 5, fingerprint: 'other' }), [[1, 'KEY_REUSED']]);
        assert.equal(await context.pointOf('b'), null, 'nothing of the group was written');
        // what it says of commands may be of anybody
        const user = { by: 'identifier', identifier: account('somebody') } as const;
        await context.store.eraseUser({ datamartId: '1', user, now: NOW });
        const answers = await answersTo({ now: NOW + 5 });
        assert.doesNotMatch(JSON.stringify(answers), /got/);
        assert.match(JSON.stringify(answers), /INVALID_TYPE/);
        assert.equal(await answersTo({ now: NOW + KEY_LIFE_MS }), 'MERGED', 'a key lives for a day');
        assert.equal(await context.store.executions.removeKeysBefore(NOW), 1);
        assert.equal(await context.store.executions.removeKeysBefore(NOW), 0);
      },
    );

    withStore('calls come between the chunks of an execution, which goes on', async (context) => {
      const segment = await createSegment(context.store);
      const execution = await createExecution(context.store, {});
      const lease = { worker: 'w', now: NOW, leaseUntil: NOW + 1000 };
      await context.store.executions.claim({ ...lease, most: { documents: 1, bytes: 1 } });
      const before = await context.store.executions.get(execution.id);
      const calls = await stageCalls(context.store, [[update('a', segment.id)]], { now: NOW + 3 });
      assert.equal((await context.store.mergeCalls(calls)).type, 'MERGED');
      assert.deepEqual(await context.store.executions.get(execution.id), before);
    });

    test('calls do what files with their commands do one after the other', async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(groupOfCalls, { minLength: 1, maxLength: 3 }), async (groups) => {
          const [together, apart] = [await openFor(t, open), await openFor(t, open)];
          for (const context of [together, apart]) await prepare(context);
          for (const [i, calls] of groups.entries()) {
            const now = NOW + i * 10;
            const outcome = await together.store.mergeCalls(await stageCalls(together.store, calls, { now }));
            const effects = outcome.type === 'MERGED' ? outcome.effects : [];
            for (const [position, pairs] of calls.entries()) {
              const of = await apart.run(pairs, now);
              assert.deepEqual(effects[position], of.effects, `call ${position}`);
            }
          }
          assert.deepEqual(await everything(together), await everything(apart));
        }),
        { numRuns: runs(6) },
      );
    });
  });
}

const SEGMENTS = ['1', '2'];
const USERS = ['a', 'b', 'c', 'd'];
/** It belongs to the user point of `a`. */
const EMAIL: Identifier = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'hash' };

const pair: fc.Arbitrary<Pair> = fc
  .record({
    user: fc.constantFrom(...USERS, 'email'),
    segmentId: fc.constantFrom(...SEGMENTS),
    operation: fc.constantFrom('UPDATE' as const, 'UPDATE' as const, 'DELETE' as const),
    expiresAt: fc.constantFrom(null, null, NOW - 1, NOW + 5, NOW + 90_000),
    dataBag: fc.constantFrom(null, null, '{}', '{"k":1}'),
  })
  .map(({ user, segmentId, ...more }) => {
    const made = update(user, segmentId, more);
    return user === 'email' ? { ...made, identifier: EMAIL } : made;
  });
const groupOfCalls = fc.array(fc.array(pair, { maxLength: 4 }), { minLength: 1, maxLength: 6 });

async function prepare(context: StoreTest): Promise<void> {
  for (const _ of SEGMENTS) await createSegment(context.store);
  await context.run([update('a', '1')], NOW - 100);
  const userPointId = await context.pointOf('a');
  assert.ok(userPointId);
  await context.store.attachIdentifier({ datamartId: '1', identifier: EMAIL, userPointId, now: NOW - 50 });
}

async function everything(context: StoreTest): Promise<unknown> {
  const users: unknown[] = [];
  for (const user of USERS) {
    const userPointId = await context.pointOf(user);
    const identifiers = userPointId ? await context.store.listIdentifiers(userPointId) : [];
    users.push({ user, memberships: await context.membershipsOf(user), identifiers });
  }
  const sizes = await context.store.countMembers({ segmentIds: SEGMENTS, now: NOW });
  return { users, sizes };
}

type Staging = {
  readonly now?: number;
  /** Of the last call. */
  readonly key?: string;
  readonly fingerprint?: string;
  readonly failed?: StagedCall['answer']['failed'];
  readonly purpose?: StagedCalls['purpose'];
};

async function stageCalls(
  store: Store,
  calls: readonly (readonly Pair[])[],
  { now = NOW, key, fingerprint = 'same', failed = [], purpose = 'APPLY' }: Staging = {},
): Promise<StagedCalls> {
  const table = await openStagingTable(store.staging, '1');
  for (const [position, pairs] of calls.entries()) {
    for (const [i, { identifier, operation, dataBag, segmentId, expiresAt }] of pairs.entries()) {
      const line = position * GROUP_LINES + i + 1;
      table.append(line, { identifier, operation, dataBag, targets: [{ segmentId, expiresAt }] });
    }
  }
  const catalogue = await store.datamarts.catalogue('1');
  return {
    table: await table.finish(),
    ...{ datamartId: '1', startDate: now, purpose, catalogueVersion: catalogue?.version ?? -1 },
    calls: calls.map((pairs, position) => ({
      pairs: pairs.length,
      answer: { startDate: now, successes: pairs.length, failed, warnings: {}, segmentsCreated: [] },
      key: key !== undefined && position === calls.length - 1 ? { value: key, fingerprint } : null,
    })),
  };
}
