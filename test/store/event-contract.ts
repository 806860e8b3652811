import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { EventName, Events } from '../../src/events.ts';
import type { Author } from '../../src/model/audit.ts';
import { EVENTS } from '../../src/model/webhook.ts';
import { account, createExecution, createSegment, NOW, type OpenStore, openFor, update } from './contract.ts';
import { SETTINGS } from './source-contract.ts';

const AUTHOR: Author = { tokenId: '1', tokenName: 't', requestId: null, at: NOW };

/** What the contract says of events, as tests, for any driver. */
export function eventContract(name: string, open: OpenStore): void {
  /** A store, and what it has told of since the last look. */
  const openWatched = async (t: TestContext, onEvent: Events['emit'] = () => undefined) => {
    const told: string[] = [];
    const emit = (event: EventName, id: string) => {
      told.push(`${event} ${id}`);
      onEvent(event, id);
    };
    const context = await openFor(t, (dir) => open(dir, { emit }));
    return { ...context, store: context.store, tell: () => told.splice(0) };
  };

  describe(`store contract, events: ${name}`, () => {
    test('each step of an execution is told of', async (t) => {
      const { store, tell, ...context } = await openWatched(t);
      const segment = await createSegment(store);
      assert.deepEqual(tell(), []);
      const { id } = await context.claimed();
      assert.deepEqual(tell(), [`EXECUTION_CREATED ${id}`, `EXECUTION_CHANGED ${id}`]);
      const running = (await store.executions.get(id)) ?? assert.fail();
      await store.mergeChunk(await context.stage(running, [update('a', segment.id)]));
      assert.deepEqual(tell(), [`EXECUTION_CHANGED ${id}`]);
      const lost = { ...(await context.stage(running, [update('b', segment.id)])), worker: 'another' };
      assert.equal((await store.mergeChunk(lost)).type, 'LEASE_LOST');
      assert.deepEqual(tell(), [], 'nothing was written');
      await store.executions.cancel(id, NOW);
      assert.deepEqual(tell(), [`CANCEL_REQUESTED ${id}`, `EXECUTION_CHANGED ${id}`]);
      await store.executions.release({ id, worker: 'w', now: NOW });
      assert.deepEqual(tell(), [`EXECUTION_CHANGED ${id}`]);
      await store.executions.claim({
        ...{ worker: 'w', now: NOW, leaseUntil: NOW + 1, most: { documents: 1, bytes: 0 } },
      });
      await store.executions.noteChecked({ id, worker: 'w', checked: { bytes: 1, commands: 1 } });
      await store.executions.finish({ id, worker: 'w', status: 'SUCCEEDED', failure: null, now: NOW });
      assert.deepEqual(
        tell(),
        [1, 2, 3].map(() => `EXECUTION_CHANGED ${id}`),
      );
      const asked = { folder: 'r', userId: null, now: NOW, author: AUTHOR };
      const revert = await store.executions.revert(id, asked);
      assert.ok(typeof revert === 'object' && revert !== null);
      assert.deepEqual(tell(), [`EXECUTION_CREATED ${revert.id}`]);
    });

    test('what waits for a background job is told of', async (t) => {
      const { store, tell, ...context } = await openWatched(t);
      const segment = await createSegment(store);
      await context.run([update('a', segment.id)]);
      const { id: executionId, job } = await createExecution(store, {});
      assert.ok(job.type === 'DOCUMENT_IMPORT');
      const webhook = await store.webhooks.create({
        ...{ datamartId: '1', documentImportId: null, name: null, url: 'https://a.test/', events: EVENTS },
        ...{ secret: 'whsec_1', creationTs: NOW },
      });
      assert.ok(typeof webhook === 'object' && webhook !== null);
      tell();
      await store.executions.cancel(executionId, NOW);
      const deliveries = () =>
        store.webhooks.listDeliveries({ webhookId: webhook.id, page: { firstResult: 0, maxResults: 10 } });
      const [delivery] = (await deliveries()).elements;
      assert.ok(tell().includes(`DELIVERY_DUE ${delivery?.id}`));
      await store.webhooks.resend(delivery?.id ?? '', { now: NOW });
      assert.deepEqual(tell(), [`DELIVERY_DUE ${delivery?.id}`]);
      await store.webhooks.ping(webhook.id, { now: NOW });
      assert.deepEqual(tell(), [`DELIVERY_DUE ${(await deliveries()).elements[0]?.id}`]);
      const owner = { organisationId: '1', datamartId: '1', segmentId: segment.id, userId: null };
      const exported = { ...owner, mimeType: 'TEXT_CSV', kinds: [], creationDate: NOW } as const;
      const made = await store.exports.create(exported);
      assert.deepEqual(tell(), [`EXPORT_DUE ${made?.id}`]);
      await store.exports.claim(NOW);
      await store.exports.forgetFiles({ datamartId: '1' });
      assert.deepEqual(tell(), [`EXPORT_DUE ${made?.id}`], 'its file is out of date');
      const analysis = await store.overlapAnalyses.create({ ...owner, creationDate: NOW });
      assert.deepEqual(tell(), [`OVERLAP_ANALYSIS_DUE ${analysis?.id}`]);
      const user = { by: 'identifier', identifier: account('a') } as const;
      const erasure = await store.eraseUser({ datamartId: '1', user, now: NOW });
      assert.deepEqual(tell(), [`USER_ERASED ${erasure?.id}`]);
      await store.sources.put({
        ...{ documentImportId: job.documentImportId, datamartId: '1', credentials: null },
        ...{ settings: SETTINGS, forgetHostKey: false, nextRunTs: null, now: NOW },
      });
      await store.sources.request(job.documentImportId, { dryRun: false, now: NOW });
      assert.deepEqual(
        tell(),
        [1, 2].map(() => `SOURCE_DUE ${job.documentImportId}`),
      );
    });

    test('who is told finds it in the store', async (t) => {
      let found: Promise<unknown> | undefined;
      const { store } = await openWatched(t, (event, id) => {
        if (event === 'EXECUTION_CREATED') found = store.executions.get(id);
      });
      const execution = await createExecution(store, {});
      assert.deepEqual(await found, execution);
    });
  });
}
