import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresDatabase } from '../../src/store/postgres/postgres-database.ts';
import { createSegment, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { databaseOf, onPostgres } from '../postgres.ts';

// the process ends its server
onPostgres();

const ANSWERED_WITHIN_MS = 3_500;

/**
 * A way to PostgreSQL on which nothing passes for as long as it is frozen, as behind a network that
 * drops packets.
 */
async function openPath(t: TestContext, to: URL) {
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      if (isFrozen) socket.pause();
    }
    const pass = (from: Socket, into: Socket) => {
      from.on('data', (bytes) => into.write(bytes));
      from.on('close', () => into.destroy());
    };
    pass(client, upstream);
    pass(upstream, client);
    if (isFrozen) for (const socket of [client, upstream]) socket.pause();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const url = new URL(to);
  url.port = String((server.address() as AddressInfo).port);
  const set = (frozen: boolean) => {
    isFrozen = frozen;
    for (const socket of sockets) frozen ? socket.pause() : socket.resume();
  };
  return { url: url.href, freeze: () => set(true), thaw: () => set(false) };
}

test('a database that hangs: readiness and look-ups are refused within seconds, and come back with it', async (t) => {
  const path = await openPath(t, new URL(await databaseOf('hangs')));
  const service = await startService(t, { store: path.url });
  const segment = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const line = `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segment}","expiration_duration":0}\n`;
  assert.equal((await runFile(service, 'NDJSON', line)).status, 'SUCCEEDED');
  const asked = [
    '/health/ready',
    '/v1/datamarts/1/user_segments/user_account_id=a',
    '/v1/datamarts/1/user_identifiers/user_account_id=a',
    `/v1/audience_segments/${segment}`,
  ];
  path.freeze();
  await Promise.all(
    asked.map(async (each) => {
      const before = performance.now();
      const answer = await service.call('GET', each);
      assert.equal(answer.status, 503, `${each}: ${answer.text}`);
      const ms = performance.now() - before;
      assert.ok(ms < ANSWERED_WITHIN_MS, `${each}: ${ms} ms`);
    }),
  );
  path.thaw();
  for (const each of asked) {
    const answer = await service.call('GET', each);
    assert.equal(answer.status, 200, `${each}: ${answer.text}`);
  }
  // before the path ends
  await service.stop();
});

/** A silence of 15 s, and what it takes to see that there is one. */
const CLOSED_WITHIN_MS = 20_000;

test('a service stops, and a store closes, while a call of theirs hangs', async (t) => {
  const path = await openPath(t, new URL(await databaseOf('hangs at the end')));
  const service = await startService(t, { store: path.url });
  const db = new PostgresDatabase({ url: path.url, connections: 4, patienceMs: 1_000 });
  await db.ping();
  path.freeze();
  const hanging = [
    service.store.segments.remove('1'),
    db.write((sql) => sql.query('select 1')),
    db.read((sql) => sql.query('select 1')),
  ];
  const msToClose = async (close: () => Promise<void>) => {
    const before = performance.now();
    const late = sleep(2 * CLOSED_WITHIN_MS, undefined, { ref: false });
    await Promise.race([close(), late]);
    return performance.now() - before;
  };
  const took = await Promise.all([msToClose(service.stop), msToClose(() => db.close())]);
  path.thaw();
  await Promise.allSettled(hanging);
  for (const ms of took) assert.ok(ms < CLOSED_WITHIN_MS, `closed after ${took.join(' and ')} ms`);
  // what was left as it is ends in order now that the database answers
  while (await answers(service)) await sleep(50);
});

async function answers({ store }: TestService): Promise<boolean> {
  return store.check().then(
    () => true,
    (fault: Error) => !/the store is closed/.test(fault.message),
  );
}
