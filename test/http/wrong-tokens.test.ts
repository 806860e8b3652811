import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ConfigError, readConfig } from '../../src/config.ts';
import { isProxy, networkOf, originReader } from '../../src/http/client-address.ts';
import { type Answer, clientOf, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { refused } from './refusals.ts';

/** A service whose proxy is whoever is connected, and a sender of wrong tokens through it. */
async function behindProxy(t: TestContext, trustProxy: readonly string[] = ['127.0.0.1']) {
  const service = await startService(t, { trustProxy });
  let sent = 0;
  const wrong = (forwardedFor: string): Promise<Answer> =>
    clientOf(service.baseUrl, `wrong-${sent++}`).call('GET', '/v1/datamarts', undefined, {
      'x-forwarded-for': forwardedFor,
    });
  /**
   * Sends wrong tokens, each with another header; gives how many were answered before the first
   * 429.
   */
  const countUntilSlowed = async (headerOf: (n: number) => string, most = 60): Promise<number> => {
    for (let n = 0; n < most; n++) {
      const { status } = await wrong(headerOf(n));
      if (status === 429) return n;
      assert.equal(status, 401);
    }
    return most;
  };
  return { service, wrong, countUntilSlowed };
}

test('behind a proxy, what a client says of itself makes it no other client', async (t) => {
  const { service, wrong, countUntilSlowed } = await behindProxy(t);
  const host = (n: number) => `${n >> 8}.${n & 255}`;
  // one after the other they would wait a second each: what slows a guess down
  const ways = [
    ['addresses before its own', (n: number) => `10.9.${host(n)}, 203.0.113.1`],
    ['many of them', (n: number) => `${`10.9.${host(n)}, `.repeat(500)}203.0.113.2`],
    ['the port it comes from', (n: number) => `203.0.113.3:${1024 + n}`],
    ['the port it comes from, by IPv6', (n: number) => `[2001:db8:1:2::9]:${1024 + n}`],
    ['the second half of its network', (n: number) => `2001:db8:1:3::${n.toString(16)}`],
    ['IPv4 as IPv6', (n: number) => ['::ffff:203.0.113.4', '::ffff:cb00:7104', '203.0.113.4'][n % 3] ?? ''],
  ] as const;
  await Promise.all(
    ways.map(async ([told, headerOf]) => assert.equal(await countUntilSlowed(headerOf), 10, told)),
  );
  // what is no address is from the proxy, like its own requests
  assert.equal(
    await countUntilSlowed((n) => `${['client', '999.1.1.1', '', '_', '1.2.3', '::g'][n % 6]}${n}`),
    10,
  );
  assert.equal(await countUntilSlowed((n) => `10.7.${host(n)}, ${'9'.repeat(15_000)}`), 0);
  // other clients are others
  for (let n = 0; n < 30; n++) await refused(wrong(`203.0.113.${100 + n}`), 401, 'UNAUTHORIZED');
  await dataOf(service.call('GET', '/v1/datamarts', undefined, { 'x-forwarded-for': '203.0.113.1' }));
});

test('a client that has a trusted address itself is slowed down by that', async (t) => {
  const { wrong, countUntilSlowed } = await behindProxy(t, ['127.0.0.0/8', '172.16.0.0/12']);
  const spoofed = (n: number) => `198.51.${n >> 8}.${n & 255}`;
  assert.equal(await countUntilSlowed((n) => `${spoofed(n)}, 172.18.0.1`), 30);
  assert.equal(await countUntilSlowed((n) => `${spoofed(n)}, 172.18.0.1, 127.0.0.1`), 30);
  await refused(wrong('198.51.100.1'), 401, 'UNAUTHORIZED');
});

test('where no proxy is trusted, the header means nothing', async (t) => {
  const { countUntilSlowed } = await behindProxy(t, []);
  assert.equal(await countUntilSlowed((n) => `203.0.113.${n}`), 10);
});

test('the client is the last address that is not trusted', () => {
  const originOf = originReader(['10.0.0.0/8', '::1', 'linklocal']);
  const of = (remoteAddress: string, forwardedFor?: string) =>
    originOf({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } } as never);
  assert.deepEqual(of('198.51.100.1', '203.0.113.1'), { client: '198.51.100.1', told: [], proxy: null });
  assert.deepEqual(of('10.0.0.1'), { client: '10.0.0.1', told: [], proxy: null });
  assert.deepEqual(of('::ffff:10.0.0.1', '203.0.113.1'), {
    client: '203.0.113.1',
    told: [],
    proxy: '10.0.0.1',
  });
  assert.deepEqual(of('::1', ' 192.0.2.9 ,203.0.113.1,, 10.0.0.2 , 10.0.0.3'), {
    ...{ client: '203.0.113.1', told: ['10.0.0.3', '10.0.0.2'], proxy: '::1' },
  });
  assert.deepEqual(of('fe80::5%eth0', '10.0.0.9'), { client: '10.0.0.9', told: [], proxy: 'fe80::5' });
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:DB8:1:2:0::1'));
  assert.equal(networkOf('::ffff:7f00:1'), '127.0.0.1');
});

test('proxies are addresses, networks or names of networks', () => {
  for (const text of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', 'loopback', '0.0.0.0/0'])
    assert.ok(isProxy(text), text);
  for (const text of [
    'true',
    '*',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'proxy',
    '1',
    'fe80::1%eth0',
    '::1/-1',
  ]) {
    assert.ok(!isProxy(text), text);
    assert.throws(() => readConfig({ 'trust-proxy': `10.0.0.1,${text}` }, {}), ConfigError, text);
  }
});
