import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { createSegment, dataOf, runFile, runs } from '../client.ts';
import { startService, type TestService } from '../helper.ts';

const ACCOUNTS = ['a', 'a b', 'é', 'a/b,c', 'a%b', 'x=1', '01', '+', 'sem;i', '#', 'user_segments/a'];
const HASHES = ['abc', 'YQ=='];

/** Counts the requests that come as far as a handler of the framework. */
function countHandled(t: TestContext): { count: number } {
  const handled = { count: 0 };
  const note = () => {
    handled.count++;
  };
  diagnostics.subscribe('tracing:fastify.request.handler:start', note);
  t.after(() => diagnostics.unsubscribe('tracing:fastify.request.handler:start', note));
  return handled;
}

async function startWithUsers(t: TestContext): Promise<TestService> {
  const service = await startService(t);
  const segments = [
    await createSegment(service, { name: 'One "é"', technical_name: 'one' }),
    await createSegment(service, { name: 'Two' }),
  ];
  const lines = [
    ...ACCOUNTS.map((user_account_id) => ({ user_account_id })),
    ...HASHES.map((email_hash) => ({ email_hash })),
    { user_agent_id: 'vec:1' },
  ].flatMap((user, at) =>
    segments.slice(at % 2).map((segment_id) =>
      JSON.stringify({
        ...{ operation: 'UPDATE', segment_id, expiration_duration: at % 3 === 0 ? 0 : 60 },
        ...user,
        ...(at % 2 === 0 ? { data_bag: { n: at, text: 'é "quoted"\n' } } : {}),
      }),
    ),
  );
  await runFile(service, 'NDJSON', `${lines.join('\n')}\n`);
  return service;
}

/** A second datamart, which the user `a` is known in as well. */
async function addDatamart(service: TestService): Promise<void> {
  const made = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'second' }));
  assert.equal(made.id, '2');
  const segment = await createSegment(service, { name: 'elsewhere', datamart_id: made.id });
  const line = JSON.stringify({
    ...{ operation: 'UPDATE', user_account_id: 'a', segment_id: segment, expiration_duration: 0 },
  });
  await runFile(service, 'NDJSON', `${line}\n`, { datamartId: made.id });
}

type Raw = { readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly text: string };

/** Asks with the path as it is: `fetch` would change some of them. */
function ask(
  service: TestService,
  of: { path: string; token?: string; headers?: http.OutgoingHttpHeaders; method?: string },
): Promise<Raw> {
  const { port } = new URL(service.baseUrl);
  const headers = { authorization: of.token ?? service.token, ...of.headers };
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path: of.path, method: of.method ?? 'GET', headers },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    request.on('error', reject).end();
  });
}

/** An answer without what another request cannot have. */
function comparable({ status, headers, text }: Raw) {
  const { date: _date, 'content-length': _length, 'x-request-id': id, ...rest } = headers;
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  return { status, headers: rest, text: text.replace(String(id), 'ID').replace('?first_result=0', '') };
}

const encodings: readonly ((value: string) => string)[] = [
  encodeURIComponent,
  (value) => encodeURIComponent(value).replace(/%2F/g, '/').replace(/%2C/g, ',').replace(/%3D/g, '='),
  (value) => encodeURIComponent(value).toLowerCase(),
  (value) => [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
];
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ACCOUNTS) },
  { weight: 2, arbitrary: fc.constantFrom(...HASHES, 'vec:1', '') },
  { weight: 1, arbitrary: fc.string({ maxLength: 600 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }).filter((text) => text.isWellFormed()) },
);
const selector = fc
  .tuple(
    fc.constantFrom('user_account_id=', 'email_hash=', 'user_agent_id=', 'user_point_id=', '', 'name='),
    fc.constantFrom('', 'compartment_id=1,', 'compartment_id=1/', 'compartment_id=9,', 'compartment_id=x,'),
    value,
    fc.constantFrom(...encodings),
    fc.constantFrom('', '', '', '%', '%ff', ',compartment_id=1', '/user_segments'),
  )
  .map(([name, compartment, text, encode, tail]) => `${compartment}${name}${encode(text)}${tail}`);
const path = fc
  .tuple(fc.constantFrom('1', '1', '1', '2', '99', '01', 'x'), selector, fc.constantFrom(0, 1, 2))
  .map(([datamart, text, family]) => {
    const paths = [`user_segments/${text}`, `user_points/${text}/user_segments`, `user_points/${text}`];
    return `/v1/datamarts/${datamart}/${paths[family]}`;
  });

test('what is answered without the framework is what its route answers, byte for byte', async (t) => {
  const service = await startWithUsers(t);
  const body = { name: 'of 1', role: 'reader', datamart_ids: ['1'] };
  const { value: token } = await dataOf<{ value: string }>(service.call('POST', '/v1/api_tokens', body));
  await addDatamart(service);
  await fc.assert(
    fc.asyncProperty(path, fc.constantFrom(service.token, token), async (path, token) => {
      const immediate = await ask(service, { path, token });
      const byRoute = await ask(service, { path: `${path}?first_result=0`, token });
      assert.deepEqual(comparable(immediate), comparable(byRoute), path);
    }),
    { numRuns: runs(200) },
  );
  const elsewhere = '/v1/datamarts/2/user_segments/user_account_id=a';
  assert.equal((await ask(service, { path: elsewhere })).status, 200);
  // the token is one that was right lately
  await ask(service, { path: elsewhere.replace('/2/', '/1/'), token });
  assert.equal((await ask(service, { path: elsewhere, token })).status, 404);
  const wrong = '/v1/datamarts/1/user_segments/user_account_id=a';
  const refusals = [await ask(service, { path: wrong, token: 'wrong' })];
  refusals.push(await ask(service, { path: `${wrong}?first_result=0`, token: 'wrong' }));
  assert.deepEqual(
    refusals.map(({ status }) => status),
    [401, 401],
  );
});

test('usual look-ups do not come as far as the framework, unusual ones do', async (t) => {
  const service = await startWithUsers(t);
  const known = '/v1/datamarts/1/user_segments/user_account_id=a';
  // the token is looked up once, and the small records are read
  await ask(service, { path: known });
  const handled = countHandled(t);
  for (const path of [
    known,
    '/v1/datamarts/1/user_points/user_account_id=a/user_segments',
    '/v1/datamarts/1/user_segments/compartment_id=1,user_account_id=a',
    '/v1/datamarts/1/user_segments/email_hash=YQ==',
    '/v1/datamarts/1/user_segments/user_account_id=nobody',
  ])
    await ask(service, { path });
  assert.equal(handled.count, 0);

  const unusual = [
    { path: `${known}?segment_ids=1` },
    { path: known, method: 'HEAD' },
    { path: known, headers: { origin: 'https://elsewhere.example' } },
    { path: known, headers: { 'content-length': '0' } },
    { path: '/v1/datamarts/1/user_identifiers/user_account_id=a' },
  ];
  for (const each of unusual) assert.equal((await ask(service, each)).status, 200, JSON.stringify(each));
  assert.equal(handled.count, unusual.length);
});

test('a long list of memberships is cut to its first page, and long data bags are left to the route', async (t) => {
  const service = await startService(t);
  const segments = [];
  for (let i = 0; i < 60; i++) segments.push(await createSegment(service, { name: `s${i}` }));
  const line = (user: string, segment_id: string, text: string) =>
    JSON.stringify({
      ...{ operation: 'UPDATE', user_account_id: user, segment_id, expiration_duration: 0 },
      data_bag: { text },
    });
  const lines = segments.map((segment) => line('many', segment, ''));
  await runFile(
    service,
    'NDJSON',
    `${[...lines, line('long', segments[0] ?? '', 'x'.repeat(20_000))].join('\n')}\n`,
  );
  await ask(service, { path: '/v1/datamarts/1/user_segments/user_account_id=many' });
  const handled = countHandled(t);
  for (const user of ['many', 'long']) {
    const path = `/v1/datamarts/1/user_segments/user_account_id=${user}`;
    const before = handled.count;
    const immediate = await ask(service, { path });
    assert.equal(handled.count - before, user === 'long' ? 1 : 0, user);
    const byRoute = await ask(service, { path: `${path}?first_result=0` });
    assert.equal(immediate.status, 200);
    assert.deepEqual(comparable(immediate), comparable(byRoute));
  }
});

test('look-ups are counted and timed the same, whoever answers them', async (t) => {
  const service = await startWithUsers(t);
  const counted = async (status: number) => {
    const { text } = await service.call('GET', '/metrics');
    const route = '/v1/datamarts/:datamartId/user_segments/\\*';
    const requests = new RegExp(
      `^muster_http_request_duration_seconds_count\\{method="GET",route="${route}",status="${status}"\\} (\\d+)$`,
      'm',
    );
    const timed = /^muster_lookup_duration_seconds_count\{of="memberships"\} (\d+)$/m;
    return [Number(requests.exec(text)?.[1] ?? 0), Number(timed.exec(text)?.[1] ?? 0)];
  };
  for (const [user, status] of [
    ['a', 200],
    ['nobody', 404],
  ] as const) {
    const path = `/v1/datamarts/1/user_segments/user_account_id=${user}`;
    await ask(service, { path });
    const [requests = 0, timed = 0] = await counted(status);
    await ask(service, { path });
    await ask(service, { path: `${path}?first_result=0` });
    assert.deepEqual(await counted(status), [requests + 2, timed + 2], user);
  }
});

test('what was removed is not told of by the short way either: a segment, a user, a token', async (t) => {
  const service = await startWithUsers(t);
  const path = '/v1/datamarts/1/user_segments/user_account_id=a';
  const body = { name: 'reader', role: 'reader', datamart_ids: ['1'] };
  const reader = await dataOf<{ id: string; value: string }>(service.call('POST', '/v1/api_tokens', body));
  const segmentsOf = async () => {
    const { status, text } = await ask(service, { path, token: reader.value });
    if (status !== 200) return status;
    return (JSON.parse(text) as { data: { segment_id: string }[] }).data.map(({ segment_id }) => segment_id);
  };
  const [first = '', second = ''] = (await segmentsOf()) as readonly string[];
  const handled = countHandled(t);
  assert.deepEqual(await segmentsOf(), [first, second]);
  assert.equal(handled.count, 0, 'that was the short way');
  assert.equal((await service.call('DELETE', `/v1/audience_segments/${first}`)).status, 200);
  assert.deepEqual(await segmentsOf(), [second]);
  const erased = await service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=a');
  assert.equal(erased.status, 200, erased.text);
  assert.equal(await segmentsOf(), 404);
  assert.equal((await service.call('DELETE', `/v1/api_tokens/${reader.id}`)).status, 200);
  assert.equal(await segmentsOf(), 401);
});

test('a look-up that comes while the service stops is refused as any request', async (t) => {
  const service = await startWithUsers(t);
  const path = '/v1/datamarts/1/user_segments/user_account_id=a';
  await ask(service, { path });
  const port = Number(new URL(service.baseUrl).port);
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  // a request that has begun keeps its connection
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${service.token}\r\n`);
  const other = { path: '/health/live' };
  assert.equal((await ask(service, other)).status, 200);
  const stopped = service.stop();
  const isRefused = () =>
    ask(service, other).then(
      ({ status }) => status === 503,
      () => true,
    );
  while (!(await isRefused())) await setImmediate();
  socket.write('\r\n');
  let answer = '';
  for await (const piece of socket) answer += String(piece);
  assert.match(answer, /^HTTP\/1\.1 503 [\s\S]*SHUTTING_DOWN/);
  await stopped;
});
