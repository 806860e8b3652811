import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Events } from '../../src/events.ts';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import { type Checkpoint, type Effects, type Execution, START } from '../../src/model/execution.ts';
import {
  formatUuid,
  type Identifier,
  NO_COMPARTMENT,
  type UserSelector,
  type UuidHalves,
} from '../../src/model/identifier.ts';
import type { Mapping } from '../../src/model/mapping.ts';
import type { Membership, Priority } from '../../src/model/records.ts';
import type { NewSegment, Segment } from '../../src/model/segment.ts';
import { userKey } from '../../src/model/user-key.ts';
import type { SegmentOrder } from '../../src/store/catalogue-records.ts';
import type { MergeOutcome } from '../../src/store/merges.ts';
import type { Store } from '../../src/store/store.ts';

/** Opens a store in a folder; the same folder again is the same store. */
export type OpenStore = (dir: string, events?: Pick<Events, 'emit'>) => Promise<Store>;

export const NOW = 1_800_000_000_000;
const ALL = { firstResult: 0, maxResults: 1000 };

/** The contract of `Store` as tests, for any driver. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`store contract: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('a fresh store has organisation, datamart and default compartment 1', async ({ store }) => {
      const datamarts = await store.datamarts.list({ ids: null, page: ALL });
      assert.deepEqual(
        datamarts.elements.map(({ id, organisationId, name }) => [id, organisationId, name]),
        [['1', '1', 'default']],
      );
      const catalogue = await store.datamarts.catalogue('1');
      assert.equal(catalogue?.defaultCompartmentId, '1');
      assert.equal(catalogue?.compartmentIdByToken.get('default'), '1');
      assert.equal(await store.datamarts.catalogue('404'), null);
    });

    withStore('what was written is there after closing and opening again', async (context) => {
      const segment = await createSegment(context.store, { technicalName: 'vip' });
      await context.run([update('a', segment.id)]);
      await context.reopen();
      assert.equal((await context.store.segments.get(segment.id))?.technicalName, 'vip');
      assert.deepEqual(segmentsOf(await context.membershipsOf('a')), [segment.id]);
    });

    withStore(
      'UPDATE creates the user point and its membership, DELETE of strangers nothing',
      async (context) => {
        const segment = await createSegment(context.store);
        const { effects } = await context.run([update('a', segment.id), remove('b', segment.id)]);
        assert.deepEqual(effects, { ...NONE, membershipsCreated: 1, unchanged: 1, userPointsCreated: 1 });
        assert.equal(
          formatUuid((await context.pointOf('a')) as UuidHalves),
          formatUuid(userKey('1', account('a'))),
        );
        assert.equal(await context.pointOf('b'), null);
      },
    );

    withStore('a member keeps creation_ts and data bag, and gets the new expiry', async (context) => {
      const segment = await createSegment(context.store);
      await context.run([update('a', segment.id, { dataBag: '{"k":1}' })], NOW);
      await context.run([update('a', segment.id, { expiresAt: NOW + 90_000 })], NOW + 1000);
      assert.deepEqual(await context.membershipsOf('a'), [
        membership(segment, {
          creationTs: NOW,
          lastModifiedTs: NOW + 1000,
          expirationTs: NOW + 90_000,
          dataBag: '{"k":1}',
        }),
      ]);
    });

    withStore('a data bag is replaced when given, and {} clears it', async (context) => {
      const segment = await createSegment(context.store);
      const odd = '{"k":"\ue000 \ue0000 \ue0001"}';
      await context.run([update('a', segment.id, { dataBag: odd })]);
      assert.equal((await context.membershipsOf('a'))[0]?.dataBag, odd);
      await context.run([update('a', segment.id, { expiresAt: NOW + 1_000 })]);
      assert.equal((await context.membershipsOf('a'))[0]?.dataBag, odd, 'kept, character by character');
      await context.run([update('a', segment.id, { dataBag: '{"k":1}' })]);
      await context.run([update('a', segment.id, { dataBag: '{"k":2}' })]);
      assert.equal((await context.membershipsOf('a'))[0]?.dataBag, '{"k":2}');
      await context.run([update('a', segment.id, { dataBag: '{}' })]);
      assert.equal((await context.membershipsOf('a'))[0]?.dataBag, null);
    });

    withStore(
      'an expired membership is not seen, not counted, and updated as a new entry',
      async (context) => {
        const segment = await createSegment(context.store);
        await context.run([update('a', segment.id, { expiresAt: NOW + 10, dataBag: '{"k":1}' })], NOW);
        assert.equal((await context.membershipsOf('a', NOW + 9)).length, 1);
        assert.equal((await context.membershipsOf('a', NOW + 10)).length, 0);
        const countAt = async (now: number) =>
          (await context.store.countMembers({ segmentIds: [segment.id], now })).get(segment.id)?.userPoints ??
          0;
        // in this order, and back: a size that is kept must not outlive an expiry
        assert.deepEqual(
          [await countAt(NOW + 9), await countAt(NOW + 10), await countAt(NOW + 9)],
          [1, 0, 1],
        );
        const { effects } = await context.run([update('a', segment.id)], NOW + 20);
        assert.equal(effects.membershipsCreated, 1);
        assert.deepEqual(await context.membershipsOf('a', NOW + 20), [
          membership(segment, { creationTs: NOW + 20, lastModifiedTs: NOW + 20 }),
        ]);
      },
    );

    withStore('commands of one pair are folded from top to bottom', async (context) => {
      const segment = await createSegment(context.store);
      await context.run([update('a', segment.id, { dataBag: '{"k":1}' })], NOW);
      const { effects } = await context.run(
        [
          update('a', segment.id, { dataBag: '{"k":2}' }),
          remove('a', segment.id),
          update('a', segment.id, { dataBag: '{"k":3}' }),
          update('a', segment.id),
        ],
        NOW + 5,
      );
      assert.deepEqual(effects, { ...NONE, membershipsUpdated: 1, superseded: 3 });
      assert.deepEqual(await context.membershipsOf('a'), [
        membership(segment, { creationTs: NOW + 5, lastModifiedTs: NOW + 5, dataBag: '{"k":3}' }),
      ]);
    });

    withStore('an expiry in the past takes the user out', async (context) => {
      const segment = await createSegment(context.store);
      await context.run([update('a', segment.id)], NOW);
      const { effects } = await context.run(
        [update('a', segment.id, { expiresAt: NOW - 1 }), update('b', segment.id, { expiresAt: NOW })],
        NOW,
      );
      assert.deepEqual(effects, { ...NONE, membershipsDeleted: 1, unchanged: 1, userPointsCreated: 1 });
      assert.deepEqual(await context.membershipsOf('a'), []);
      assert.notEqual(await context.pointOf('b'), null);
    });

    withStore('keeps the last line when two identifiers are one user point', async (context) => {
      const segment = await createSegment(context.store);
      await context.run([update('a', segment.id)], NOW);
      const userPointId = (await context.pointOf('a')) as UuidHalves;
      const email: Identifier = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'hash' };
      assert.equal(
        await context.store.attachIdentifier({ datamartId: '1', identifier: email, userPointId, now: NOW }),
        'ATTACHED',
      );
      assert.equal(
        await context.store.attachIdentifier({ datamartId: '1', identifier: email, userPointId, now: NOW }),
        'OWN',
      );
      const { effects } = await context.run(
        [
          update('a', segment.id, { dataBag: '{"k":1}' }),
          { ...update('', segment.id, { dataBag: '{"k":2}' }), identifier: email },
        ],
        NOW + 1,
      );
      assert.deepEqual(effects, { ...NONE, membershipsUpdated: 1, superseded: 1 });
      assert.equal((await context.membershipsOf('a'))[0]?.dataBag, '{"k":2}');
      assert.deepEqual(
        (await context.store.listIdentifiers(userPointId)).map(({ kind }) => kind),
        ['USER_ACCOUNT', 'USER_EMAIL'],
      );
      const sizes = await context.store.countMembers({ segmentIds: [segment.id], now: NOW });
      assert.deepEqual(sizes.get(segment.id), { userPoints: 1, userAccounts: 1, emails: 1, userAgents: 0 });
    });

    withStore('memberships are found by any selector that leads to the user point', async (context) => {
      const { store } = context;
      const segment = await createSegment(store);
      await context.run([update('a', segment.id), update('gone', segment.id), remove('gone', segment.id)]);
      const userPointId = (await context.pointOf('a')) as UuidHalves;
      const email: Identifier = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'hash' };
      await store.attachIdentifier({ datamartId: '1', identifier: email, userPointId, now: NOW });
      const list = (user: UserSelector, datamartId = '1') =>
        store.listMemberships({ datamartId, user, now: NOW, page: ALL });
      for (const user of [
        { by: 'identifier', identifier: account('a') },
        { by: 'identifier', identifier: email },
        { by: 'user_point_id', userPointId },
      ] as const) {
        assert.deepEqual(
          (await list(user))?.elements.map(({ segmentId }) => segmentId),
          [segment.id],
        );
        assert.equal(await list(user, '404'), null, 'another datamart');
      }
      const gone = await list({ by: 'identifier', identifier: account('gone') });
      assert.deepEqual(gone, { elements: [], total: 0 }, 'known, and nowhere in');
      assert.equal(await list({ by: 'identifier', identifier: account('stranger') }), null);
    });

    withStore('memberships show what their segments are called now', async (context) => {
      const segment = await createSegment(context.store, { technicalName: 'before' });
      const other = await createSegment(context.store);
      await context.run([update('a', segment.id), update('a', other.id)]);
      const names = async () =>
        (await context.membershipsOf('a')).map(({ segmentTechnicalName }) => segmentTechnicalName);
      assert.deepEqual(await names(), ['before', null]);
      await context.store.segments.update(segment.id, { technicalName: 'after' }, { now: NOW });
      assert.deepEqual(await names(), ['after', null]);
      await context.store.segments.remove(segment.id);
      assert.deepEqual(await names(), [null]);
    });

    withStore('a merge that was done is not done again', async (context) => {
      const segment = await createSegment(context.store);
      const execution = await context.claimed();
      const chunk = await context.stage(execution, [update('a', segment.id)]);
      assert.equal((await context.store.mergeChunk(chunk)).type, 'MERGED');
      assert.equal((await context.store.mergeChunk(chunk)).type, 'LEASE_LOST');
      assert.equal((await context.store.executions.get(execution.id))?.checkpoint.successes, 1);
    });

    withStore('a chunk that was checked against another catalogue is refused whole', async (context) => {
      const segment = await createSegment(context.store);
      const execution = await context.claimed();
      const chunk = await context.stage(execution, [update('a', segment.id)]);
      await context.store.segments.update(segment.id, { paused: true }, { now: NOW });
      assert.equal((await context.store.mergeChunk(chunk)).type, 'STALE_CATALOGUE');
      assert.equal(await context.pointOf('a'), null);
      assert.deepEqual((await context.store.executions.get(execution.id))?.checkpoint, START);
    });

    withStore(
      'executions are claimed by priority, then age, one at a time per datamart',
      async ({ store }) => {
        const low = await createExecution(store, { priority: 'LOW' });
        const first = await createExecution(store, {});
        const second = await createExecution(store, {});
        const claim = () => claimOne(store, { worker: 'w', now: NOW, leaseUntil: NOW + 1000 });
        assert.equal((await claim())?.id, first.id);
        assert.equal(await claim(), null);
        for (const expected of [second.id, low.id]) {
          const running = (
            await store.executions.list({ filter: { datamartId: '1', statuses: ['RUNNING'] }, page: ALL })
          ).elements[0];
          const ended = await store.executions.finish({
            id: running?.id ?? '',
            worker: 'w',
            status: 'SUCCEEDED',
            failure: null,
            now: NOW,
          });
          assert.equal(ended, true);
          assert.equal((await claim())?.id, expected);
        }
      },
    );

    withStore(
      'a lease that ran out is taken over, with its start_date, before anything else',
      async ({ store }) => {
        const execution = await createExecution(store, { priority: 'LOW' });
        await claimOne(store, { worker: 'dead', now: NOW, leaseUntil: NOW + 1000 });
        await createExecution(store, { priority: 'HIGH' });
        const taken = await claimOne(store, {
          worker: 'alive',
          now: NOW + 2000,
          leaseUntil: NOW + 3000,
        });
        assert.equal(taken?.id, execution.id);
        assert.equal(taken?.startDate, NOW);
        const lost = await store.executions.renewLease({
          id: execution.id,
          worker: 'dead',
          leaseUntil: NOW + 9000,
        });
        assert.equal(lost.held, false);
        assert.equal(
          await store.executions.finish({
            id: execution.id,
            worker: 'dead',
            status: 'FAILED',
            failure: 'x',
            now: NOW,
          }),
          false,
        );
      },
    );

    withStore('says since when the oldest execution waits, by priority', async ({ store }) => {
      assert.deepEqual(await store.executions.waitingSince(), new Map());
      const [first] = [
        await createExecution(store, { creationDate: NOW, priority: 'HIGH' }),
        await createExecution(store, { creationDate: NOW + 1, priority: 'HIGH' }),
        await createExecution(store, { creationDate: NOW + 2, priority: 'LOW' }),
      ];
      const waiting = async () => new Map(await store.executions.waitingSince());
      assert.deepEqual(
        await waiting(),
        new Map([
          ['HIGH', NOW],
          ['LOW', NOW + 2],
        ]),
      );
      const claimed = await claimOne(store, { worker: 'w', now: NOW + 3, leaseUntil: NOW + 4 });
      assert.equal(claimed?.id, first?.id);
      assert.equal((await waiting()).get('HIGH'), NOW + 1, 'one that runs does not wait');
    });

    withStore('executions that were given back take turns with those that wait', async ({ store }) => {
      const other = await store.datamarts.create({
        ...{ organisationId: '1', name: 'other', token: 'other', timeZone: 'UTC', compartmentId: null },
        now: NOW,
      });
      assert.ok(typeof other === 'object' && other !== null);
      const claim = async (now: number) =>
        (await claimOne(store, { worker: 'w', now, leaseUntil: now + 1000 }))?.id;
      const isWaiting = (now: number, priority: Priority) =>
        store.executions.isWaiting({ worker: 'w', now, priority });
      const huge = await createExecution(store, { creationDate: NOW });
      await createExecution(store, { creationDate: NOW + 1 });
      assert.equal(await claim(NOW + 1), huge.id);
      assert.equal(await isWaiting(NOW + 1, 'LOW'), false, 'what waits behind it in its datamart');

      const small = await createExecution(store, { creationDate: NOW + 2, datamartId: other.id });
      assert.deepEqual([await isWaiting(NOW + 2, 'HIGH'), await isWaiting(NOW + 2, 'MEDIUM')], [false, true]);
      await store.executions.release({ id: huge.id, worker: 'w', now: NOW + 3 });
      assert.equal(await isWaiting(NOW + 3, 'MEDIUM'), true);
      assert.equal(await claim(NOW + 3), small.id, 'has waited for longer');
      assert.equal(await claim(NOW + 3), huge.id, 'goes before what waits in its datamart');
      await store.executions.release({ id: huge.id, worker: 'w', now: NOW + 4 });
      await store.executions.release({ id: small.id, worker: 'w', now: NOW + 5 });
      assert.equal(await claim(NOW + 6), huge.id);
      await store.executions.release({ id: huge.id, worker: 'w', now: NOW + 7 });
      await store.executions.cancel(huge.id, NOW + 7);
      assert.equal(await claim(NOW + 8), huge.id, 'is to be canceled');
    });

    withStore(
      'cancel: at once while PENDING, noted while RUNNING, too late afterwards',
      async ({ store }) => {
        const pending = await createExecution(store, {});
        const canceled = await store.executions.cancel(pending.id, NOW);
        assert.equal(typeof canceled === 'object' && canceled?.status, 'CANCELED');
        assert.equal(await store.executions.cancel(pending.id, NOW), 'ENDED');
        const running = await createExecution(store, {});
        await claimOne(store, { worker: 'w', now: NOW, leaseUntil: NOW + 1000 });
        await store.executions.cancel(running.id, NOW);
        const lease = await store.executions.renewLease({
          id: running.id,
          worker: 'w',
          leaseUntil: NOW + 2000,
        });
        assert.deepEqual(lease, { held: true, cancelRequested: true });
        assert.equal(await store.executions.cancel('404', NOW), null);
      },
    );

    withStore('removing an import: refused while one runs, else executions and all', async ({ store }) => {
      const execution = await createExecution(store, {});
      const importId = execution.job.type === 'DOCUMENT_IMPORT' ? execution.job.documentImportId : '';
      await claimOne(store, { worker: 'w', now: NOW, leaseUntil: NOW + 1000 });
      assert.equal(await store.documentImports.remove(importId), 'RUNNING');
      await store.executions.finish({
        id: execution.id,
        worker: 'w',
        status: 'SUCCEEDED',
        failure: null,
        now: NOW,
      });
      const removal = await store.documentImports.remove(importId);
      assert.deepEqual(typeof removal === 'object' && removal?.folders, [execution.document.folder]);
      assert.equal(await store.executions.get(execution.id), null);
      assert.equal(await store.documentImports.remove(importId), null);
    });

    withStore('a text that begins with U+FEFF is kept and given back as it is', async ({ store }) => {
      const segment = await createSegment(store, { technicalName: '\ufeffname' });
      assert.equal((await store.segments.get(segment.id))?.technicalName, '\ufeffname');
      const catalogue = await store.datamarts.catalogue('1');
      assert.equal(catalogue?.segmentByTechnicalName.get('\ufeffname')?.id, segment.id);
    });

    withStore('technical names are unique among the live segments of a datamart', async ({ store }) => {
      const first = await createSegment(store, { technicalName: 'vip' });
      assert.equal(
        await store.segments.create({ ...newSegment(), technicalName: 'vip' }),
        'TECHNICAL_NAME_TAKEN',
      );
      const other = await createSegment(store, { technicalName: 'VIP' });
      assert.equal(
        await store.segments.update(other.id, { technicalName: 'vip' }, { now: NOW }),
        'TECHNICAL_NAME_TAKEN',
      );
      assert.equal((await store.segments.remove(first.id))?.removed.id, first.id);
      const again = await store.segments.update(other.id, { technicalName: 'vip' }, { now: NOW });
      assert.equal(typeof again === 'object' && again?.technicalName, 'vip');
    });

    withStore('removing a segment removes its memberships', async (context) => {
      const [gone, kept] = [await createSegment(context.store), await createSegment(context.store)];
      await context.run([update('a', gone.id), update('a', kept.id)]);
      await context.store.segments.remove(gone.id);
      assert.deepEqual(segmentsOf(await context.membershipsOf('a')), [kept.id]);
      assert.equal((await context.store.countMembers({ segmentIds: [gone.id], now: NOW })).size, 0);
    });

    withStore('segments are filtered, ordered and paged', async (context) => {
      const { store } = context;
      const small = await createSegment(store, { name: 'b 100%' });
      const large = await createSegment(store, { name: 'A', type: 'USER_QUERY', feedType: null });
      const list = createSegment(store, { name: 'c' });
      await list;
      await context.run([update('a', small.id), update('b', small.id)]);
      const names = async (
        filter: object,
        order: { by: 'name' | 'user_points_count'; descending: boolean },
        page = ALL,
      ) => {
        const listed = await store.segments.list({
          filter: { datamartIds: null, ...filter },
          order,
          page,
          now: NOW,
        });
        return [listed.total, ...listed.elements.map(({ name }) => name)];
      };
      assert.deepEqual(await names({}, { by: 'name', descending: false }), [3, 'A', 'b 100%', 'c']);
      assert.deepEqual(
        await names({}, { by: 'user_points_count', descending: true }, { firstResult: 0, maxResults: 1 }),
        [3, 'b 100%'],
      );
      assert.deepEqual(await names({ keywords: '0%' }, { by: 'name', descending: false }), [1, 'b 100%']);
      assert.deepEqual(await names({ keywords: '_' }, { by: 'name', descending: false }), [0]);
      assert.deepEqual(await names({ feedTypes: ['TAG'] }, { by: 'name', descending: false }), [
        1,
        large.name,
      ]);
      assert.deepEqual(await names({ datamartIds: ['2'] }, { by: 'name', descending: false }), [0]);
    });

    withStore('segments are ordered by each of their sizes, counting live members alone', async (context) => {
      const { store } = context;
      const [x, y, z] = [
        (await createSegment(store, { name: 'x' })).id,
        (await createSegment(store, { name: 'y' })).id,
        (await createSegment(store, { name: 'z' })).id,
      ];
      await createSegment(store, { name: 'empty' });
      const later = NOW + 10;
      const member = (segmentId: string, kind: Identifier['kind'], value: string, expiresAt?: number) => ({
        ...update('', segmentId, expiresAt === undefined ? {} : { expiresAt }),
        identifier: kind === 'USER_ACCOUNT' ? account(value) : { kind, compartmentId: NO_COMPARTMENT, value },
      });
      await context.run([
        member(x, 'USER_ACCOUNT', 'a'),
        member(x, 'USER_ACCOUNT', 'b'),
        member(x, 'USER_AGENT', 'a'),
        member(y, 'USER_ACCOUNT', 'a'),
        member(y, 'USER_EMAIL', 'a'),
        member(y, 'USER_EMAIL', 'b'),
        member(z, 'USER_EMAIL', 'a'),
        member(z, 'USER_AGENT', 'a'),
        member(z, 'USER_AGENT', 'b'),
        ...['c', 'd', 'e'].map((value) => member(x, 'USER_EMAIL', value, later)),
      ]);
      const ordered = async (by: SegmentOrder['by'], descending: boolean) => {
        const filter = { datamartIds: null };
        const listed = await store.segments.list({
          filter,
          order: { by, descending },
          page: ALL,
          now: later,
        });
        return listed.elements.map(({ name }) => name);
      };
      assert.deepEqual(await ordered('user_points_count', true), ['z', 'y', 'x', 'empty']);
      assert.deepEqual(await ordered('user_accounts_count', true), ['x', 'y', 'empty', 'z']);
      assert.deepEqual(await ordered('emails_count', true), ['y', 'z', 'empty', 'x']);
      assert.deepEqual(await ordered('user_agents_count', true), ['z', 'x', 'empty', 'y']);
      assert.deepEqual(await ordered('emails_count', false), ['x', 'empty', 'z', 'y']);
    });

    withStore('the default compartment moves and is never given up', async ({ store }) => {
      const created = await store.compartments.create({ organisationId: '1', name: 'crm', token: 'crm' });
      assert.ok(typeof created === 'object' && created !== null);
      assert.equal(
        await store.compartments.create({ organisationId: '1', name: 'crm', token: 'crm' }),
        'TOKEN_TAKEN',
      );
      await store.compartments.select({ datamartId: '1', compartmentId: created.id, isDefault: true });
      assert.equal((await store.datamarts.catalogue('1'))?.defaultCompartmentId, created.id);
      assert.equal(
        await store.compartments.select({ datamartId: '1', compartmentId: created.id, isDefault: false }),
        'NO_DEFAULT',
      );
      const { elements } = await store.compartments.listSelections('1', ALL);
      assert.deepEqual(
        elements.map(({ isDefault }) => isDefault),
        [false, true],
      );
      await store.compartments.update(created.id, { archived: true });
      assert.equal((await store.datamarts.catalogue('1'))?.defaultCompartmentId, null);
    });

    withStore('a new datamart has a compartment of its own, and its users are others', async (context) => {
      const { store } = context;
      const created = await store.datamarts.create({
        organisationId: '1',
        name: 'two',
        token: 'two',
        timeZone: 'UTC',
        compartmentId: null,
        now: NOW,
      });
      assert.ok(typeof created === 'object' && created !== null);
      const catalogue = await store.datamarts.catalogue(created.id);
      assert.equal(catalogue?.compartmentIdByToken.get('two'), catalogue?.defaultCompartmentId);
      const segment = await createSegment(store);
      await context.run([update('a', segment.id)]);
      assert.equal(
        await store.findUserPoint(created.id, { by: 'identifier', identifier: account('a') }),
        null,
      );
      const userPointId = (await context.pointOf('a')) as UuidHalves;
      assert.equal(await store.findUserPoint(created.id, { by: 'user_point_id', userPointId }), null);
    });

    withStore(
      'expired memberships are removed, but none that a running execution takes for live',
      async (context) => {
        const segment = await createSegment(context.store);
        await context.run([update('a', segment.id, { expiresAt: NOW + 10 }), update('b', segment.id)], NOW);
        await context.claimed(NOW + 5);
        assert.equal(await context.store.removeExpired(NOW + 60_000), 0);
        await context.endRunning();
        assert.equal(await context.store.removeExpired(NOW + 60_000), 1);
        assert.equal(await context.store.removeExpired(NOW + 60_000), 0);
        assert.equal((await context.membershipsOf('b')).length, 1);
      },
    );

    withStore(
      'an execution starts no earlier than up to when expired memberships were removed',
      async (context) => {
        const segment = await createSegment(context.store);
        await context.run([update('a', segment.id, { expiresAt: NOW + 10 })], NOW);
        assert.equal(await context.store.removeExpired(NOW + 20), 1);
        // by a clock that was read before the removal, the membership would be live
        const { startDate } = await context.claimed(NOW + 5);
        assert.equal(startDate, NOW + 20);
      },
    );

    withStore('compaction changes nothing that can be seen', async (context) => {
      const segment = await createSegment(context.store);
      await context.run([update('a', segment.id), update('b', segment.id)]);
      await context.run([remove('a', segment.id), update('c', segment.id, { dataBag: '{"k":1}' })]);
      for (const pressure of ['IDLE', 'BUSY'] as const)
        await context.store.compact(pressure, new AbortController().signal);
      const memberships = await Promise.all(['a', 'b', 'c'].map((value) => context.membershipsOf(value)));
      assert.deepEqual(memberships.map(segmentsOf), [[], [segment.id], [segment.id]]);
      const sizes = await context.store.countMembers({ segmentIds: [segment.id], now: NOW });
      assert.equal(sizes.get(segment.id)?.userPoints, 2);
    });

    withStore(
      'a look-up beside merges sees a member as before or as after, never as gone',
      async (context) => {
        const segment = await createSegment(context.store);
        await context.run([update('a', segment.id)]);
        let isMerging = true;
        const seen = new Set<number>();
        const looking = async () => {
          while (isMerging) {
            seen.add((await context.membershipsOf('a')).length);
            // an answer may need no wait at all
            await nextTurn();
          }
        };
        const lookers = [looking(), looking(), looking()];
        for (let i = 0; i < 40; i++)
          await context.run([update('a', segment.id, { expiresAt: NOW + 1000 + i })]);
        isMerging = false;
        await Promise.all(lookers);
        assert.deepEqual([...seen], [1]);
      },
    );

    withStore('a worker never gets again what it is running, however late its lease', async ({ store }) => {
      await createExecution(store, {});
      await createExecution(store, {});
      await claimOne(store, { worker: 'w', now: NOW, leaseUntil: NOW + 1000 });
      assert.equal(
        await claimOne(store, { worker: 'w', now: NOW + 99_000, leaseUntil: NOW + 100_000 }),
        null,
      );
    });

    withStore('only changes that commands can feel make staged chunks stale', async ({ store }) => {
      const segment = await createSegment(store, { technicalName: 'a' });
      const version = async () => (await store.datamarts.catalogue('1'))?.version;
      const before = await version();
      await store.segments.update(
        segment.id,
        { name: 'other', shortDescription: 'text', technicalName: 'a' },
        { now: NOW },
      );
      assert.equal(await version(), before);
      await store.segments.update(segment.id, { defaultTtlMs: 1000 }, { now: NOW });
      assert.notEqual(await version(), before);
      const created = await store.compartments.create({ organisationId: '1', name: 'crm', token: 'crm' });
      assert.ok(typeof created === 'object' && created !== null);
      const between = await version();
      await store.compartments.select({ datamartId: '1', compartmentId: created.id, isDefault: true });
      assert.notEqual(await version(), between);
    });

    withStore('records that were read before show what was written since', async ({ store }) => {
      const execution = await createExecution(store, {});
      assert.ok(execution.job.type === 'DOCUMENT_IMPORT');
      const { documentImportId } = execution.job;
      const read = async () => ({
        datamart: (await store.datamarts.get('1'))?.name,
        documentImport: (await store.documentImports.get(documentImportId))?.name,
        segments: [...((await store.datamarts.catalogue('1'))?.segmentById.keys() ?? [])],
        compartments: [...((await store.datamarts.catalogue('1'))?.compartmentById.keys() ?? [])],
      });
      const before = await read();
      assert.deepEqual(await read(), before);
      await store.datamarts.update('1', { name: 'renamed' });
      await store.documentImports.update(documentImportId, { name: 'renamed' });
      const { id } = await createSegment(store);
      const compartment = await store.compartments.create({ organisationId: '1', name: 'c', token: 'c' });
      assert.ok(typeof compartment === 'object' && compartment !== null);
      await store.compartments.select({ datamartId: '1', compartmentId: compartment.id, isDefault: false });
      assert.deepEqual(await read(), {
        datamart: 'renamed',
        documentImport: 'renamed',
        segments: [id],
        compartments: ['1', compartment.id],
      });
      await store.segments.remove(id);
      await store.documentImports.remove(documentImportId);
      const { documentImport, segments } = await read();
      assert.deepEqual([documentImport, segments], [undefined, []]);
    });

    withStore(
      'executions that are made at once are all made, but those whose import is gone',
      async ({ store }) => {
        const gone = await createExecution(store, {});
        assert.ok(gone.job.type === 'DOCUMENT_IMPORT');
        await store.documentImports.remove(gone.job.documentImportId);
        const { id: _, status: __, ...another } = await createExecution(store, {});
        const made = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            store.executions.create({
              ...another,
              ...(i % 5 === 4 ? { job: gone.job } : {}),
              document: { ...another.document, folder: `at-once-${i}` },
            }),
          ),
        );
        for (const [i, execution] of made.entries()) {
          assert.ok(execution !== 'KEY_REUSED');
          if (i % 5 === 4) assert.equal(execution, null);
          else assert.equal(execution?.document.folder, `at-once-${i}`);
          if (execution) assert.deepEqual(await store.executions.get(execution.id), execution);
        }
        assert.equal(new Set(made.map((each) => (typeof each === 'string' ? each : each?.id))).size, 17);
      },
    );

    withStore('tokens are found by their hash and forgotten when removed', async ({ store }) => {
      const token = await store.tokens.create({
        name: 't',
        role: 'reader',
        datamartIds: ['1'],
        creationDate: NOW,
        expirationDate: null,
        valueHash: 'h',
      });
      await store.tokens.markUsed(token.id, NOW + 1);
      assert.deepEqual(await store.tokens.findByHash('h'), { ...token, lastUsedDate: NOW + 1 });
      const removed = await store.tokens.remove(token.id, { now: NOW });
      assert.equal(typeof removed === 'object' ? removed?.id : removed, token.id);
      assert.equal(await store.tokens.findByHash('h'), null);
    });

    withStore('files past their retention are listed until they are marked', async ({ store }) => {
      const execution = await createExecution(store, {});
      await store.executions.cancel(execution.id, NOW);
      assert.deepEqual(await store.executions.listExpiredFiles(NOW), []);
      assert.deepEqual(
        (await store.executions.listExpiredFiles(NOW + 1)).map(({ id }) => id),
        [execution.id],
      );
      const { folder } = execution.document;
      assert.deepEqual([...(await store.executions.referredFolders([folder, 'other']))], [folder]);
      await store.executions.markFilesRemoved(execution.id, NOW + 1);
      assert.deepEqual(await store.executions.listExpiredFiles(NOW + 1), []);
      assert.deepEqual([...(await store.executions.referredFolders([folder]))], []);
    });
  });
}

export type Pair = {
  readonly identifier: Identifier;
  readonly segmentId: string;
  readonly operation: 'UPDATE' | 'DELETE';
  readonly expiresAt: number | null;
  readonly dataBag: string | null;
};

export const NONE: Effects = { ...START.effects };

export function account(value: string): Identifier {
  return { kind: 'USER_ACCOUNT', compartmentId: '1', value };
}

export function update(value: string, segmentId: string, more: Partial<Pair> = {}): Pair {
  return {
    identifier: account(value),
    segmentId,
    operation: 'UPDATE',
    expiresAt: null,
    dataBag: null,
    ...more,
  };
}

export function remove(value: string, segmentId: string): Pair {
  return update(value, segmentId, { operation: 'DELETE' });
}

function segmentsOf(memberships: readonly Membership[]): string[] {
  return memberships.map(({ segmentId }) => segmentId);
}

function membership(segment: Segment, more: Partial<Membership>): Membership {
  return {
    segmentId: segment.id,
    segmentName: segment.name,
    segmentTechnicalName: segment.technicalName,
    creationTs: NOW,
    lastModifiedTs: NOW,
    expirationTs: null,
    dataBag: null,
    ...more,
  };
}

function newSegment(): NewSegment {
  return {
    organisationId: '1',
    datamartId: '1',
    type: 'USER_LIST',
    feedType: 'FILE_IMPORT',
    subtype: 'STANDARD',
    name: 'segment',
    shortDescription: null,
    technicalName: null,
    defaultTtlMs: null,
    persisted: true,
    paused: false,
    now: NOW,
  };
}

export async function createSegment(store: Store, more: Partial<NewSegment> = {}): Promise<Segment> {
  const segment = await store.segments.create({ ...newSegment(), ...more });
  assert.ok(segment !== 'TECHNICAL_NAME_TAKEN');
  return segment;
}

let folders = 0;

export async function createExecution(
  store: Store,
  more: {
    priority?: 'LOW' | 'HIGH';
    datamartId?: string;
    bytes?: number;
    creationDate?: number;
    mapping?: Mapping;
  },
): Promise<Execution> {
  const { priority = 'MEDIUM', datamartId = '1', bytes = 10, creationDate = NOW, mapping = null } = more;
  const { id } = await store.documentImports.create({
    datamartId,
    mimeType: 'APPLICATION_X_NDJSON',
    encoding: 'utf-8',
    name: 'import',
    priority,
    creationTs: NOW,
  });
  const execution = await store.executions.create({
    organisationId: '1',
    datamartId,
    job: { type: 'DOCUMENT_IMPORT', documentImportId: id },
    mimeType: 'APPLICATION_X_NDJSON',
    priority,
    userId: null,
    creationDate,
    document: { folder: `folder-${++folders}`, fileName: 'a.ndjson', bytes, sha256: 'x' },
    mapping,
  });
  assert.ok(execution !== null && execution !== 'KEY_REUSED');
  return execution;
}

/** Claims as a worker does that takes no groups. */
async function claimOne(
  store: Store,
  of: { worker: string; now: number; leaseUntil: number },
): Promise<Execution | null> {
  const claimed = await store.executions.claim({ ...of, most: { documents: 1, bytes: 0 } });
  assert.ok(claimed.length <= 1);
  return claimed[0] ?? null;
}

export type StoreTest = Awaited<ReturnType<typeof openFor>>;

/** A store in a folder of its own, with short words for what the tests do to it. */
export async function openFor(t: TestContext, open: OpenStore) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'muster-store-'));
  let store = await open(dir);
  t.after(async () => {
    // after all that a test lets expire: what was swept is in the runs still
    const checks = await store.checkContent(NOW + 1_000_000);
    await store.close();
    await rm(dir, { recursive: true });
    // whatever the test has done: look-ups are answered from something else than what merges write
    assert.deepEqual(checks.find(({ name }) => name === 'serving-runs')?.examples ?? [], []);
  });

  return Object.assign(
    contextAround(() => store),
    {
      reopen: async () => {
        await store.close();
        store = await open(dir);
      },
    },
  );
}

/** The same words for a store that is opened and closed elsewhere. */
export function contextOf(store: Store) {
  return contextAround(() => store);
}

function contextAround(current: () => Store) {
  const context = {
    get store() {
      return current();
    },
    pointOf: (value: string) =>
      current().findUserPoint('1', { by: 'identifier', identifier: account(value) }),
    membershipsOf: async (value: string, now = NOW) => {
      const user = { by: 'identifier', identifier: account(value) } as const;
      const listed = await current().listMemberships({ datamartId: '1', user, now, page: ALL });
      return listed?.elements ?? [];
    },
    claimed: async (now = NOW) => {
      await createExecution(current(), {});
      const execution = await claimOne(current(), { worker: 'w', now, leaseUntil: now + 1000 });
      assert.ok(execution);
      return execution;
    },
    endRunning: async () => {
      const { elements } = await current().executions.list({
        filter: { datamartId: '1', statuses: ['RUNNING'] },
        page: ALL,
      });
      for (const { id } of elements) {
        await current().executions.finish({ id, worker: 'w', status: 'SUCCEEDED', failure: null, now: NOW });
      }
    },
    stage: async (execution: Execution, pairs: readonly Pair[]) => {
      const table = await openStagingTable(current().staging, '1');
      pairs.forEach(({ identifier, operation, dataBag, segmentId, expiresAt }, i) => {
        table.append(i + 1, { identifier, operation, dataBag, targets: [{ segmentId, expiresAt }] });
      });
      const catalogue = await current().datamarts.catalogue('1');
      const to: Checkpoint = {
        ...START,
        offset: 10,
        line: pairs.length,
        successes: pairs.length,
        pairs: pairs.length,
      };
      return {
        table: await table.finish(),
        execution: { id: execution.id, datamartId: '1', startDate: execution.startDate ?? 0 },
        worker: 'w',
        catalogueVersion: catalogue?.version ?? -1,
        from: execution.checkpoint,
        to,
      };
    },
    /** Runs an execution of one chunk and ends it. */
    run: async (pairs: readonly Pair[], now = NOW): Promise<Checkpoint> => {
      const execution = await context.claimed(now);
      const outcome: MergeOutcome = await current().mergeChunk(await context.stage(execution, pairs));
      assert.equal(outcome.type, 'MERGED');
      await current().executions.finish({
        id: execution.id,
        worker: 'w',
        status: 'SUCCEEDED',
        failure: null,
        now,
      });
      return (outcome as { checkpoint: Checkpoint }).checkpoint;
    },
  };
  return context;
}
