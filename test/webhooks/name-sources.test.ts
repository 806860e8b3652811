import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig } from '../../src/config.ts';
import { addressesInHosts, isNameServer, namesToTry } from '../../src/webhooks/name-sources.ts';

const HOSTS = `# static names
127.0.0.1	localhost
::1     localhost ip6-localhost # both
10.1.2.3  Hooks.Corp.example hooks\r
10.1.2.4 hooks
  10.1.2.5   indented
#10.1.2.6 commented
not-an-address named
10.1.2.7
`;

test('a name of a hosts file has the addresses of all of its lines', () => {
  for (const [name, expected] of [
    ['localhost', ['127.0.0.1', '::1']],
    ['hooks', ['10.1.2.3', '10.1.2.4']],
    ['hooks.corp.example', ['10.1.2.3']],
    ['HOOKS.', ['10.1.2.3', '10.1.2.4']],
    ['indented', ['10.1.2.5']],
    ['hook', []],
    ['commented', []],
    ['named', []],
    ['both', []],
    ['10.1.2.7', []],
  ] as const)
    assert.deepEqual(addressesInHosts(HOSTS, name), expected, name);
  assert.deepEqual(addressesInHosts('', 'localhost'), []);
});

test('search domains are tried as resolv.conf says', () => {
  const cluster =
    'nameserver 10.0.0.10\nsearch a.svc.cluster.local svc.cluster.local.\noptions ndots:5 rotate\n';
  const below = (name: string) => [`${name}.a.svc.cluster.local`, `${name}.svc.cluster.local`];
  for (const [name, resolvConf, expected] of [
    ['hooks', '', ['hooks']],
    ['hooks.example.com', 'search corp.example', ['hooks.example.com', 'hooks.example.com.corp.example']],
    ['hooks', 'domain corp.example\r\n', ['hooks.corp.example', 'hooks']],
    ['hooks', 'search one.example\nsearch two.example', ['hooks.two.example', 'hooks']],
    ['hooks', cluster, [...below('hooks'), 'hooks']],
    ['hooks.example.com', cluster, [...below('hooks.example.com'), 'hooks.example.com']],
    ['hooks.example.com.', cluster, ['hooks.example.com']],
    ['a.b.c.d.e.f', cluster, ['a.b.c.d.e.f', ...below('a.b.c.d.e.f')]],
    ['hooks', 'search .\n#search commented.example\n; search commented.example', ['hooks']],
    ['hooks', 'search corp.example\noptions ndots:0', ['hooks', 'hooks.corp.example']],
  ] as const)
    assert.deepEqual(namesToTry(name, resolvConf), expected, `${name} of ${resolvConf}`);
});

test('a name server is an address, with or without a port', () => {
  for (const right of ['10.0.0.53', '10.0.0.53:5353', 'fd00::53', '[fd00::53]:65535'])
    assert.ok(isNameServer(right), right);
  // Node ends the process for some of them
  const wrong = ['', 'dns.example', '10.0.0.53:', '10.0.0.53:0', '10.0.0.53:65536', '10.0.0.53:x'];
  wrong.push('[10.0.0.53]:53', 'fe80::1%eth0', '[fe80::1%eth0]:53', '[::1]:0', '[]:53', ':53');
  for (const text of wrong) assert.ok(!isNameServer(text), text);
  const read = (text: string) => readConfig({ 'webhook-name-servers': text }, {}).webhookNameServers;
  assert.deepEqual(read('10.0.0.53, [fd00::53]:5353'), ['10.0.0.53', '[fd00::53]:5353']);
  assert.throws(() => read('10.0.0.53,dns.example'), ConfigError);
});
