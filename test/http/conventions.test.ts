import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf, createImport, createSegment, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type Token = { id: string; name: string; role: string; datamart_ids: string[] | null; value: string };

test('takes the token raw, after api: and after Bearer', async (t) => {
  const service = await startService(t);
  for (const authorization of [
    service.token,
    `api:${service.token}`,
    `Bearer ${service.token}`,
    `bearer  ${service.token}`,
  ]) {
    const answer = await fetch(`${service.baseUrl}/v1/datamarts`, { headers: { authorization } });
    assert.equal(answer.status, 200, authorization);
  }
});

test('answers 401 without a token, with a wrong one, and with one in the URL', async (t) => {
  const service = await startService(t);
  for (const authorization of ['', 'wrong', 'Bearer', 'api:', 'Basic x', `${service.token}x`]) {
    await refused(service.call('GET', '/v1/datamarts', undefined, { authorization }), 401, 'UNAUTHORIZED');
  }
  const answer = await fetch(`${service.baseUrl}/v1/datamarts?access_token=${service.token}`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
});

test('lets each role do what it may, and no more', async (t) => {
  const service = await startService(t);
  const importId = await createImport(service, { format: 'NDJSON' });
  const as = async (role: string) => {
    const token = await dataOf<Token>(
      service.call('POST', '/v1/api_tokens', { name: role, role, datamart_ids: null }),
    );
    return clientOf(service.baseUrl, token.value);
  };
  const [reader, editor] = [await as('reader'), await as('editor')];
  await dataOf(reader.call('GET', '/v1/audience_segments'));
  const segment = { datamart_id: '1', name: 's' };
  await refused(reader.call('POST', '/v1/audience_segments', segment), 403, 'FORBIDDEN');
  const path = `/v1/datamarts/1/document_imports/${importId}`;
  const upload = { 'content-type': 'application/x-ndjson' };
  await refused(reader.call('POST', `${path}/executions`, '{}', upload), 403, 'FORBIDDEN');
  await refused(reader.call('DELETE', path), 403, 'FORBIDDEN');
  await dataOf(editor.call('POST', '/v1/audience_segments', segment));
  await refused(editor.call('POST', '/v1/datamarts', { name: 'd' }), 403, 'FORBIDDEN');
  await refused(editor.call('GET', '/v1/api_tokens'), 403, 'FORBIDDEN');
  await refused(editor.call('POST', '/v1/user_account_compartments', { name: 'c' }), 403, 'FORBIDDEN');
});

test('hides the datamarts a token may not see', async (t) => {
  const service = await startService(t);
  const datamart = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  const importId = await createImport(service, { format: 'NDJSON' });
  const segmentId = await createSegment(service, { name: 'hidden' });
  const body = { name: 'n', role: 'admin', datamart_ids: [datamart.id] };
  const { value } = await dataOf<Token>(service.call('POST', '/v1/api_tokens', body));
  const client = clientOf(service.baseUrl, value);
  await dataOf(client.call('GET', `/v1/datamarts/${datamart.id}`));
  const listed = await dataOf<{ id: string }[]>(client.call('GET', '/v1/datamarts'));
  assert.deepEqual(
    listed.map(({ id }) => id),
    [datamart.id],
  );
  assert.deepEqual(await dataOf(client.call('GET', '/v1/audience_segments')), []);
  await missing(client.call('GET', '/v1/datamarts/1'));
  await missing(client.call('GET', `/v1/datamarts/1/document_imports/${importId}`));
  await missing(client.call('GET', `/v1/datamarts/${datamart.id}/document_imports/${importId}`));
  await missing(client.call('GET', `/v1/audience_segments/${segmentId}`));
  await missing(client.call('GET', '/v1/audience_segments?datamart_id=1'));
  await missing(client.call('POST', '/v1/audience_segments', { datamart_id: '1', name: 'x' }));
  await missing(client.call('GET', '/v1/datamarts/1/user_segments/email_hash=a'));
  await refused(client.call('GET', '/v1/api_tokens'), 403, 'FORBIDDEN');
  await refused(client.call('POST', '/v1/datamarts', { name: 'x' }), 403, 'FORBIDDEN');
});

test('a token stops working at once when it is deleted, and when it expires', async (t) => {
  const service = await startService(t);
  const create = (body: object) =>
    dataOf<Token>(
      service.call('POST', '/v1/api_tokens', { name: 'n', role: 'reader', datamart_ids: null, ...body }),
    );
  const gone = await create({});
  const expiry = Date.now() + 2_000;
  const brief = await create({ expiration_date: expiry });
  for (const { value } of [gone, brief])
    await dataOf(clientOf(service.baseUrl, value).call('GET', '/v1/datamarts'));
  const removed = await dataOf<Token>(service.call('DELETE', `/v1/api_tokens/${gone.id}`));
  assert.equal(removed.id, gone.id);
  assert.ok(!('value' in removed));
  await refused(clientOf(service.baseUrl, gone.value).call('GET', '/v1/datamarts'), 401, 'UNAUTHORIZED');
  await sleep(expiry - Date.now() + 20);
  await refused(clientOf(service.baseUrl, brief.value).call('GET', '/v1/datamarts'), 401, 'UNAUTHORIZED');
});

test('lists tokens without values, with their last use', async (t) => {
  const service = await startService(t);
  const { value } = await dataOf<Token>(
    service.call('POST', '/v1/api_tokens', { name: 'n', role: 'editor', datamart_ids: [1] }),
  );
  assert.match(value, /^muster_[A-Za-z0-9_-]{43}$/);
  await dataOf(clientOf(service.baseUrl, value).call('GET', '/v1/datamarts'));
  await sleep(100);
  const tokens = await dataOf<Record<string, unknown>[]>(service.call('GET', '/v1/api_tokens'));
  const token = tokens.find(({ name }) => name === 'n');
  assert.deepEqual(token?.datamart_ids, ['1']);
  assert.equal(token?.expiration_date, null);
  assert.equal(typeof token?.last_used_date, 'number');
  assert.ok(!JSON.stringify(tokens).includes('value'));
  for (const body of [
    { name: 'x', datamart_ids: null },
    { name: 'x', role: 'owner', datamart_ids: null },
    { role: 'admin', datamart_ids: null },
    { name: 'x', role: 'admin', datamart_ids: ['77'] },
    { name: 'x', role: 'admin', datamart_ids: [] },
    { name: 'x', role: 'admin', datamart_ids: null, expiration_date: 1 },
  ]) {
    await refused(service.call('POST', '/v1/api_tokens', body), 400, 'INVALID_REQUEST');
  }
  await missing(service.call('DELETE', '/v1/api_tokens/777'));
});

test('pages lists, clamps a large page and refuses a negative one', async (t) => {
  const service = await startService(t);
  for (const name of ['a', 'b', 'c']) await createSegment(service, { name });
  const { json } = await service.call(
    'GET',
    '/v1/audience_segments?first_result=1&max_results=1&order_by=name',
  );
  const { data, ...page } = json as { data: { name: string }[] };
  assert.deepEqual(page, { status: 'ok', count: 1, first_result: 1, max_results: 1, total: 3 });
  assert.equal(data[0]?.name, 'b');
  const large = await service.call('GET', '/v1/audience_segments?max_results=2147483647');
  assert.equal((large.json as { max_results: number }).max_results, 1000);
  const none = await service.call('GET', '/v1/audience_segments');
  assert.equal((none.json as { max_results: number }).max_results, 50);
  for (const query of [
    'first_result=-1',
    'max_results=-1',
    'max_results=ten',
    'first_result=1.5',
    'first_result=1e300',
  ]) {
    const text = await refused(service.call('GET', `/v1/audience_segments?${query}`), 400, 'INVALID_REQUEST');
    assert.match(text, /(first|max)_result.*got/);
  }
});

test('takes numbers as ids, "true" as a boolean, "" as absent, and ignores unknown fields', async (t) => {
  const service = await startService(t);
  const body = {
    datamart_id: 1,
    organisation_id: 1,
    name: 's',
    technical_name: '',
    persisted: 'false',
    paused: 'true',
    feed_type: '',
    stray: { x: 1 },
  };
  const segment = await dataOf<Record<string, unknown>>(service.call('POST', '/v1/audience_segments', body));
  assert.equal(segment.datamart_id, '1');
  assert.equal(segment.technical_name, null);
  assert.equal(segment.persisted, false);
  assert.equal(segment.paused, true);
  assert.equal(segment.feed_type, 'FILE_IMPORT');
  assert.ok(!('stray' in segment));
});

test('says what was expected and what came', async (t) => {
  const service = await startService(t);
  const post = (body: unknown) =>
    refused(service.call('POST', '/v1/audience_segments', body), 400, 'INVALID_REQUEST');
  assert.equal(await post([1]), 'the body must be an object, got [1]');
  assert.equal(await post({ datamart_id: '1' }), 'name is required');
  assert.equal(await post({ name: 'x' }), 'datamart_id is required');
  assert.equal(
    await post({ datamart_id: '1', name: 'x', default_ttl: '7d' }),
    'default_ttl must be a whole number or null, got "7d"',
  );
  assert.match(
    await post({ datamart_id: '1', name: 'x', type: 'LIST' }),
    /^type must be one of USER_LIST, .*, got "LIST"$/,
  );
  assert.match(
    await post({ datamart_id: 'x', name: 'x' }),
    /^datamart_id must be an id: a decimal number, got "x"$/,
  );
  assert.match(await post([1]), /object.*got \[1\]/);
  assert.match(await post({ datamart_id: '1', name: 'x'.repeat(256) }), /^name .*255/);
});

test('refuses broken JSON, another media type, a huge body and huge headers', async (t) => {
  const service = await startService(t);
  const path = '/v1/audience_segments';
  const type = { 'content-type': 'application/json' };
  await refused(service.call('POST', path, '{"name":', type), 400, 'INVALID_JSON_BODY');
  await refused(service.call('POST', path, '', type), 400, 'INVALID_REQUEST');
  await refused(
    service.call('POST', path, 'name=x', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  );
  await refused(
    service.call('POST', path, '{}', { 'content-type': 'text/plain' }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  );
  await refused(
    service.call('POST', path, `{"name":"${'x'.repeat(2_000_000)}"}`, type),
    413,
    'REQUEST_TOO_LARGE',
  );
  await refused(
    service.call('GET', path, undefined, { 'x-large': 'x'.repeat(20_000) }),
    431,
    'HEADERS_TOO_LARGE',
  );
  const { total } = (await service.call('GET', path)).json as { total: number };
  assert.equal(total, 0);
});

test('answers what is no HTTP with a JSON error', async (t) => {
  const service = await startService(t);
  const { port } = new URL(service.baseUrl);
  const socket = connect(Number(port), '127.0.0.1');
  socket.end('hello\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += chunk;
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(text, /"error_code":"INVALID_REQUEST"/);
});

test('answers 404 for what is not there and 405 for what is not done', async (t) => {
  const service = await startService(t);
  for (const path of [
    '/v1/nothing',
    '/nothing',
    '/v1',
    '/v1/datamarts/77',
    '/v1/datamarts/x',
    '/v1/datamarts/01',
    '/v1/datamarts/99999999999999999999',
    '/v1/datamarts/1/document_imports/77',
    '/v1/audience_segments/x',
    '/v1/datamarts/1/user_points/email_hash=a',
    '/v1/data_file/data?uri=x',
  ]) {
    await missing(service.call('GET', path));
  }
  await refused(service.call('PATCH', '/v1/datamarts/1'), 405, 'METHOD_NOT_ALLOWED');
  await refused(service.call('GET', '/v1/datamarts/%zz'), 400, 'INVALID_REQUEST');
});

test('answers DELETE with the deleted thing, also when the request names JSON and has none', async (t) => {
  const service = await startService(t);
  const id = await createSegment(service, { name: 's' });
  const answer = service.call('DELETE', `/v1/audience_segments/${id}`, undefined, {
    'content-type': 'application/json',
  });
  assert.equal((await dataOf<{ id: string }>(answer)).id, id);
  await missing(service.call('DELETE', `/v1/audience_segments/${id}`));
});

test('says nothing to other origins unless told to', async (t) => {
  const preflight = { origin: 'https://console.example', 'access-control-request-method': 'POST' };
  const closed = await startService(t);
  assert.equal(
    (await fetch(`${closed.baseUrl}/v1/datamarts`, { method: 'OPTIONS', headers: preflight })).headers.get(
      'access-control-allow-origin',
    ),
    null,
  );
  const open = await startService(t, { corsOrigins: ['https://console.example'] });
  const answer = await fetch(`${open.baseUrl}/v1/datamarts`, { method: 'OPTIONS', headers: preflight });
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://console.example');
  for (const name of ['Authorization', 'Content-Type', 'Accept', 'X-Requested-By', 'Idempotency-Key']) {
    assert.ok(answer.headers.get('access-control-allow-headers')?.includes(name), name);
  }
  const refusal = await fetch(`${open.baseUrl}/v1/datamarts`, {
    headers: { origin: 'https://console.example' },
  });
  assert.equal(refusal.status, 401);
  assert.equal(refusal.headers.get('access-control-allow-origin'), 'https://console.example');
});
