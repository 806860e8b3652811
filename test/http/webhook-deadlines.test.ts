import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { startReceiver } from '../receiver.ts';

type Webhook = { id: string };
type Delivery = {
  id: string;
  attempts: number;
  duration_ms: number | null;
  response_status: number | null;
  response_body: string | null;
  error: string | null;
};

const NEAR = { webhookAllowPrivate: true, sweepIntervalMs: 100 } as const;
const ATTEMPT_MS = 700;

const webhooksOf = (datamartId: string) => `/v1/datamarts/${datamartId}/webhooks`;

/**
 * A receiver that does with a connection what it is told, once a request has come; resolves to its
 * URL.
 */
async function startSocketReceiver(t: TestContext, act: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', () => act(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

/** Writes a piece again and again until the connection is closed. */
function repeat(socket: Socket, piece: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece), everyMs);
  socket.once('close', () => clearInterval(timer));
}

async function createWebhook(client: Client, url: string, datamartId = '1'): Promise<Webhook> {
  return dataOf(client.call('POST', webhooksOf(datamartId), { url }));
}

async function createDatamart(client: Client, name: string): Promise<string> {
  return (await dataOf<{ id: string }>(client.call('POST', '/v1/datamarts', { name, organisation_id: '1' })))
    .id;
}

async function attempted(client: Client, { id }: Webhook, timeoutMs: number): Promise<Delivery> {
  const path = `${webhooksOf('1')}/${id}`;
  const made = await dataOf<Delivery>(client.call('POST', `${path}/ping`));
  const until = performance.now() + timeoutMs;
  for (;;) {
    const now = await dataOf<Delivery>(client.call('GET', `${path}/deliveries/${made.id}`));
    if (now.attempts > 0) return now;
    assert.ok(performance.now() < until, `no attempt has ended: ${JSON.stringify(now)}`);
    await sleep(20);
  }
}

test('an attempt ends at its deadline, whatever the receiver does with the connection', async (t) => {
  const service = await startService(t, { ...NEAR, webhookTimeoutMs: ATTEMPT_MS });
  const late = `no answer came within ${ATTEMPT_MS} ms`;
  const kinds: readonly [string, (socket: Socket) => void, string | RegExp][] = [
    ['says nothing', () => undefined, late],
    [
      'switches protocols',
      (socket) =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      'expected 2xx, got 101',
    ],
    [
      'switches protocols without saying to which',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      /^expected 2xx, got 101$|^no answer came/,
    ],
    [
      'repeats 103 now and then',
      (socket) => repeat(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 50),
      /no answer came|interim/,
    ],
    [
      'repeats 100 as fast as it can',
      (socket) => repeat(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), 1),
      /no answer came|interim/,
    ],
    ['sends half a status line', (socket) => socket.write('HTTP/1.1 2'), late],
    ['trickles a status line', (socket) => repeat(socket, ' ', 50), /no answer came|HPE_/],
    [
      'trickles headers',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        repeat(socket, 'a: b\r\n', 50);
      },
      late,
    ],
    ['answers 100 and then nothing', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), late],
  ];
  await Promise.all(
    kinds.map(async ([name, act, error]) => {
      const webhook = await createWebhook(service, await startSocketReceiver(t, act));
      const delivery = await attempted(service, webhook, ATTEMPT_MS + 5_000);
      if (typeof error === 'string') assert.equal(delivery.error, error, name);
      else assert.match(delivery.error ?? '', error, name);
      assert.ok((delivery.duration_ms ?? 0) < ATTEMPT_MS + 1_000, `${name}: ${delivery.duration_ms} ms`);
    }),
  );
});

test('a body that trickles in ends at the deadline as well; the status before it counts', async (t) => {
  const service = await startService(t, { ...NEAR, webhookTimeoutMs: ATTEMPT_MS });
  const url = await startSocketReceiver(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    repeat(socket, '1\r\nx\r\n', 50);
  });
  const delivery = await attempted(service, await createWebhook(service, url), ATTEMPT_MS + 5_000);
  assert.deepEqual([delivery.response_status, delivery.error], [200, null]);
  assert.ok((delivery.duration_ms ?? 0) < ATTEMPT_MS + 500, `${delivery.duration_ms} ms`);
  assert.match(delivery.response_body ?? '', /^x+$/);
});

test('silent receivers of one datamart keep no other datamart waiting, and a stop does not wait for them', async (t) => {
  const service = await startService(t, NEAR);
  const other = await createDatamart(service, 'neighbour');
  const connections: Socket[] = [];
  const silent = await startSocketReceiver(t, (socket) => {
    connections.push(socket);
    socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
  });
  for (let i = 0; i < 40; i++) {
    const { id } = await createWebhook(service, silent, other);
    await dataOf(service.call('POST', `${webhooksOf(other)}/${id}/ping`));
  }
  const receiver = await startReceiver(t);
  const { id } = await createWebhook(service, receiver.url);
  const startedAt = performance.now();
  await dataOf(service.call('POST', `${webhooksOf('1')}/${id}/ping`));
  await receiver.until(1);
  assert.ok(performance.now() - startedAt < 5_000);
  assert.ok(connections.length > 0 && connections.length <= 8, `${connections.length} places were taken`);

  const stoppedAt = performance.now();
  await service.stop();
  assert.ok(performance.now() - stoppedAt < 5_000, 'the stop waited for a silent receiver');
});

test('receivers that were silent share some of the places, so that those that answer always have others', async (t) => {
  const service = await startService(t, NEAR);
  const receiver = await startReceiver(t);
  const { id } = await createWebhook(service, receiver.url);
  await dataOf(service.call('POST', `${webhooksOf('1')}/${id}/ping`));
  await receiver.until(1);

  let taken = 0;
  const silent = await startSocketReceiver(t, () => taken++);
  for (let datamart = 0; datamart < 5; datamart++) {
    const datamartId = await createDatamart(service, `silent ${datamart}`);
    for (let i = 0; i < 9; i++) {
      const webhook = await createWebhook(service, silent, datamartId);
      await dataOf(service.call('POST', `${webhooksOf(datamartId)}/${webhook.id}/ping`));
    }
  }
  const startedAt = performance.now();
  await dataOf(service.call('POST', `${webhooksOf('1')}/${id}/ping`));
  await receiver.until(2);
  assert.ok(performance.now() - startedAt < 5_000);
  assert.ok(taken > 8 && taken <= 24, `${taken} places were taken`);
});
