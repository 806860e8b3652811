import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExportEnding } from '../../src/model/export.ts';
import { createSegment, NOW, type OpenStore, openFor, type StoreTest } from './contract.ts';

const PAGE = { firstResult: 0, maxResults: 10 };
const DONE: ExportEnding = {
  ...{ status: 'SUCCEEDED', failure: null, folder: 'a', bytes: 70, now: NOW },
  counts: { members: 3, membersWithIdentifiers: 2, identifiers: 4 },
};

/** What the contract says of exports, as tests, for any driver. */
export function exportContract(name: string, open: OpenStore): void {
  describe(`store contract, exports: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));
    const create = async ({ store }: StoreTest, segmentId: string) =>
      store.exports.create({
        ...{ organisationId: '1', datamartId: '1', segmentId, mimeType: 'TEXT_CSV', userId: null },
        ...{ kinds: [{ kind: 'USER_ACCOUNT', compartmentId: '7' }], creationDate: NOW },
      });

    withStore('exports are claimed oldest first, and after a restart once more', async (context) => {
      const { id: segmentId } = await createSegment(context.store);
      assert.equal(await create(context, '404'), null);
      const first = await create(context, segmentId);
      const second = await create(context, segmentId);
      const claim = async () => (await context.store.exports.claim(NOW))?.id;
      assert.equal(await claim(), first?.id);
      await context.reopen();
      await context.store.exports.release();
      assert.equal(await claim(), first?.id);
      assert.equal(await claim(), second?.id);
      assert.equal(await claim(), undefined);
      assert.equal(await context.store.exports.finish(first?.id ?? '', DONE), true);
      assert.equal(await context.store.exports.finish(first?.id ?? '', DONE), false, 'it has ended');
      assert.deepEqual(await context.store.exports.get(first?.id ?? ''), {
        ...first,
        ...{ status: 'SUCCEEDED', startDate: NOW, endDate: NOW, folder: 'a', bytes: 70, counts: DONE.counts },
      });
      const listed = await context.store.exports.list({ segmentId, statuses: ['RUNNING'], page: PAGE });
      assert.deepEqual([listed.total, listed.elements.map(({ id }) => id)], [1, [second?.id]]);
    });

    withStore('datamarts take turns, and so do the tokens of one', async ({ store }) => {
      const other = await store.datamarts.create({
        ...{
          organisationId: '1',
          name: 'other',
          token: 'other',
          timeZone: 'UTC',
          compartmentId: null,
          now: NOW,
        },
      });
      assert.ok(typeof other === 'object' && other !== null);
      const segments = new Map<string, string>();
      for (const datamartId of ['1', other.id])
        segments.set(datamartId, (await createSegment(store, { datamartId, technicalName: null })).id);
      const ids: Record<string, string> = {};
      const ask = async (name: string, datamartId: string, userId: string | null) => {
        const made = await store.exports.create({
          ...{ organisationId: '1', datamartId, segmentId: segments.get(datamartId) ?? '', userId },
          ...{ mimeType: 'TEXT_CSV' as const, kinds: [], creationDate: NOW },
        });
        ids[made?.id ?? ''] = name;
      };
      for (const name of ['a1', 'a2', 'a3']) await ask(name, '1', 'a');
      await ask('b1', '1', 'b');
      await ask('c1', other.id, 'c');
      await ask('c2', other.id, 'c');
      const order: string[] = [];
      for (let now = NOW; ; now++) {
        const claimed = await store.exports.claim(now);
        if (claimed === null) break;
        order.push(ids[claimed.id] ?? '');
        await store.exports.finish(claimed.id, { ...DONE, folder: claimed.id, now });
      }
      assert.deepEqual(order, ['a1', 'c1', 'b1', 'c2', 'a2', 'a3']);
    });

    withStore('what waits and what is kept is told by datamart and by token', async (context) => {
      const { store } = context;
      const { id: segmentId } = await createSegment(store);
      const ask = (userId: string | null) =>
        store.exports.create({
          ...{ organisationId: '1', datamartId: '1', segmentId, mimeType: 'TEXT_CSV', userId },
          ...{ kinds: [], creationDate: NOW },
        });
      const loadOf = (userId: string | null, datamartId = '1') =>
        store.exports.loadOf({ datamartId, userId });
      const nothing = { all: 0, ofDatamart: 0, ofToken: 0 };
      assert.deepEqual(await loadOf('a'), { open: nothing, bytes: { ofDatamart: 0, ofToken: 0 } });
      for (const userId of ['a', 'b', null]) await ask(userId);
      const first = await store.exports.claim(NOW);
      assert.deepEqual((await loadOf('a')).open, { all: 3, ofDatamart: 3, ofToken: 1 });
      await store.exports.finish(first?.id ?? '', DONE);
      assert.deepEqual(await loadOf('a'), {
        open: { all: 2, ofDatamart: 2, ofToken: 0 },
        bytes: { ofDatamart: 70, ofToken: 70 },
      });
      assert.deepEqual((await loadOf('b')).bytes, { ofDatamart: 70, ofToken: 0 });
      assert.deepEqual(await loadOf('a', '404'), {
        open: { all: 2, ofDatamart: 0, ofToken: 0 },
        bytes: { ofDatamart: 0, ofToken: 70 },
      });
      await store.exports.forgetFiles({ datamartId: '1' });
      assert.deepEqual((await loadOf('a')).bytes, { ofDatamart: 0, ofToken: 0 });

      const analysis = { organisationId: '1', datamartId: '1', segmentId, userId: 'a', creationDate: NOW };
      await store.overlapAnalyses.create(analysis);
      assert.equal((await store.overlapAnalyses.loadOf(analysis)).open.ofToken, 1);
      const claimed = await store.overlapAnalyses.claim(NOW);
      const done = { status: 'SUCCEEDED', failure: null, result: '{"ü":1}', now: NOW } as const;
      await store.overlapAnalyses.finish(claimed?.id ?? '', done);
      assert.deepEqual((await store.overlapAnalyses.loadOf(analysis)).bytes, { ofDatamart: 8, ofToken: 8 });
    });

    withStore('files of exports are let go of by age, by datamart, and with the segment', async (context) => {
      const { store } = context;
      const { id: segmentId } = await createSegment(store);
      const make = async (folder: string, now: number) => {
        await create(context, segmentId);
        const claimed = await store.exports.claim(now);
        await store.exports.finish(claimed?.id ?? '', { ...DONE, folder, now });
      };
      await make('old', NOW);
      await make('new', NOW + 10);
      assert.deepEqual([...(await store.executions.referredFolders(['old', 'new', 'x']))].sort(), [
        'new',
        'old',
      ]);
      assert.deepEqual(await store.exports.forgetFiles({ endedBefore: NOW + 1 }), ['old']);
      assert.deepEqual(await store.exports.forgetFiles({ endedBefore: NOW + 1 }), []);
      const running = await create(context, segmentId);
      await store.exports.claim(NOW);
      assert.deepEqual(await store.exports.forgetFiles({ datamartId: '404' }), []);
      assert.deepEqual(await store.exports.forgetFiles({ datamartId: '1' }), ['new']);
      assert.equal(await store.exports.finish(running?.id ?? '', DONE), false, 'it is made anew');
      assert.equal((await store.exports.claim(NOW))?.id, running?.id);
      await store.exports.finish(running?.id ?? '', { ...DONE, folder: 'last' });
      assert.deepEqual((await store.segments.remove(segmentId))?.folders, ['last']);
      assert.equal(await store.exports.get(running?.id ?? ''), null);
    });
  });
}
