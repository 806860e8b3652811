import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import { type Checkpoint, type Execution, START } from '../../src/model/execution.ts';
import { type Identifier, NO_COMPARTMENT } from '../../src/model/identifier.ts';
import { GROUP_LINES, type StagedGroup } from '../../src/store/merges.ts';
import type { Store } from '../../src/store/store.ts';
import { runs } from '../client.ts';
import {
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

const MOST = { documents: 100, bytes: 1_000_000 };
const LEASE = { worker: 'w', now: NOW, leaseUntil: NOW + 1000 };

/** What the contract says of groups, as tests, for any driver. */
export function groupContract(name: string, open: OpenStore): void {
  describe(`store contract, groups: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('a group is claimed by priority, then age, in one datamart', async ({ store }) => {
      const low = await createExecution(store, { priority: 'LOW' });
      const first = await createExecution(store, {});
      await createExecution(store, { datamartId: await createDatamart(store) });
      const second = await createExecution(store, {});
      const high = await createExecution(store, { priority: 'HIGH' });
      const claimed = await store.executions.claim({ ...LEASE, most: MOST });
      assert.deepEqual(
        claimed.map(({ id }) => id),
        [high.id, first.id, second.id, low.id],
      );
      for (const execution of claimed) {
        assert.deepEqual([execution.status, execution.startDate], ['RUNNING', NOW]);
        assert.deepEqual(await store.executions.get(execution.id), execution);
      }
    });

    withStore('a group has no more documents and bytes than asked for, and no gaps', async ({ store }) => {
      for (const bytes of [50, 60, 30, 10]) await createExecution(store, { bytes });
      const sizes = async (most: { documents: number; bytes: number }) => {
        const claimed = await store.executions.claim({ ...LEASE, most });
        for (const { id } of claimed) {
          await store.executions.finish({ id, worker: 'w', status: 'SUCCEEDED', failure: null, now: NOW });
        }
        return claimed.map(({ document }) => document.bytes);
      };
      // the first comes whatever its size; 10 would fit beside 50, but 60 and 30 come first
      assert.deepEqual(await sizes({ documents: 4, bytes: 40 }), [50]);
      assert.deepEqual(await sizes({ documents: 1, bytes: 100 }), [60]);
      assert.deepEqual(await sizes({ documents: 4, bytes: 40 }), [30, 10]);
      assert.deepEqual(await sizes({ documents: 4, bytes: 40 }), []);
    });

    withStore('a group whose worker died is taken over one by one, in its order', async ({ store }) => {
      const made = [await createExecution(store, {}), await createExecution(store, {})];
      await store.executions.claim({ ...LEASE, worker: 'dead', most: MOST });
      await createExecution(store, { priority: 'HIGH' });
      for (const { id } of made) {
        const claimed = await store.executions.claim({
          ...LEASE,
          now: NOW + 2000,
          leaseUntil: NOW + 9000,
          most: MOST,
        });
        assert.deepEqual(
          claimed.map((execution) => [execution.id, execution.startDate]),
          [[id, NOW]],
        );
        await store.executions.finish({ id, worker: 'w', status: 'SUCCEEDED', failure: null, now: NOW });
      }
    });

    withStore('a group ends its executions, each with its own counts and ending', async (context) => {
      const segment = await createSegment(context.store);
      const { claimed, group } = await stageGroup(context.store, [
        [update('a', segment.id), update('b', segment.id)],
        [],
        [update('a', segment.id), remove('b', segment.id), update('c', segment.id)],
      ]);
      const ending = (_: string, { successes }: Checkpoint) =>
        successes === 0
          ? ({ status: 'FAILED', failure: 'empty', now: NOW + 7 } as const)
          : ({ status: 'SUCCEEDED', failure: null, now: NOW + 5 } as const);
      const outcome = await context.store.mergeGroup({ ...group, ending });
      assert.ok(outcome.type === 'MERGED');
      assert.deepEqual(
        outcome.checkpoints.map(({ effects }) => effects),
        [
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
      );
      for (const [i, { id }] of claimed.entries()) {
        const execution = await context.store.executions.get(id);
        assert.deepEqual(execution?.checkpoint, outcome.checkpoints[i]);
        assert.deepEqual(
          [execution?.status, execution?.failure, execution?.endDate],
          i === 1 ? ['FAILED', 'empty', NOW + 7] : ['SUCCEEDED', null, NOW + 5],
        );
      }
      assert.deepEqual(await context.store.mergeGroup({ ...group, ending }), { type: 'NOT_MERGED' });
      assert.equal((await context.membershipsOf('b')).length, 0);
    });

    withStore('a group that is stale, or not held as a whole, changes nothing', async (context) => {
      const segment = await createSegment(context.store);
      const { claimed, group } = await stageGroup(context.store, [
        [update('a', segment.id)],
        [update('b', segment.id)],
      ]);
      await context.store.segments.update(segment.id, { paused: true }, { now: NOW });
      assert.deepEqual(await context.store.mergeGroup(group), { type: 'NOT_MERGED' });
      const catalogue = await context.store.datamarts.catalogue('1');
      const restaged = { ...group, catalogueVersion: catalogue?.version ?? -1 };
      await context.store.executions.release({ id: claimed[1]?.id ?? '', worker: 'w', now: NOW });
      assert.deepEqual(await context.store.mergeGroup(restaged), { type: 'NOT_MERGED' });
      assert.equal(await context.pointOf('a'), null);
      assert.deepEqual((await context.store.executions.get(claimed[0]?.id ?? ''))?.checkpoint, START);
    });

    test('a group does what its documents do one after the other', async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(groupOfDocuments, { minLength: 1, maxLength: 3 }), async (groups) => {
          const [together, apart] = [await openFor(t, open), await openFor(t, open)];
          for (const context of [together, apart]) await prepare(context);
          for (const [i, documents] of groups.entries()) {
            const now = NOW + i * 10;
            const { group } = await stageGroup(together.store, documents, now);
            const outcome = await together.store.mergeGroup(group);
            const checkpoints = outcome.type === 'MERGED' ? outcome.checkpoints : [];
            for (const [position, pairs] of documents.entries()) {
              const { effects } = await apart.run(pairs, now);
              assert.deepEqual(checkpoints[position]?.effects, effects, `document ${position}`);
            }
          }
          assert.deepEqual(await everything(together), await everything(apart));
        }),
        { numRuns: runs(8) },
      );
    });
  });
}

const SEGMENTS = ['1', '2'];
const USERS = ['a', 'b', 'c', 'd', 'e'];
/** It belongs to the user point of `a`. */
const EMAIL: Identifier = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'hash' };

const pair: fc.Arbitrary<Pair> = fc
  .record({
    user: fc.constantFrom(...USERS, 'email'),
    segmentId: fc.constantFrom(...SEGMENTS),
    operation: fc.constantFrom('UPDATE' as const, 'UPDATE' as const, 'DELETE' as const),
    expiresAt: fc.constantFrom(null, null, NOW - 1, NOW + 5, NOW + 90_000),
    dataBag: fc.constantFrom(null, null, '{}', '{"k":1}', '{"k":2}'),
  })
  .map(({ user, segmentId, ...more }) => {
    const made = update(user, segmentId, more);
    return user === 'email' ? { ...made, identifier: EMAIL } : made;
  });
const groupOfDocuments = fc.array(fc.array(pair, { maxLength: 4 }), { minLength: 1, maxLength: 6 });

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

async function createDatamart(store: Store): Promise<string> {
  const created = await store.datamarts.create({
    organisationId: '1',
    name: 'other',
    token: 'other',
    timeZone: 'UTC',
    compartmentId: null,
    now: NOW,
  });
  assert.ok(created !== null && created !== 'TOKEN_TAKEN');
  return created.id;
}

/** Makes an execution for each document, claims them as a group, and stages it. */
async function stageGroup(
  store: Store,
  documents: readonly (readonly Pair[])[],
  now = NOW,
): Promise<{ claimed: readonly Execution[]; group: StagedGroup }> {
  for (const _ of documents) await createExecution(store, {});
  const claimed = await store.executions.claim({ worker: 'w', now, leaseUntil: now + 1000, most: MOST });
  assert.equal(claimed.length, documents.length);
  const table = await openStagingTable(store.staging, '1');
  for (const [position, pairs] of documents.entries()) {
    for (const [i, { identifier, operation, dataBag, segmentId, expiresAt }] of pairs.entries()) {
      const line = position * GROUP_LINES + i + 1;
      table.append(line, { identifier, operation, dataBag, targets: [{ segmentId, expiresAt }] });
    }
  }
  const catalogue = await store.datamarts.catalogue('1');
  const group: StagedGroup = {
    table: await table.finish(),
    datamartId: '1',
    startDate: now,
    worker: 'w',
    catalogueVersion: catalogue?.version ?? -1,
    documents: documents.map((pairs, position) => ({
      executionId: claimed[position]?.id ?? '',
      to: { ...START, offset: 10, line: pairs.length, successes: pairs.length, pairs: pairs.length },
    })),
    ending: () => ({ status: 'SUCCEEDED', failure: null, now }),
  };
  return { claimed, group };
}
