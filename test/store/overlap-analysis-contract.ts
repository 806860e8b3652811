import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSegment, NOW, type OpenStore, openFor, type StoreTest } from './contract.ts';

const PAGE = { firstResult: 0, maxResults: 10 };

/** What the contract says of overlap analyses, as tests, for any driver. */
export function overlapAnalysisContract(name: string, open: OpenStore): void {
  describe(`store contract, overlap analyses: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));
    const create = ({ store }: StoreTest, segmentId: string) =>
      store.overlapAnalyses.create({
        ...{ organisationId: '1', datamartId: '1', segmentId, userId: null, creationDate: NOW },
      });

    withStore('analyses are claimed oldest first, and after a restart once more', async (context) => {
      const { id: segmentId } = await createSegment(context.store);
      assert.equal(await create(context, '404'), null);
      const first = await create(context, segmentId);
      const second = await create(context, segmentId);
      const claim = async () => (await context.store.overlapAnalyses.claim(NOW))?.id;
      assert.equal(await claim(), first?.id);
      await context.reopen();
      await context.store.overlapAnalyses.release();
      assert.equal(await claim(), first?.id);
      assert.equal(await claim(), second?.id);
      assert.equal(await claim(), undefined);
      const { overlapAnalyses } = context.store;
      const done = { status: 'SUCCEEDED', failure: null, result: '{}', now: NOW } as const;
      assert.equal(await overlapAnalyses.finish(first?.id ?? '', done), true);
      assert.equal(await overlapAnalyses.finish(first?.id ?? '', done), false, 'it has ended');
      const ended = { ...first, status: 'SUCCEEDED', startDate: NOW, endDate: NOW };
      assert.deepEqual(await overlapAnalyses.get(first?.id ?? ''), { ...ended, result: '{}' });
      assert.deepEqual((await overlapAnalyses.list({ segmentId, page: PAGE })).elements[1], ended);
      const running = await overlapAnalyses.list({ segmentId, statuses: ['RUNNING'], page: PAGE });
      assert.deepEqual([running.total, running.elements.map(({ id }) => id)], [1, [second?.id]]);
    });

    withStore('ended ones are removed by age, and all with their segment', async (context) => {
      const { overlapAnalyses, segments } = context.store;
      const { id: segmentId } = await createSegment(context.store);
      for (const now of [NOW, NOW + 10]) {
        await create(context, segmentId);
        const claimed = await overlapAnalyses.claim(now);
        const failed = { status: 'FAILED', failure: 'why', result: null, now } as const;
        await overlapAnalyses.finish(claimed?.id ?? '', failed);
      }
      const waiting = await create(context, segmentId);
      assert.equal(await overlapAnalyses.removeBefore(NOW + 1), 1);
      assert.equal((await overlapAnalyses.list({ segmentId, page: PAGE })).total, 2);
      await overlapAnalyses.claim(NOW);
      await segments.remove(segmentId);
      assert.equal(await overlapAnalyses.get(waiting?.id ?? ''), null);
      const done = { status: 'SUCCEEDED', failure: null, result: '{}', now: NOW } as const;
      assert.equal(await overlapAnalyses.finish(waiting?.id ?? '', done), false);
    });
  });
}
