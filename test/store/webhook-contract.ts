import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Author } from '../../src/model/audit.ts';
import { type Attempt, EVENTS, MOST_FAILING_MS, MOST_WEBHOOKS } from '../../src/model/webhook.ts';
import type { Webhook } from '../../src/model/webhook-record.ts';
import type { Store } from '../../src/store/store.ts';
import type { NewWebhook } from '../../src/store/webhook-records.ts';
import {
  createExecution,
  createSegment,
  NOW,
  type OpenStore,
  openFor,
  type StoreTest,
  update,
} from './contract.ts';

const ALL = { firstResult: 0, maxResults: 1000 };
const AUTHOR: Author = { tokenId: '1', tokenName: 't', requestId: null, at: NOW + 5 };
const DAY_MS = 86_400_000;

/** What the contract says of webhooks, as tests, for any driver. */
export function webhookContract(name: string, open: OpenStore): void {
  describe(`store contract, webhooks: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('a webhook is of a datamart, and of an import of it', async (context) => {
      const { store } = context;
      const execution = await createExecution(store, {});
      const documentImportId = execution.job.type === 'DOCUMENT_IMPORT' ? execution.job.documentImportId : '';
      const bound = await create(store, { documentImportId });
      const free = await create(store, {});
      assert.equal(await store.webhooks.create(fresh({ datamartId: '404' })), null);
      assert.equal(await store.webhooks.create(fresh({ documentImportId: '404' })), null);
      assert.equal(await store.webhooks.update('404', { name: 'n' }), null);
      assert.equal(await store.webhooks.update(free.id, { documentImportId: '404' }), null);
      const listed = async (of: object) =>
        (await store.webhooks.list({ datamartId: '1', ...of, page: ALL })).elements.map(({ id }) => id);
      assert.deepEqual(await listed({}), [free.id, bound.id]);
      assert.deepEqual(await listed({ documentImportId }), [bound.id]);
      assert.deepEqual(await listed({ datamartId: '404' }), []);
      await context.reopen();
      assert.deepEqual(await context.store.webhooks.get(bound.id), bound);
      await context.store.documentImports.remove(documentImportId);
      assert.equal(await context.store.webhooks.get(bound.id), null);
      assert.deepEqual((await context.store.webhooks.remove(free.id))?.id, free.id);
      assert.equal(await context.store.webhooks.remove(free.id), null);
    });

    withStore('a datamart has so many webhooks at most, whoever asks at once', async ({ store }) => {
      const made = await Promise.all(
        Array.from({ length: MOST_WEBHOOKS + 3 }, () => store.webhooks.create(fresh({}))),
      );
      assert.equal(made.filter((each) => each === 'TOO_MANY').length, 3);
    });

    withStore('an end has its delivery in the same step, whichever way it ends', async (context) => {
      const { store } = context;
      const webhook = await create(store, {});
      const failures = await create(store, { events: ['execution.failed'] });
      const segment = await createSegment(store);
      await context.run([update('a', segment.id)]);
      const canceled = await createExecution(store, {});
      await store.executions.cancel(canceled.id, NOW + 1);
      const gone = await createExecution(store, {});
      if (gone.job.type === 'DOCUMENT_IMPORT')
        await store.documentImports.remove(gone.job.documentImportId, AUTHOR);
      const running = await context.claimed();
      await store.executions.cancel(running.id, NOW + 2);
      const wrong = { id: running.id, status: 'FAILED', failure: 'f', now: NOW + 3 } as const;
      assert.equal(await store.executions.finish({ ...wrong, worker: 'another' }), false);
      await store.executions.finish({ ...wrong, worker: 'w' });
      await context.reopen();
      const told = await deliveriesOf(context.store, webhook);
      assert.deepEqual(
        told.map(({ event, executionId, creationTs, nextAttemptTs, status, attempts }) => [
          ...[event, executionId, creationTs, nextAttemptTs, status, attempts],
        ]),
        [
          ['execution.succeeded', '1', NOW, NOW, 'PENDING', 0],
          ['execution.canceled', canceled.id, NOW + 1, NOW + 1, 'PENDING', 0],
          ['execution.canceled', gone.id, NOW + 5, NOW + 5, 'PENDING', 0],
          ['execution.failed', running.id, NOW + 3, NOW + 3, 'PENDING', 0],
        ],
      );
      assert.equal(new Set(told.map(({ messageId }) => messageId)).size, 4);
      assert.equal(JSON.parse(told[0]?.body ?? '').data.result.memberships_created, 1);
      const others = await deliveriesOf(context.store, failures);
      assert.deepEqual(
        others.map(({ executionId }) => executionId),
        [running.id],
      );
      assert.equal(await context.store.webhooks.countPending(), 5);
      const checks = await context.store.checkContent(NOW);
      assert.deepEqual(
        checks.filter(({ violations }) => violations > 0),
        [],
      );
    });

    withStore('what is due is given by webhook, in the order in which it became due', async ({ store }) => {
      const first = await create(store, {});
      const second = await create(store, {});
      const ping = async ({ id }: Webhook, now: number) => {
        const made = await store.webhooks.ping(id, { now });
        assert.ok(typeof made === 'object' && made !== null);
        return made;
      };
      const late = await ping(first, NOW + 10);
      const early = await ping(second, NOW);
      const dueIds = async (now: number) => (await store.webhooks.listDue(now)).map(({ id }) => id);
      assert.deepEqual(await store.webhooks.listDue(NOW - 1), []);
      assert.deepEqual(await dueIds(NOW), [second.id]);
      assert.deepEqual(await dueIds(NOW + 10), [second.id, first.id]);
      const next = await ping(second, NOW + 1);
      const due = await store.webhooks.takeDue({ webhookId: second.id, now: NOW + 1, most: 9 });
      assert.deepEqual(due?.deliveries, [early, next]);
      assert.deepEqual(due?.target, { url: 'https://a.test/', secrets: ['whsec_1'] });
      assert.equal(
        (await store.webhooks.takeDue({ webhookId: second.id, now: NOW, most: 9 }))?.deliveries.length,
        1,
      );
      assert.equal(await store.webhooks.takeDue({ webhookId: '404', now: NOW, most: 9 }), null);

      const retried = {
        ...attempt(early.id),
        outcome: 'RETRY',
        error: 'e',
        nextAttemptTs: NOW + 50,
      } as const;
      await store.webhooks.noteAttempts(second.id, [retried, attempt(next.id), attempt('404')]);
      assert.deepEqual(await store.webhooks.getDelivery(early.id), {
        ...early,
        ...{ attempts: 1, nextAttemptTs: NOW + 50, lastAttemptTs: NOW + 20, durationMs: 3, error: 'e' },
        ...{ responseStatus: 200, responseBody: 'ok' },
      });
      assert.equal((await store.webhooks.getDelivery(next.id))?.status, 'SUCCEEDED');
      assert.deepEqual(await dueIds(NOW + 49), [first.id]);
      // it is not PENDING any more: a late note changes nothing
      await store.webhooks.noteAttempts(second.id, [{ ...attempt(next.id), outcome: 'FAILED' }]);
      assert.equal((await store.webhooks.getDelivery(next.id))?.status, 'SUCCEEDED');
      const again = await store.webhooks.resend(next.id, { now: NOW + 60 });
      assert.ok(typeof again === 'object' && again !== null);
      assert.deepEqual([again.messageId, again.attempts, again.status], [next.messageId, 0, 'PENDING']);

      assert.equal(await store.webhooks.removeDeliveriesBefore(NOW + 100), 0, 'what is PENDING is kept');
      await store.webhooks.noteAttempts(first.id, [attempt(late.id)]);
      assert.equal(await store.webhooks.removeDeliveriesBefore(NOW + 10), 0);
      assert.equal(await store.webhooks.removeDeliveriesBefore(NOW + 11), 1);
      assert.equal(await store.webhooks.getDelivery(late.id), null);
    });

    withStore('the secret before a rotation signs for a day, and only the last one', async ({ store }) => {
      const { id } = await create(store, {});
      const secretsAt = async (now: number) =>
        (await store.webhooks.takeDue({ webhookId: id, now, most: 1 }))?.target.secrets;
      await store.webhooks.rotateSecret(id, { secret: 'whsec_2', now: NOW });
      await store.webhooks.rotateSecret(id, { secret: 'whsec_3', now: NOW + 1 });
      assert.deepEqual(await secretsAt(NOW + DAY_MS), ['whsec_3', 'whsec_2']);
      assert.deepEqual(await secretsAt(NOW + 1 + DAY_MS), ['whsec_3']);
      assert.equal(await store.webhooks.rotateSecret('404', { secret: 'x', now: NOW }), null);
    });

    withStore('a webhook that has failed for days is disabled, with its last attempt', async (context) => {
      const { store } = context;
      const webhook = await create(store, {});
      const made = [];
      for (let i = 0; i < 4; i++) made.push(await store.webhooks.ping(webhook.id, { now: NOW }));
      const [a, b, c, d] = made.map((each) => (typeof each === 'object' ? (each?.id ?? '') : ''));
      const note = (id: string | undefined, outcome: Attempt['outcome'], at: number) =>
        store.webhooks.noteAttempts(webhook.id, [
          { ...attempt(id ?? ''), outcome, at, nextAttemptTs: outcome === 'RETRY' ? at : null },
        ]);
      assert.equal(await note(a, 'RETRY', NOW), null);
      assert.equal(await note(b, 'SUCCEEDED', NOW + 1), null);
      assert.equal(await note(c, 'RETRY', NOW + 2), null);
      await context.reopen();
      const at = NOW + 2 + MOST_FAILING_MS;
      const { webhooks } = context.store;
      const noteLater = (id: string | undefined, outcome: Attempt['outcome'], when: number) =>
        webhooks.noteAttempts(webhook.id, [
          { ...attempt(id ?? ''), outcome, at: when, nextAttemptTs: outcome === 'RETRY' ? when : null },
        ]);
      assert.equal(await noteLater(c, 'FAILED', at - 1), null, 'not yet');
      assert.equal(await noteLater(a, 'RETRY', at + 9), null, 'it has attempts left');
      const reason = await noteLater(a, 'FAILED', at);
      assert.equal(reason, `no delivery has succeeded since ${new Date(NOW + 2).toISOString()}`);
      const disabled = await webhooks.get(webhook.id);
      assert.deepEqual([disabled?.enabled, disabled?.disabledReason], [false, reason]);
      assert.equal((await webhooks.getDelivery(d ?? ''))?.status, 'FAILED', 'what was left is given up');
      assert.equal(await webhooks.ping(webhook.id, { now: at }), 'DISABLED');
      assert.equal(await webhooks.resend(a ?? '', { now: at }), 'DISABLED');
      assert.equal(await webhooks.takeDue({ webhookId: webhook.id, now: at, most: 1 }), null);
      const enabled = await webhooks.update(webhook.id, { enabled: true });
      assert.deepEqual([enabled?.enabled, enabled?.disabledReason], [true, null]);
    });
  });
}

function fresh(more: Partial<NewWebhook>): NewWebhook {
  return {
    ...{ datamartId: '1', documentImportId: null, name: null, url: 'https://a.test/', events: EVENTS },
    ...{ secret: 'whsec_1', creationTs: NOW },
    ...more,
  };
}

async function create(store: Store, more: Partial<NewWebhook>): Promise<Webhook> {
  const made = await store.webhooks.create(fresh(more));
  assert.ok(typeof made === 'object' && made !== null);
  return made;
}

function attempt(deliveryId: string): Attempt {
  return {
    ...{ deliveryId, outcome: 'SUCCEEDED', at: NOW + 20, durationMs: 3, nextAttemptTs: null },
    ...{ responseStatus: 200, responseBody: 'ok', error: null },
  };
}

/** Oldest first. */
async function deliveriesOf(store: Store, { id }: Webhook) {
  return (await store.webhooks.listDeliveries({ webhookId: id, page: ALL })).elements.toReversed();
}
