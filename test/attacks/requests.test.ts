import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, dataOf } from '../client.ts';
import { missing, refused } from '../http/refusals.ts';
import { exchange } from '../raw-socket.ts';
import { createTarget } from './target.ts';

test('URLs and headers that are too long, or too many, are refused', async (t) => {
  const { service, assertUnharmed } = await createTarget(t);
  const head = `authorization: ${service.token}\r\nhost: x\r\n`;
  const many = (count: number) => Array.from({ length: count }, (_, i) => `x${i}: 1\r\n`).join('');
  for (const [request, status] of [
    [`GET /v1/${'a'.repeat(100_000)} HTTP/1.1\r\n${head}\r\n`, 431],
    [`GET /v1/datamarts HTTP/1.1\r\n${head}x: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
    [`GET /v1/datamarts HTTP/1.1\r\n${head}${many(5_000)}\r\n`, 431],
    [`GET /v1/${'a'.repeat(15_000)} HTTP/1.1\r\n${head}\r\n`, 404],
    [`GET /v1/datamarts/${'1'.repeat(15_000)} HTTP/1.1\r\n${head}\r\n`, 400],
    [`GET /v1/audience_segments?${'a=1&'.repeat(3_500)} HTTP/1.1\r\n${head}\r\n`, 200],
    // Node leaves headers out beyond a number; a token among them is then not there.
    [
      `GET /v1/datamarts HTTP/1.1\r\nhost: x\r\n${'x: 1\r\n'.repeat(2_000)}authorization: ${service.token}\r\n\r\n`,
      401,
    ],
  ] as const) {
    const { statuses } = await exchange(service, request, 300);
    assert.deepEqual(statuses, [status], request.slice(0, 80));
  }
  await assertUnharmed();
});

test('a request without Host, or with an expectation that nobody knows, is refused like any other', async (t) => {
  const { service } = await createTarget(t);
  const token = `authorization: ${service.token}\r\n`;
  const hostless = await exchange(service, `GET /v1/datamarts HTTP/1.1\r\n${token}\r\n`, 300);
  assert.deepEqual(hostless.statuses, [400]);
  assert.match(hostless.text, /"error_code":"INVALID_REQUEST"/);
  const expecting = `GET /v1/datamarts HTTP/1.1\r\nhost: x\r\n${token}expect: 200-ok\r\n\r\n`;
  const answer = await exchange(service, expecting, 300);
  assert.deepEqual(answer.statuses, [417]);
  assert.match(answer.text, /"error_code":"EXPECTATION_FAILED"/);
});

test('the method is the one of the request line, whatever headers and parameters say', async (t) => {
  const { service, segmentId, assertUnharmed } = await createTarget(t);
  const override = {
    'x-http-method-override': 'DELETE',
    'x-http-method': 'DELETE',
    'x-method-override': 'DELETE',
  };
  const path = `/v1/audience_segments/${segmentId}`;
  assert.equal((await service.call('GET', `${path}?_method=DELETE`, undefined, override)).status, 200);
  await refused(service.call('POST', path, {}, override), 405, 'METHOD_NOT_ALLOWED');
  for (const method of ['TRACE', 'PROPFIND', 'SEARCH']) {
    const head = `authorization: ${service.token}\r\nhost: x\r\n`;
    const { statuses, text } = await exchange(
      service,
      `${method} /v1/datamarts HTTP/1.1\r\n${head}\r\n`,
      300,
    );
    assert.deepEqual(statuses, [405], method);
    assert.doesNotMatch(text, /test-admin-token/, 'nothing is echoed');
  }
  assert.equal((await exchange(service, 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n')).closed, true);
  await dataOf(service.call('GET', path));
  await assertUnharmed();
});

test('a parameter that is given twice, or as an array or object, is refused', async (t) => {
  const { service, assertUnharmed } = await createTarget(t);
  for (const query of [
    'max_results=1&max_results=1000',
    'keywords=a&keywords=b',
    'datamart_id=1&datamart_id=2',
    'order_by=name&order_by=-name',
    'technical_name=a&technical_name=b',
  ]) {
    await refused(service.call('GET', `/v1/audience_segments?${query}`), 400, 'INVALID_REQUEST');
  }
  const uri = encodeURIComponent('mics://data_file/tenants/1/datamarts/1/executions/1/input');
  await refused(service.call('GET', `/v1/data_file/data?uri=${uri}&uri=${uri}`), 400, 'INVALID_REQUEST');
  await refused(service.call('GET', `/v1/data_file/data?uri[]=${uri}`), 400, 'INVALID_REQUEST');
  const strange = '__proto__=1&constructor=2&__proto__[x]=1&toString=1&keywords[a]=1';
  assert.equal((await service.call('GET', `/v1/audience_segments?${strange}`)).status, 200);
  await assertUnharmed();
});

test('pages are clamped, and the positions of pages that are beyond all are empty or refused', async (t) => {
  const { service } = await createTarget(t);
  for (const most of ['2147483647', '99999999999999999999999999', '1e300', '1e400']) {
    const { status, json } = await service.call('GET', `/v1/audience_segments?max_results=${most}`);
    assert.equal(status, 200, most);
    assert.equal((json as { max_results: number }).max_results, 1000);
  }
  const beyond = await service.call(
    'GET',
    '/v1/audience_segments?first_result=9007199254740991&max_results=1000',
  );
  assert.equal((beyond.json as { count: number }).count, 0);
  for (const query of ['first_result=-1', 'max_results=-1', 'first_result=1e18', 'max_results=NaN']) {
    await refused(service.call('GET', `/v1/audience_segments?${query}`), 400, 'INVALID_REQUEST');
  }
});

test('JSON bodies that are bombs, or change prototypes, do neither', async (t) => {
  const { service, assertUnharmed } = await createTarget(t);
  const json = { 'content-type': 'application/json' };
  const post = (body: string) => service.call('POST', '/v1/audience_segments', body, json);
  await refused(post(`{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}`), 400, 'INVALID_REQUEST');
  await refused(post('{"a":'.repeat(150_000)), 400, 'INVALID_JSON_BODY');
  await refused(post('['.repeat(1024 * 1024 + 1)), 413, 'REQUEST_TOO_LARGE');
  await refused(post(`{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`)}}`), 400, 'INVALID_REQUEST');
  const body =
    '{"datamart_id":"1","name":"p","__proto__":{"paused":true},"constructor":{"prototype":{"paused":true}}}';
  assert.equal((await dataOf<{ paused: boolean }>(post(body))).paused, false);
  assert.equal(({} as Record<string, unknown>).paused, undefined);
  await assertUnharmed();
});

test('text for SQL is text, in every field that takes one and in every filter', async (t) => {
  const { service, run, segmentId, assertUnharmed } = await createTarget(t);
  const texts = [
    "'; drop table segment; --",
    "' or '1'='1",
    '$1',
    '$1::text || $2',
    '\\',
    "\\'",
    '"quoted"',
    '%',
    '_',
    '/* */',
    '\u0430dmin',
    '\u202egnp.exe',
    '\u212a',
    'a\u0301',
    '\u00e1',
    'line\nbreak\ttab\u0001',
    '\ufeffbom',
    'x'.repeat(255),
    '\u{1f600}'.repeat(255),
  ];
  for (const text of texts) {
    const id = await createSegment(service, { name: text, technical_name: text, short_description: text });
    const shown = await dataOf<{ name: string; technical_name: string }>(
      service.call('GET', `/v1/audience_segments/${id}`),
    );
    assert.deepEqual([shown.name, shown.technical_name], [text, text]);
    const query = new URLSearchParams({ technical_name: text });
    const found = await dataOf<{ id: string }[]>(service.call('GET', `/v1/audience_segments?${query}`));
    assert.deepEqual(
      found.map((segment) => segment.id),
      [id],
      `exactly one has the technical name ${text}`,
    );
    const search = new URLSearchParams({ keywords: text, max_results: '1000' });
    const containing = await dataOf<{ id: string }[]>(service.call('GET', `/v1/audience_segments?${search}`));
    assert.ok(
      containing.some((segment) => segment.id === id),
      `found by ${text}`,
    );
    for (const [path, more] of [
      ['/v1/datamarts', { token: text }],
      ['/v1/user_account_compartments', { organisation_id: '1' }],
      ['/v1/datamarts/1/document_imports', { mime_type: 'TEXT_CSV' }],
      ['/v1/api_tokens', { role: 'reader', datamart_ids: null }],
    ] as const) {
      const created = await dataOf<{ name: string }>(service.call('POST', path, { name: text, ...more }));
      assert.equal(created.name, text, path);
    }
  }
  const users = texts.filter((text) => text.trim() !== '');
  const lines = users.map((user) =>
    JSON.stringify({
      ...{ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 },
      data_bag: { text: user },
    }),
  );
  assert.equal((await run('NDJSON', lines.join('\n'))).result.user_points_created, users.length);
  for (const user of users) {
    const path = `/v1/datamarts/1/user_segments/user_account_id=${encodeURIComponent(user)}`;
    const [membership] = await dataOf<{ data_bag: string }[]>(service.call('GET', path));
    assert.deepEqual(JSON.parse(membership?.data_bag ?? ''), { text: user });
    const identifiers = await dataOf<{ user_account_id?: string }[]>(
      service.call('GET', path.replace('user_segments', 'user_identifiers')),
    );
    assert.equal(identifiers[1]?.user_account_id, user);
  }
  await missing(
    service.call('GET', `/v1/datamarts/1/user_segments/email_hash=${encodeURIComponent("' or 1=1 --")}`),
  );
  await missing(service.call('GET', '/v1/datamarts/1 or 1=1/user_segments/email_hash=a'));
  await assertUnharmed();
});

test('U+0000 and halves of surrogate pairs are refused in bodies and queries, and fail lines', async (t) => {
  const { service, run, segmentId, assertUnharmed } = await createTarget(t);
  const json = { 'content-type': 'application/json' };
  for (const bad of ['a\\u0000b', '\\ud800', '\\udc00\\ud800', 'x\\udfff']) {
    for (const [path, more] of [
      ['/v1/audience_segments', '"datamart_id":"1"'],
      ['/v1/datamarts', '"x":1'],
      ['/v1/user_account_compartments', '"organisation_id":"1"'],
      ['/v1/datamarts/1/document_imports', '"mime_type":"TEXT_CSV"'],
      ['/v1/api_tokens', '"role":"reader","datamart_ids":null'],
    ] as const) {
      const body = `{"name":"${bad}",${more}}`;
      await refused(service.call('POST', path, body, json), 400, 'INVALID_REQUEST');
    }
    const line = `{"operation":"UPDATE","user_account_id":"${bad}","segment_id":"${segmentId}","expiration_duration":0}`;
    const { result } = await run('NDJSON', line);
    assert.deepEqual({ ...result.failures_by_code }, { INVALID_ENCODING: 1 });
  }
  for (const query of ['keywords=%00', 'technical_name=a%00b'])
    await refused(service.call('GET', `/v1/audience_segments?${query}`), 400, 'INVALID_REQUEST');
  for (const path of ['user_account_id=%ED%A0%80', 'user_account_id=%ff'])
    await refused(service.call('GET', `/v1/datamarts/1/user_segments/${path}`), 400, 'INVALID_REQUEST');
  await missing(service.call('GET', '/v1/datamarts/1/user_segments/user_account_id=%00'));
  await assertUnharmed();
});
