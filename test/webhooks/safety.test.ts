import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { test } from 'node:test';
import { REJECTION_CODES } from '../../src/model/command.ts';
import { PLAIN_IMPORT, START } from '../../src/model/execution.ts';
import { isSecret, makeSecret } from '../../src/model/webhook.ts';
import { executionBody } from '../../src/model/webhook-body.ts';
import { whatIsWrong } from '../../src/webhooks/check-url.ts';
import { lookUpFor } from '../../src/webhooks/look-up.ts';
import { post, reasonOf } from '../../src/webhooks/post.ts';
import { isPublicAddress } from '../../src/webhooks/public-address.ts';
import { signatureHeaders } from '../../src/webhooks/sign.ts';

test('a signature is that of the specification', () => {
  // the example that its libraries are tested with
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    at: 1_614_265_330_999,
    body: '{"test": 2432232314}',
  };
  const headers = signatureHeaders(message, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
  assert.deepEqual(headers, {
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a secret is whsec_ and 24 to 64 bytes in base64', () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
  for (const right of [makeSecret(), of(24), of(64)]) assert.ok(isSecret(right));
  for (const wrong of [of(23), of(65), of(24).slice(6), `${of(24)}\n`, `${of(25).slice(0, -1)}`, 'whsec_ä'])
    assert.ok(!isSecret(wrong), wrong);
});

const PUBLIC = [
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '2a00:1450::1',
  '168.63.129.15',
  '168.63.129.17',
  '199.36.153.12',
];
const NOT_PUBLIC = [
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1'],
  ...['172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1'],
  ...[
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
  ],
  ...[
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
  ],
  // of clouds
  ...['168.63.129.16', '::ffff:168.63.129.16', '::ffff:a83f:8110', '64:ff9b::a83f:8110', '2002:a83f:8110::1'],
  ...[
    '100.100.100.200',
    '192.0.0.192',
    '161.26.0.10',
    '166.9.1.1',
    '199.36.153.8',
    'fd00:ec2::254',
    'fd20:ce::254',
  ],
  ...['fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'ff02::1', 'not an address', ''],
];

test('addresses of the public internet are told from all others', () => {
  for (const address of PUBLIC) assert.ok(isPublicAddress(address), address);
  for (const address of NOT_PUBLIC) assert.ok(!isPublicAddress(address), address);
});

test('a URL leads to https and a public address, in whichever way it is written', () => {
  const right = [
    'https://example.com',
    'https://example.com:8443/a?b=c',
    'https://8.8.8.8/',
    'https://[2606:4700::1]/',
  ];
  for (const url of right) assert.equal(whatIsWrong(url, 'PUBLIC'), null);
  for (const [url, expected] of [
    ['http://example.com/', /of https, got one of http$/],
    ['ftp://example.com/', /got one of ftp$/],
    ['file:///etc/passwd', /got one of file$/],
    ['/relative', /absolute URL/],
    ['https://', /absolute URL/],
    ['https://user:secret@example.com/', /without user and password/],
    [`https://example.com/${'x'.repeat(2000)}`, /at most 2000 characters, got 2020/],
    ['https://localhost/', /public address/],
    ['https://a.LOCALHOST./', /public address/],
    ['https://127.1/', /public address/],
    ['https://0x7f000001/', /public address/],
    ['https://2130706433/', /public address/],
    ['https://0177.0.0.1/', /public address/],
    ['https://169.254.169.254/latest/meta-data', /public address/],
    ['https://[::1]/', /public address/],
    ['https://[::ffff:169.254.169.254]/', /public address/],
    ['https://１２７.0.0.1/', /public address/],
  ] as const) {
    const wrong = whatIsWrong(url, 'PUBLIC') ?? '';
    assert.match(wrong, expected, url);
    assert.doesNotMatch(wrong, /secret/);
  }
  assert.equal(whatIsWrong('http://127.0.0.1:1/', 'ANY'), null);
  assert.notEqual(whatIsWrong('ftp://127.0.0.1/', 'ANY'), null);
});

test('what a name leads to is checked when it is connected to', async (t) => {
  const { signal } = new AbortController();
  const lookup = lookUpFor({ reach: 'PUBLIC', nameServers: [], signal });
  // by those who connect, for each of the ways in which they ask
  for (const autoSelectFamily of [true, false]) {
    const options = { lookup, autoSelectFamily };
    const connecting = request('https://localhost/', options);
    const [fault] = await once(connecting, 'error');
    assert.equal(reasonOf(fault), 'the host is not at a public address');
  }
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  const to = (url: string) =>
    post({ url, headers: {}, body: '{}', reach: 'PUBLIC', nameServers: [], timeoutMs: 5_000, signal });
  // from a time when it was allowed
  for (const [url, expected] of [
    ['http://127.0.0.1/', 'url: expected a URL of https, got one of http'],
    ['https://127.0.0.1/', 'url: expected a public address, got one that is not'],
  ] as const)
    await assert.rejects(to(url), (fault) => reasonOf(fault) === expected);
  assert.equal(asked, 0);
});

test('a body is small whatever an execution says', () => {
  const effects = START.effects;
  const failuresByCode = Object.fromEntries(REJECTION_CODES.map((code) => [code, Number.MAX_SAFE_INTEGER]));
  const body = executionBody({
    ...{ id: '9', organisationId: '1', datamartId: '1', mimeType: 'TEXT_CSV', priority: 'LOW', userId: null },
    ...{ job: { type: 'DOCUMENT_IMPORT', documentImportId: '3' }, status: 'FAILED' },
    ...{
      creationDate: 1,
      startDate: 2,
      endDate: 3,
      cancelRequested: false,
      failure: '\u0001'.repeat(100_000),
    },
    document: { folder: 'f', fileName: 'x'.repeat(100_000), bytes: 1, sha256: '' },
    ...{
      options: PLAIN_IMPORT,
      segmentsCreated: [],
      mapping: null,
      reverts: '8',
      revertedBy: null,
      corrects: null,
      repaired: null,
      filesRemovedDate: null,
      checked: { bytes: 0, commands: 0 },
    },
    checkpoint: { ...START, failuresByCode, effects },
  });
  assert.ok(Buffer.byteLength(body) < 8_000, String(Buffer.byteLength(body)));
});
