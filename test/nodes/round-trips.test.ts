import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseUuid } from '../../src/model/identifier.ts';
import { createSegment, dataOf, membershipsOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { onPostgres, storeOf } from '../postgres.ts';

/** How often a look-up waits for the database, counted on the wire. */

// the process ends its server
onPostgres();

/**
 * The statements of a look-up; the others are of what the service does by itself, and of the token.
 */
const LOOK_UP =
  /from (membership|user_point|attached_identifier|record_version|datamart|segment|compartment_selection)\b/;
const IS_VERSION = /from record_version/;

/** What went to the database in one go, before anything that came back was waited for. */
type Trip = string[];

type TakeMessage = (kind: string, body: Buffer, whole: Buffer) => void;

/**
 * Takes messages out of a stream of PostgreSQL, the first of which has no kind when a client sends
 * it.
 */
function messageReader(begins: 'WITHOUT_KIND' | 'WITH_KIND', take: TakeMessage) {
  let rest = Buffer.alloc(0);
  let hasKind = begins === 'WITH_KIND';
  return (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const start = hasKind ? 1 : 0;
      if (rest.length < start + 4) return;
      const end = start + rest.readInt32BE(start);
      if (rest.length < end) return;
      take(
        hasKind ? rest.toString('latin1', 0, 1) : '',
        rest.subarray(start + 4, end),
        rest.subarray(0, end),
      );
      rest = rest.subarray(end);
      hasKind = true;
    }
  };
}

function simpleQuery(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.from('Q\0\0\0\0');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/**
 * A way to PostgreSQL that notes each trip: what is sent on a connection on which no answer is
 * awaited begins one.
 */
async function openCounter(to: string) {
  const target = new URL(to);
  const sockets = new Set<Socket>();
  const trips: Trip[] = [];
  const losers: (() => Promise<void>)[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const named = new Map<string, string>();
    let awaited = 0;
    let trip: Trip = [];
    let bound = '';
    const sendStatement = (text: string) => {
      if (awaited === 0) {
        trip = [];
        trips.push(trip);
      }
      awaited++;
      trip.push(text);
    };
    const fromClient = messageReader('WITHOUT_KIND', (kind, body) => {
      const texts = body.toString('utf8').split('\0');
      const [first = '', second = ''] = texts;
      if (kind === 'Q') sendStatement(first);
      if (kind === 'P') named.set(first, second);
      // of a portal and a statement
      if (kind === 'B') bound = named.get(second) ?? '';
      if (kind === 'S') sendStatement(bound);
    });
    let hasLost: (() => void) | null = null;
    const fromServer = messageReader('WITH_KIND', (kind, _, whole) => {
      if (hasLost === null) client.write(whole);
      if (kind !== 'Z') return;
      if (hasLost === null) awaited = Math.max(0, awaited - 1);
      hasLost?.();
      hasLost = null;
    });
    losers.push(async () => {
      while (awaited > 0) await sleep(1);
      if (upstream.destroyed) return;
      const lost = new Promise<void>((resolve) => (hasLost = resolve));
      upstream.write(simpleQuery('deallocate all'));
      await lost;
    });
    client.on('data', (bytes) => {
      fromClient(bytes);
      upstream.write(bytes);
    });
    upstream.on('data', fromServer);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const url = new URL(to);
  url.port = String((server.address() as AddressInfo).port);
  /** The trips of a look-up that `work` makes. */
  async function tripsOf(work: () => Promise<unknown>): Promise<readonly Trip[]> {
    const before = trips.length;
    await work();
    return trips.slice(before).filter((trip) => trip.some((text) => LOOK_UP.test(text)));
  }
  /**
   * Has the server forget what was prepared on each connection, as one that a pooler puts in its
   * place has never known it.
   */
  const loseStatements = () => Promise.all(losers.map((lose) => lose()));
  return { url: url.href, tripsOf, loseStatements, close };
}

type World = {
  readonly service: TestService;
  readonly counter: Awaited<ReturnType<typeof openCounter>>;
  readonly segments: readonly [string, string];
  readonly userPointId: string;
};

/** A service with a user `known` in the first of two segments, whose records it keeps already. */
async function openWorld(t: TestContext): Promise<World> {
  const counter = await openCounter(await storeOf(`${t.name} ${performance.timeOrigin}`, Date.now()));
  const service = await startService(t, { store: counter.url });
  // after the service, which says goodbye
  t.after(counter.close);
  const segments = [
    await createSegment(service, { name: 'first' }),
    await createSegment(service, { name: 'second' }),
  ] as const;
  const line = (account: string) =>
    `${JSON.stringify({ operation: 'UPDATE', user_account_id: account, segment_id: segments[0], expiration_duration: 0 })}\n`;
  assert.equal((await runFile(service, 'NDJSON', line('known') + line('other'))).status, 'SUCCEEDED');
  assert.equal((await membershipsOf(service, 'user_account_id=known'))?.length, 1);
  const identifiers = await dataOf<{ user_point_id?: string }[]>(
    service.call('GET', '/v1/datamarts/1/user_identifiers/user_account_id=known'),
  );
  const userPointId = identifiers.find((each) => each.user_point_id !== undefined)?.user_point_id;
  assert.ok(userPointId);
  return { service, counter, segments, userPointId };
}

function assertTrips(trips: readonly Trip[], expected: number): void {
  const shown = JSON.stringify(trips, null, 1);
  assert.equal(trips.length, expected, shown);
  const versions = trips.flat().filter((text) => IS_VERSION.test(text));
  assert.equal(versions.length, 1, `the version is asked for once: ${shown}`);
  assert.ok(
    trips[0]?.some((text) => IS_VERSION.test(text)),
    `it is asked for along with the first: ${shown}`,
  );
}

test('a look-up takes one round trip, which also asks whether what the node keeps is still so', async (t) => {
  const { service, counter, segments, userPointId } = await openWorld(t);
  const look = (selector: string, segmentIds = '') => {
    const query = segmentIds === '' ? '' : `?segment_ids=${segmentIds}`;
    return async () => {
      const { status, text } = await service.call('GET', `/v1/datamarts/1/user_segments/${selector}${query}`);
      assert.equal(status, selector === 'user_account_id=unknown' ? 404 : 200, text);
    };
  };
  const known = 'user_account_id=known';
  // the second of each goes by statements that the connection knows already
  for (let i = 0; i < 2; i++) {
    assertTrips(await counter.tripsOf(look(known)), 1);
    assertTrips(await counter.tripsOf(look(userPointId)), 1);
    assertTrips(await counter.tripsOf(look(known, segments.join(','))), 1);
    assertTrips(await counter.tripsOf(look(known, segments[1])), 1);
    // whether the datamart knows who has no memberships is asked for then
    assertTrips(await counter.tripsOf(look('user_account_id=unknown')), 2);
  }
});

test('an identifier that was attached to another user point takes one round trip more', async (t) => {
  const { service, counter, userPointId } = await openWorld(t);
  const point = parseUuid(userPointId);
  assert.ok(point);
  const attached = await service.store.attachIdentifier({
    datamartId: '1',
    identifier: { kind: 'USER_EMAIL', compartmentId: '0', value: 'a-hash' },
    userPointId: point,
    now: Date.now(),
  });
  assert.equal(attached, 'ATTACHED');
  assert.equal((await membershipsOf(service, 'email_hash=a-hash'))?.length, 1);
  const look = () => membershipsOf(service, 'email_hash=a-hash');
  assertTrips(await counter.tripsOf(look), 3);
});

test('look-ups go on, unprepared, behind a pooler that does not keep what was prepared', async (t) => {
  const { service, counter, segments } = await openWorld(t);
  const names = async () =>
    (await membershipsOf(service, 'user_account_id=known'))?.map(({ segment_name }) => segment_name);
  assertTrips(await counter.tripsOf(names), 1);
  await counter.loseStatements();
  assert.deepEqual(await names(), ['first']);
  await dataOf(service.call('PUT', `/v1/audience_segments/${segments[0]}`, { name: 'renamed' }));
  assert.deepEqual(await names(), ['renamed']);
  assertTrips(await counter.tripsOf(names), 1);
});

test('a search of many users takes as many round trips as one of two', async (t) => {
  const { service, counter } = await openWorld(t);
  const search = (accounts: readonly string[]) => async () => {
    const users = accounts.map((account) => ({ user_account_id: account }));
    const found = await dataOf<{ known: boolean }[]>(
      service.call('POST', '/v1/datamarts/1/user_segments/search', { users }),
    );
    assert.deepEqual(
      found.map(({ known }) => known),
      accounts.map((account) => account !== 'unknown'),
    );
  };
  assertTrips(await counter.tripsOf(search(['known', 'other'])), 1);
  assertTrips(await counter.tripsOf(search([...Array(100).fill('known'), 'other', 'unknown'])), 2);
});
