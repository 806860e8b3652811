import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExportEnding } from '../../src/model/export.ts';
import { createSegment, NOW, type OpenStore, openFor, type StoreTest } from './contract.ts';

const PAGE = { firstResult: 0, maxResults: 10 };
const DONE: ExportEnding = {
  ...{ status: 'SUCCEEDED', failure: null, folder: 'a', now: NOW },
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
        ...{ status: 'SUCCEEDED', startDate: NOW, endDate: NOW, folder: 'a', counts: DONE.counts },
      });
      const listed = await context.store.exports.list({ segmentId, statuses: ['RUNNING'], page: PAGE });
      assert.deepEqual([listed.total, listed.elements.map(({ id }) => id)], [1, [second?.id]]);
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
