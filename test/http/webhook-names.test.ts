import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { startNameServer } from '../name-server.ts';
import { startReceiver } from '../receiver.ts';

type Delivery = { id: string; attempts: number; duration_ms: number | null; error: string | null };

const NEAR = { webhookAllowPrivate: true, sweepIntervalMs: 100 } as const;

const webhooksOf = (datamartId: string) => `/v1/datamarts/${datamartId}/webhooks`;

/**
 * Makes a webhook, with one delivery that is due at once; resolves to the path of that delivery.
 */
async function ping(client: Client, url: string, datamartId = '1'): Promise<string> {
  const webhook = await dataOf<{ id: string }>(client.call('POST', webhooksOf(datamartId), { url }));
  const path = `${webhooksOf(datamartId)}/${webhook.id}`;
  const { id } = await dataOf<Delivery>(client.call('POST', `${path}/ping`));
  return `${path}/deliveries/${id}`;
}

async function attempted(client: Client, path: string, timeoutMs = 10_000): Promise<Delivery> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const now = await dataOf<Delivery>(client.call('GET', path));
    if (now.attempts > 0) return now;
    assert.ok(performance.now() < until, `no attempt has ended: ${JSON.stringify(now)}`);
    await sleep(20);
  }
}

async function createDatamart(client: Client, name: string): Promise<string> {
  return (await dataOf<{ id: string }>(client.call('POST', '/v1/datamarts', { name, organisation_id: '1' })))
    .id;
}

test('names that no name server answers for keep no webhook of another datamart waiting', async (t) => {
  const names = await startNameServer(t, (name, kind) => {
    if (name.startsWith('silent')) return 'SILENCE';
    return name === 'answers.test' ? (kind === 'A' ? ['127.0.0.1'] : []) : undefined;
  });
  const service = await startService(t, { ...NEAR, webhookNameServers: [names.address] });
  const other = await createDatamart(service, 'neighbour');
  for (let i = 0; i < 12; i++) await ping(service, `http://silent-${i}.test/hook`, other);
  const until = performance.now() + 5_000;
  while (!names.queries.some((query) => query.endsWith(' silent-7.test'))) {
    assert.ok(performance.now() < until, `looked up: ${names.queries.join(', ')}`);
    await sleep(20);
  }

  const receiver = await startReceiver(t);
  const startedAt = performance.now();
  await ping(service, receiver.url.replace('127.0.0.1', 'answers.test'));
  await receiver.until(1);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 1_500, `it took ${Math.round(tookMs)} ms`);

  const stoppedAt = performance.now();
  await service.stop();
  assert.ok(performance.now() - stoppedAt < 1_500, 'the stop waited for a look-up');
});

test('a look-up ends at the deadline of its attempt, and nobody asks after that', async (t) => {
  const names = await startNameServer(t, () => 'SILENCE');
  const service = await startService(t, {
    ...{ ...NEAR, webhookTimeoutMs: 700 },
    webhookNameServers: [names.address],
  });
  const delivery = await attempted(service, await ping(service, 'http://silent.test/hook'));
  assert.equal(delivery.error, 'no answer came within 700 ms');
  assert.ok((delivery.duration_ms ?? 0) < 1_700, `${delivery.duration_ms} ms`);
  const asked = names.queries.length;
  // longer than a query waits before it is sent again
  await sleep(2_500);
  assert.equal(names.queries.length, asked);
});

test('why a name leads nowhere is told', async (t) => {
  const names = await startNameServer(t, (name) => (name === 'empty.test' ? [] : undefined));
  const service = await startService(t, { ...NEAR, webhookNameServers: [names.address] });
  for (const host of ['unknown.test', 'empty.test', `${'x'.repeat(64)}.test`]) {
    const delivery = await attempted(service, await ping(service, `http://${host}/hook`));
    assert.equal(delivery.error, 'the name of the host is not known', host);
  }
  const nobody = await startService(t, { ...NEAR, webhookNameServers: ['127.0.0.1:1'] });
  const delivery = await attempted(nobody, await ping(nobody, 'http://answers.test/hook'));
  assert.equal(delivery.error, 'the name of the host could not be looked up');
});

test('a name of the hosts file is looked up there alone', async (t) => {
  const names = await startNameServer(t, () => undefined);
  const service = await startService(t, { ...NEAR, webhookNameServers: [names.address] });
  const receiver = await startReceiver(t);
  await ping(service, receiver.url.replace('127.0.0.1', 'localhost'));
  await receiver.until(1);
  assert.deepEqual(names.queries, []);
});

test('a name is looked up once for each connection, and what that gave is connected to', async (t) => {
  // whoever looked twice would be led elsewhere
  let looks = 0;
  const names = await startNameServer(t, (_, kind) => {
    if (kind === 'AAAA') return [];
    return looks++ === 0 ? ['127.0.0.1'] : ['127.0.0.2'];
  });
  const service = await startService(t, { ...NEAR, webhookNameServers: [names.address] });
  const receiver = await startReceiver(t);
  const url = receiver.url.replace('127.0.0.1', 'turning.test');
  assert.equal((await attempted(service, await ping(service, url))).error, null);
  assert.deepEqual([...names.queries].sort(), ['A turning.test', 'AAAA turning.test']);
});

test('one address that is not public refuses a name, of whichever kind it is', async (t) => {
  const said: Readonly<Record<string, { A: string[]; AAAA: string[] }>> = {
    'private.test': { A: ['127.0.0.1'], AAAA: [] },
    'second.test': { A: ['8.8.8.8', '10.0.0.1'], AAAA: [] },
    'mixed.test': { A: ['8.8.8.8'], AAAA: ['::1'] },
    'six.test': { A: [], AAAA: ['fd12:3456::1'] },
    'mapped.test': { A: [], AAAA: ['::ffff:7f00:1'] },
    'metadata.test': { A: ['169.254.169.254'], AAAA: ['2606:4700::1111'] },
  };
  const names = await startNameServer(t, (name, kind) => said[name]?.[kind]);
  const service = await startService(t, { sweepIntervalMs: 100, webhookNameServers: [names.address] });
  for (const host of Object.keys(said)) {
    const delivery = await attempted(service, await ping(service, `https://${host}/hook`));
    assert.equal(delivery.error, 'the host is not at a public address', host);
  }
});

test('a kind of address that nobody answers for does not keep the other one from being used', async (t) => {
  const names = await startNameServer(t, (_, kind) => (kind === 'A' ? ['127.0.0.1'] : 'SILENCE'));
  const service = await startService(t, { ...NEAR, webhookNameServers: [names.address] });
  const receiver = await startReceiver(t);
  const url = receiver.url.replace('127.0.0.1', 'half.test');
  assert.equal((await attempted(service, await ping(service, url), 15_000)).error, null);
});
