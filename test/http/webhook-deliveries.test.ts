import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { isSignedBy, startReceiver } from '../receiver.ts';
import { missing, refused } from './refusals.ts';

type Webhook = { id: string; secret: string; enabled: boolean; disabled_reason: string | null };
type Delivery = {
  id: string;
  message_id: string;
  status: string;
  attempts: number;
  next_attempt_ts: number | null;
  response_status: number | null;
  response_body: string | null;
  error: string | null;
};

const WEBHOOKS = '/v1/datamarts/1/webhooks';
/** Looks for what has become due ten times a second. */
const NEAR = { webhookAllowPrivate: true, sweepIntervalMs: 100 } as const;
const HOUR_MS = 3_600_000;

async function createWebhook(client: Client, url: string, more: object = {}): Promise<Webhook> {
  return dataOf(client.call('POST', WEBHOOKS, { url, ...more }));
}

const getWebhook = (client: Client, id: string) => dataOf<Webhook>(client.call('GET', `${WEBHOOKS}/${id}`));
const ping = (client: Client, id: string) => dataOf<Delivery>(client.call('POST', `${WEBHOOKS}/${id}/ping`));

/** Waits until a delivery is as it should be. */
async function untilDelivery(
  client: Client,
  { webhook, delivery }: { webhook: Webhook; delivery: Delivery },
  isSo: (delivery: Delivery) => boolean,
): Promise<Delivery> {
  for (let tries = 0; ; tries++) {
    const now = await dataOf<Delivery>(
      client.call('GET', `${WEBHOOKS}/${webhook.id}/deliveries/${delivery.id}`),
    );
    if (isSo(now)) return now;
    assert.ok(tries < 1_000, JSON.stringify(now));
    await sleep(10);
  }
}

test('deliveries', async (t) => {
  const time = { now: Date.now() };
  const service = await startService(t, NEAR, () => time.now);

  await t.test(
    'what fails is tried again later and later under the same id, then has FAILED, and can be sent again',
    async (t) => {
      const receiver = await startReceiver(t);
      receiver.answer((response) => response.writeHead(500).end('no\0t \u001b[31mnow'));
      const webhook = await createWebhook(service, receiver.url);
      const delivery = await ping(service, webhook.id);
      const of = { webhook, delivery };
      assert.equal(delivery.status, 'PENDING');
      const pauses: number[] = [];
      for (let attempt = 1; ; attempt++) {
        const at = await untilDelivery(service, of, ({ attempts }) => attempts === attempt);
        if (at.status === 'FAILED') break;
        assert.deepEqual(
          [at.status, at.response_status, at.response_body, at.error],
          ['PENDING', 500, 'not [31mnow', 'expected 2xx, got 500'],
        );
        pauses.push((at.next_attempt_ts ?? 0) - time.now);
        // from the fourth on the webhook rests as well, for at most five minutes
        time.now += Math.max(at.next_attempt_ts === null ? 0 : at.next_attempt_ts - time.now, 300_000);
      }
      assert.equal(pauses.length, 8);
      for (const [i, pause] of pauses.entries())
        assert.ok(i === 0 || pause > (pauses[i - 1] ?? 0) * 1.1, String(pauses));
      const sum = pauses.reduce((all, pause) => all + pause, 0);
      assert.ok(sum > 31 * HOUR_MS && sum < 39 * HOUR_MS, String(sum / HOUR_MS));

      receiver.answer((response) => response.writeHead(200).end());
      time.now += 300_000;
      const path = `${WEBHOOKS}/${webhook.id}/deliveries/${delivery.id}/resend`;
      assert.equal((await dataOf<Delivery>(service.call('POST', path))).status, 'PENDING');
      const done = await untilDelivery(service, of, ({ status }) => status === 'SUCCEEDED');
      assert.deepEqual([done.attempts, done.error, done.next_attempt_ts], [1, null, null]);
      assert.equal(receiver.received.length, 10);
      for (const one of receiver.received) {
        assert.equal(one.headers['webhook-id'], delivery.message_id);
        assert.ok(isSignedBy(webhook.secret, one));
      }
      const stamps = receiver.received.map(({ headers }) => Number(headers['webhook-timestamp']));
      assert.ok((stamps.at(-1) ?? 0) - (stamps[0] ?? 0) > 31 * 3600, 'an attempt is signed when it is made');

      const failed = await dataOf<Delivery[]>(
        service.call('GET', `${WEBHOOKS}/${webhook.id}/deliveries?status=PENDING,FAILED`),
      );
      assert.deepEqual(failed, []);
      await refused(
        service.call('GET', `${WEBHOOKS}/${webhook.id}/deliveries?status=X`),
        400,
        'INVALID_REQUEST',
      );
      await missing(service.call('GET', `${WEBHOOKS}/${webhook.id}/deliveries/404`));
    },
  );

  await t.test('Retry-After is waited for, up to a day', async (t) => {
    const receiver = await startReceiver(t);
    const webhook = await createWebhook(service, receiver.url);
    for (const [asked, least, most] of [
      ['3600', HOUR_MS, HOUR_MS],
      ['999999999', 24 * HOUR_MS, 24 * HOUR_MS],
      ['Wed, 21 Oct 2065 07:28:00 GMT', 5_000, 6_000],
    ] as const) {
      receiver.answer((response) => response.writeHead(503, { 'retry-after': asked }).end());
      const delivery = await ping(service, webhook.id);
      const tried = await untilDelivery(service, { webhook, delivery }, ({ attempts }) => attempts === 1);
      const pause = (tried.next_attempt_ts ?? 0) - time.now;
      assert.ok(pause >= least && pause <= most, `${asked}: ${pause}`);
    }
  });

  await t.test(
    '410 disables a webhook; nothing is sent to one that is, until somebody enables it',
    async (t) => {
      const receiver = await startReceiver(t);
      const webhook = await createWebhook(service, receiver.url);
      receiver.answer((response) => response.writeHead(410).end());
      const delivery = await ping(service, webhook.id);
      const failed = await untilDelivery(
        service,
        { webhook, delivery },
        ({ status }) => status !== 'PENDING',
      );
      assert.deepEqual([failed.status, failed.attempts, failed.response_status], ['FAILED', 1, 410]);
      const { enabled, disabled_reason } = await getWebhook(service, webhook.id);
      assert.deepEqual(
        [enabled, disabled_reason],
        [false, 'the receiver answered 410: it wants no more of this webhook'],
      );
      await refused(service.call('POST', `${WEBHOOKS}/${webhook.id}/ping`), 409, 'CONFLICT');
      const resend = `${WEBHOOKS}/${webhook.id}/deliveries/${delivery.id}/resend`;
      await refused(service.call('POST', resend), 409, 'CONFLICT');
      receiver.answer((response) => response.writeHead(200).end());
      await dataOf(service.call('PUT', `${WEBHOOKS}/${webhook.id}`, { enabled: 'true' }));
      assert.equal((await getWebhook(service, webhook.id)).disabled_reason, null);
      await dataOf(service.call('POST', resend));
      await untilDelivery(service, { webhook, delivery }, ({ status }) => status === 'SUCCEEDED');
    },
  );

  await t.test('what waits for a webhook that is disabled is given up, and says so', async (t) => {
    const receiver = await startReceiver(t);
    receiver.answer((response) => response.writeHead(500).end());
    const webhook = await createWebhook(service, receiver.url);
    const delivery = await ping(service, webhook.id);
    await untilDelivery(service, { webhook, delivery }, ({ attempts }) => attempts === 1);
    await dataOf(service.call('PUT', `${WEBHOOKS}/${webhook.id}`, { enabled: false }));
    const given = await untilDelivery(service, { webhook, delivery }, () => true);
    assert.deepEqual(
      [given.status, given.next_attempt_ts, given.error],
      ['FAILED', null, 'the webhook was disabled before it was delivered'],
    );
  });

  await t.test('a redirect is not followed, and of a long answer the beginning is kept', async (t) => {
    const receiver = await startReceiver(t);
    const elsewhere = await startReceiver(t);
    const webhook = await createWebhook(service, receiver.url);
    receiver.answer((response) => response.writeHead(302, { location: elsewhere.url }).end());
    const redirected = await ping(service, webhook.id);
    const tried = await untilDelivery(
      service,
      { webhook, delivery: redirected },
      ({ attempts }) => attempts === 1,
    );
    assert.match(tried.error ?? '', /^expected 2xx, got 302: redirects are not followed/);
    assert.equal(elsewhere.received.length, 0);

    // an answer without end
    receiver.answer((response) => {
      response.writeHead(200);
      const more = () => {
        while (response.writable && response.write('ä'.repeat(4096)));
      };
      response.on('drain', more).on('error', () => {});
      more();
    });
    const delivery = await ping(service, webhook.id);
    const done = await untilDelivery(service, { webhook, delivery }, ({ status }) => status === 'SUCCEEDED');
    assert.equal(done.response_body, 'ä'.repeat(1024));
  });

  await t.test('what is no answer at all is told in words, without what the fault quotes', async (t) => {
    const rude = createServer((socket) => socket.end('hello\r\n'));
    rude.listen(0, '127.0.0.1');
    await once(rude, 'listening');
    t.after(() => rude.close());
    const { port } = rude.address() as { port: number };
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port: free } = nobody.address() as { port: number };
    nobody.close();
    for (const [url, expected] of [
      [`http://127.0.0.1:${free}/`, /^the connection was refused$/],
      [`http://127.0.0.1:${port}/`, /^the connection failed: HPE_/],
      [`https://127.0.0.1:${port}/`, /^the connection failed: /],
    ] as const) {
      const webhook = await createWebhook(service, url);
      const delivery = await ping(service, webhook.id);
      const tried = await untilDelivery(service, { webhook, delivery }, ({ attempts }) => attempts === 1);
      assert.match(tried.error ?? '', expected);
      assert.equal(tried.response_status, null);
    }
  });

  await t.test('after a rotation both secrets sign, and after a day the new one alone', async (t) => {
    const receiver = await startReceiver(t);
    const own = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const webhook = await createWebhook(service, receiver.url, { secret: own });
    assert.equal(webhook.secret, own);
    const rotated = await dataOf<Webhook>(service.call('POST', `${WEBHOOKS}/${webhook.id}/rotate_secret`));
    assert.notEqual(rotated.secret, own);
    await ping(service, webhook.id);
    await receiver.until(1);
    time.now += 24 * HOUR_MS;
    await ping(service, webhook.id);
    const [both, one] = await receiver.until(2);
    assert.ok(both && one);
    assert.deepEqual([isSignedBy(own, both), isSignedBy(rotated.secret, both)], [true, true]);
    assert.deepEqual([isSignedBy(own, one), isSignedBy(rotated.secret, one)], [false, true]);
  });

  await t.test(
    'a receiver that does not answer holds up no other webhook, and not the end of the service',
    async (t) => {
      const silent = await startReceiver(t);
      silent.answer(() => {});
      const quick = await startReceiver(t);
      const slow = await Promise.all(Array.from({ length: 15 }, () => createWebhook(service, silent.url)));
      const { id } = await createWebhook(service, quick.url);
      for (const each of slow) await ping(service, each.id);
      await silent.until(slow.length);
      for (let i = 0; i < 5; i++) await ping(service, id);
      await quick.until(5);
      assert.equal(silent.received.length, slow.length, 'one at a time for each of them');
      const stoppedAt = performance.now();
      await service.stop();
      assert.ok(performance.now() - stoppedAt < 5_000);
    },
  );
});
