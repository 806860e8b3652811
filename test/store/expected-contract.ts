import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Expectation } from '../../src/model/expectation.ts';
import type { ExpectingImport } from '../../src/model/expected-files.ts';
import { EVENTS } from '../../src/model/webhook.ts';
import type { Store } from '../../src/store/store.ts';
import { createSegment, NOW, type OpenStore, openFor, type StoreTest, update } from './contract.ts';

const HOUR_MS = 3_600_000;
const ALL = { firstResult: 0, maxResults: 1000 };
const EXPECT: Expectation = {
  ...{ every: '1h', by: '00:00', on: null, timeZone: 'UTC', sinceTs: NOW },
  ...{ minCommands: null, maxChange: 0.5, maxFailureRatio: null },
};

/** What the contract says of imports that expect files, as tests, for any driver. */
export function expectedContract(name: string, open: OpenStore): void {
  describe(`store contract, expected files: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('a due time passes once, whoever notes it, with the deliveries of it', async (context) => {
      const { store } = context;
      const id = await createExpecting(store);
      const webhookId = await createWebhook(store);
      const bound = await createWebhook(store, await createExpecting(store));
      const expecting = await expectingOf(store, id);
      const passed = await Promise.all(
        Array.from({ length: 4 }, () => passOf(store, expecting, NOW + HOUR_MS)),
      );
      assert.deepEqual(
        passed.filter((each) => each !== null).map(({ events }) => events),
        [['document_import.late']],
      );
      await context.reopen();
      const late = await expectingOf(context.store, id);
      assert.deepEqual(late.record, { dueTs: NOW + HOUR_MS, isLate: true, missed: 0 });
      assert.equal(await passOf(context.store, expecting, NOW + 2 * HOUR_MS), null);
      await passOf(context.store, late, NOW + 2 * HOUR_MS);
      const missing = await expectingOf(context.store, id);
      assert.deepEqual(missing.record, { dueTs: NOW + 2 * HOUR_MS, isLate: true, missed: 1 });
      await passOf(context.store, missing, NOW + 3 * HOUR_MS, true);
      assert.deepEqual(await toldOf(context.store, webhookId), [
        ['document_import.late', NOW + HOUR_MS],
        ['document_import.missing', NOW + HOUR_MS],
        ['document_import.late', NOW + 2 * HOUR_MS],
      ]);
      assert.deepEqual(await toldOf(context.store, bound), []);
    });

    withStore('what came of due times stays with the schedule, and goes with it', async ({ store }) => {
      const id = await createExpecting(store);
      const first = await expectingOf(store, id);
      await passOf(store, first, NOW + HOUR_MS);
      const change = (expect: Expectation | null) => store.documentImports.update(id, { expect });
      await change({ ...EXPECT, minCommands: 7 });
      const limited = await expectingOf(store, id);
      assert.equal(limited.record.dueTs, NOW + HOUR_MS);
      assert.equal(limited.documentImport.expect.minCommands, 7);
      await change({ ...EXPECT, sinceTs: NOW + 5 });
      assert.deepEqual((await expectingOf(store, id)).record, { dueTs: null, isLate: false, missed: 0 });
      // as it was listed before the change
      assert.equal(await passOf(store, first, NOW + 2 * HOUR_MS), null);
      await change(null);
      assert.deepEqual(await store.documentImports.listExpecting({ ids: [id] }), []);
      assert.equal((await store.documentImports.get(id))?.expect, null);
    });

    withStore('the last files of imports that expect some are listed', async (context) => {
      const { store } = context;
      const segment = await createSegment(store);
      await context.run([update('a', segment.id)]);
      const { elements } = await store.executions.list({ filter: { datamartId: '1' }, page: ALL });
      const [first] = elements;
      const id = first?.job.type === 'DOCUMENT_IMPORT' ? first.job.documentImportId : '';
      await store.documentImports.update(id, { expect: EXPECT });
      const { files } = await expectingOf(store, id);
      assert.deepEqual(
        files.map(({ executionId, commands, failures }) => [executionId, commands, failures]),
        [[first?.id, 1, 0]],
      );
      assert.deepEqual(await store.documentImports.listExpecting({ datamartId: '404' }), []);
      const [due] = await store.documentImports.listDueRecords();
      assert.equal(due?.documentImport.id, id);
    });
  });
}

async function createExpecting(store: Store): Promise<string> {
  const { id } = await store.documentImports.create({
    ...{ datamartId: '1', mimeType: 'TEXT_CSV', encoding: 'utf-8' },
    ...{ name: 'nightly', priority: 'MEDIUM', creationTs: NOW, expect: EXPECT },
  });
  return id;
}

async function createWebhook(store: Store, documentImportId: string | null = null): Promise<string> {
  const made = await store.webhooks.create({
    ...{ datamartId: '1', documentImportId, name: null, url: 'https://a.test/', events: EVENTS },
    ...{ secret: 's', creationTs: NOW },
  });
  assert.ok(made !== null && made !== 'TOO_MANY');
  return made.id;
}

async function expectingOf(store: Store, id: string): Promise<ExpectingImport> {
  const [expecting] = await store.documentImports.listExpecting({ ids: [id] });
  assert.ok(expecting);
  return expecting;
}

function passOf(store: Store, expecting: Omit<ExpectingImport, 'files'>, dueTs: number, isQuiet = false) {
  const from = expecting.record.dueTs ?? dueTs - HOUR_MS;
  return store.documentImports.passDueTime({ expecting, from, dueTs, now: dueTs + 1, isQuiet });
}

/** What a webhook is told of, in its order: the events with the due times. */
async function toldOf(store: Store, webhookId: string): Promise<readonly (readonly [string, number])[]> {
  const { elements } = await store.webhooks.listDeliveries({ webhookId, page: ALL });
  return elements.toReversed().map(({ event, body }) => {
    const { data } = JSON.parse(body) as { data: { due_ts: number } };
    return [event, data.due_ts] as const;
  });
}
