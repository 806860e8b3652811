import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createImport,
  createSegment,
  dataOf,
  executionsPath,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type Fields = Record<string, unknown> & { id: string };

const IMPORTS = '/v1/datamarts/1/document_imports';
const NEW_IMPORT = { document_type: 'USER_SEGMENT', mime_type: 'TEXT_CSV', encoding: 'UTF8', name: 'crm' };

async function runOne(service: TestService, segmentId: string, user: object): Promise<void> {
  const command = { operation: 'UPDATE', ...user, segment_id: segmentId, expiration_duration: 0 };
  const ended = await runFile(service, 'NDJSON', `${JSON.stringify(command)}\n`);
  assert.equal(ended.result.total_success, 1, JSON.stringify(ended));
}

test('creates, shows, changes, lists and deletes document imports', async (t) => {
  const service = await startService(t);
  const before = Date.now();
  const created = await dataOf<Fields>(service.call('POST', IMPORTS, { ...NEW_IMPORT, owner: 'stray' }));
  const { id, creation_ts, ...rest } = created;
  assert.deepEqual(rest, {
    datamart_id: '1',
    datafarm_key: 'DF_LOCAL',
    document_type: 'USER_SEGMENT',
    mime_type: 'TEXT_CSV',
    encoding: 'utf-8',
    name: 'crm',
    priority: 'MEDIUM',
  });
  assert.ok(Number(creation_ts) >= before);
  assert.deepEqual(await dataOf(service.call('GET', `${IMPORTS}/${id}`)), created);
  const changed = { ...created, name: 'CRM 2', priority: 'HIGH', mime_type: 'APPLICATION_X_NDJSON' };
  assert.deepEqual(await dataOf(service.call('PUT', `${IMPORTS}/${id}`, changed)), changed);
  assert.deepEqual(await dataOf(service.call('PUT', `${IMPORTS}/${id}`, {})), changed);
  const second = await dataOf<Fields>(service.call('POST', IMPORTS, { ...NEW_IMPORT, name: 'other' }));
  const ids = async (query: string) =>
    (await dataOf<Fields[]>(service.call('GET', `${IMPORTS}${query}`))).map((one) => one.id);
  assert.deepEqual(await ids(''), [second.id, id]);
  assert.deepEqual(await ids('?keywords=cRm'), [id]);
  assert.deepEqual(await dataOf(service.call('DELETE', `${IMPORTS}/${id}`)), changed);
  await missing(service.call('GET', `${IMPORTS}/${id}`));
  await missing(service.call('PUT', `${IMPORTS}/${id}`, {}));
  await missing(service.call('DELETE', `${IMPORTS}/${id}`));
});

test('refuses document imports that cannot be', async (t) => {
  const service = await startService(t);
  const post = (change: object, code: string) =>
    refused(service.call('POST', IMPORTS, { ...NEW_IMPORT, ...change }), 400, code);
  assert.match(await post({ document_type: 'USER_ACTIVITY' }, 'UNSUPPORTED_DOCUMENT_TYPE'), /USER_SEGMENT/);
  await post({ encoding: 'latin1' }, 'UNSUPPORTED_ENCODING');
  await post({ mime_type: 'text/csv' }, 'INVALID_REQUEST');
  await post({ priority: 'URGENT' }, 'INVALID_REQUEST');
  await post({ name: '' }, 'INVALID_REQUEST');
  await post({ name: 'x'.repeat(256) }, 'INVALID_REQUEST');
  await missing(service.call('POST', '/v1/datamarts/77/document_imports', NEW_IMPORT));
  assert.deepEqual(await dataOf(service.call('GET', IMPORTS)), []);
});

test('keeps the format of an import that has an execution', async (t) => {
  const service = await startService(t);
  const id = await createImport(service, { format: 'NDJSON' });
  await runFile(service, 'NDJSON', '{}\n', { documentImportId: id });
  await refused(service.call('PUT', `${IMPORTS}/${id}`, { mime_type: 'TEXT_CSV' }), 409, 'CONFLICT');
  await dataOf(service.call('PUT', `${IMPORTS}/${id}`, { mime_type: 'APPLICATION_X_NDJSON', name: 'n' }));
});

test('deletes the executions and files of an import, and keeps the memberships', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's' });
  const id = await createImport(service, { format: 'NDJSON' });
  const command = { operation: 'UPDATE', email_hash: 'h', segment_id: segmentId, expiration_duration: 0 };
  const ended = await runFile(service, 'NDJSON', JSON.stringify(command), { documentImportId: id });
  const file = `/v1/data_file/data?uri=${encodeURIComponent(ended.result.input_file_uri)}`;
  assert.equal((await service.call('GET', file)).status, 200);
  await dataOf(service.call('DELETE', `${IMPORTS}/${id}`));
  await missing(service.call('GET', file));
  assert.equal(
    (await dataOf<object[]>(service.call('GET', '/v1/datamarts/1/user_segments/email_hash=h'))).length,
    1,
  );
});

test('lists executions, newest first, by status', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const path = executionsPath({ datamartId: '1', documentImportId });
  const first = await runFile(service, 'NDJSON', '{}', { documentImportId });
  const second = await runFile(service, 'NDJSON', '{}', { documentImportId });
  const ids = async (query: string) =>
    (await dataOf<Fields[]>(service.call('GET', `${path}${query}`))).map(({ id }) => id);
  assert.deepEqual(await ids(''), [second.id, first.id]);
  assert.deepEqual(await ids('?status=SUCCEEDED,FAILED&max_results=1'), [second.id]);
  assert.deepEqual(await ids('?status=PENDING'), []);
  await refused(service.call('GET', `${path}?status=DONE`), 400, 'INVALID_REQUEST');
  await missing(service.call('GET', `${path}/777`));
  const other = await createImport(service, { format: 'NDJSON' });
  await missing(service.call('GET', `${IMPORTS}/${other}/executions/${first.id}`));
});

test('cancels what has not ended, and only that', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const path = executionsPath({ datamartId: '1', documentImportId });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const body = '{"operation":"UPDATE"}\n'.repeat(200_000);
  const running = await upload(service, { ...of, body });
  const waiting = await upload(service, { ...of, body: '{}' });
  const action = (id: string, name = 'CANCEL') =>
    service.call('POST', `${path}/${id}/action`, { action: name });
  const canceled = await dataOf<Fields>(action(waiting.id));
  assert.deepEqual([canceled.status, canceled.start_date, canceled.duration], ['CANCELED', null, 1]);
  await waitForEnd(service, running);
  assert.match(await refused(action(running.id), 409, 'CONFLICT'), /SUCCEEDED/);
  await refused(action(waiting.id), 409, 'CONFLICT');
  assert.match(await refused(action(running.id, 'STOP'), 400, 'INVALID_ACTION'), /CANCEL.*STOP/);
  await refused(service.call('POST', `${path}/${running.id}/action`, {}), 400, 'INVALID_REQUEST');
});

test('creates, shows, changes and deletes segments', async (t) => {
  const service = await startService(t);
  const body = {
    name: 'VIP',
    technical_name: 'vip',
    default_ttl: 1000,
    short_description: 'best',
    datamart_id: '1',
  };
  const created = await dataOf<Fields>(service.call('POST', '/v1/audience_segments', body));
  const { id, creation_ts, last_modified_ts, ...rest } = created;
  assert.equal(creation_ts, last_modified_ts);
  assert.deepEqual(rest, {
    ...body,
    organisation_id: '1',
    type: 'USER_LIST',
    feed_type: 'FILE_IMPORT',
    subtype: 'STANDARD',
    persisted: true,
    paused: false,
    user_points_count: 0,
    user_accounts_count: 0,
    emails_count: 0,
    user_agents_count: 0,
  });
  const path = `/v1/audience_segments/${id}`;
  assert.deepEqual(await dataOf(service.call('GET', path)), created);
  const changed = await dataOf<Fields>(
    service.call('PUT', path, { paused: true, default_ttl: 0, technical_name: '' }),
  );
  assert.deepEqual([changed.paused, changed.default_ttl, changed.technical_name], [true, null, null]);
  assert.deepEqual([changed.name, changed.short_description], ['VIP', 'best']);
  await missing(service.call('PUT', '/v1/audience_segments/77', {}));
  await missing(service.call('GET', '/v1/audience_segments/77'));
});

test('takes the owner of a segment from the query too, and refuses another organisation', async (t) => {
  const service = await startService(t);
  const post = (query: string, body: object) =>
    service.call('POST', `/v1/audience_segments${query}`, { name: 's', ...body });
  await dataOf(post('?datamart_id=1&organisation_id=1', {}));
  await missing(post('?datamart_id=1', { organisation_id: '2' }));
  await missing(post('', { datamart_id: '77' }));
  await refused(post('', {}), 400, 'INVALID_REQUEST');
});

test('keeps technical names unique among live segments', async (t) => {
  const service = await startService(t);
  const id = await createSegment(service, { name: 'a', technical_name: 'x' });
  const other = await createSegment(service, { name: 'b' });
  const body = { name: 'c', datamart_id: '1', technical_name: 'x' };
  await refused(service.call('POST', '/v1/audience_segments', body), 409, 'TECHNICAL_NAME_TAKEN');
  await refused(
    service.call('PUT', `/v1/audience_segments/${other}`, { technical_name: 'x' }),
    409,
    'TECHNICAL_NAME_TAKEN',
  );
  await dataOf(service.call('DELETE', `/v1/audience_segments/${id}`));
  await dataOf(service.call('POST', '/v1/audience_segments', body));
});

test('lists segments by every filter and order', async (t) => {
  const service = await startService(t);
  const a = await createSegment(service, { name: 'Alpha', technical_name: 'first' });
  const b = await createSegment(service, { name: 'beta', feed_type: 'TAG', persisted: false });
  const c = await createSegment(service, { name: 'gamma', type: 'USER_QUERY', subtype: 'AB' });
  await runOne(service, a, { email_hash: 'h' });
  const ids = async (query: string) =>
    (await dataOf<Fields[]>(service.call('GET', `/v1/audience_segments?${query}`)))
      .map(({ id }) => id)
      .join();
  assert.equal(await ids('datamart_id=1&organisation_id=1&order_by=name'), [a, b, c].join());
  assert.equal(await ids('order_by=-name'), [c, b, a].join());
  assert.equal(await ids('order_by=-user_points_count&max_results=1'), a);
  assert.equal(await ids('order_by=emails_count'), [b, c, a].join());
  assert.equal(await ids('technical_name=first'), a);
  assert.equal(await ids('keywords=LPH'), a);
  assert.equal(await ids('type=USER_QUERY,USER_PIXEL'), c);
  assert.equal(await ids('feed_type=FILE_IMPORT'), [a, c].join());
  assert.equal(await ids('subtype=AB'), c);
  assert.equal(await ids('persisted=false'), b);
  assert.equal(await ids('organisation_id=2'), '');
  await missing(service.call('GET', '/v1/audience_segments?datamart_id=77'));
  assert.match(
    await refused(service.call('GET', '/v1/audience_segments?order_by=size'), 400, 'INVALID_REQUEST'),
    /user_points_count.*"size"/,
  );
});

test('finds a user by every identifier, on both families of paths', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's', technical_name: 'vip' });
  const account = 'a/b,c:d ü';
  await runOne(service, segmentId, { user_account_id: account });
  await runOne(service, segmentId, { email_hash: 'h==' });
  await runOne(service, segmentId, { user_agent_id: 'vec:1' });
  const encoded = encodeURIComponent(account);
  const selectors = [
    `user_account_id=${encoded}`,
    `compartment_id=1,user_account_id=${encoded}`,
    `compartment_id=1/user_account_id=${encoded}`,
    'email_hash=h==',
    'email_hash=h%3D%3D',
    'user_agent_id=vec:1',
  ];
  for (const selector of selectors) {
    for (const path of [`user_segments/${selector}`, `user_points/${selector}/user_segments`]) {
      const [membership] = await dataOf<Fields[]>(
        service.call('GET', `/v1/datamarts/1/${path}?max_results=10`),
      );
      assert.deepEqual(
        [
          membership?.segment_id,
          membership?.segment_technical_name,
          membership?.segment_name,
          membership?.expiration_ts,
          membership?.data_bag,
        ],
        [segmentId, 'vip', 's', null, null],
      );
    }
    for (const path of [`user_identifiers/${selector}`, `user_points/${selector}/user_identifiers`]) {
      const [point, identifier] = await dataOf<Fields[]>(service.call('GET', `/v1/datamarts/1/${path}`));
      assert.equal(point?.type, 'USER_POINT');
      assert.equal(point?.creation_ts, identifier?.creation_ts);
      const byId = service.call(
        'GET',
        `/v1/datamarts/1/user_identifiers/user_point_id=${point?.user_point_id}`,
      );
      assert.deepEqual(await dataOf(byId), [point, identifier]);
      await dataOf(service.call('GET', `/v1/datamarts/1/user_points/${point?.user_point_id}/user_segments`));
    }
  }
  const identifiers = await dataOf<Fields[]>(
    service.call('GET', `/v1/datamarts/1/user_identifiers/user_account_id=${encoded}`),
  );
  assert.equal(identifiers[1]?.user_account_id, account);
  assert.equal(identifiers[1]?.compartment_id, '1');
});

test('answers 404 for an unknown user and 400 for what is no selector', async (t) => {
  const service = await startService(t);
  const base = '/v1/datamarts/1/user_segments';
  for (const selector of [
    'email_hash=nobody',
    'compartment_id=77,user_account_id=a',
    'c430bfb1-34e1-8ca5-9a60-cda030047e3d',
  ]) {
    await missing(service.call('GET', `${base}/${selector}`));
  }
  for (const selector of [
    'nobody',
    'email_hash=',
    'name=x',
    'compartment_id=x,user_account_id=a',
    'email_hash=%FF',
  ]) {
    const { status, json } = await service.call('GET', `${base}/${selector}`);
    assert.equal(status, 400, selector);
    assert.match((json as { error_code: string }).error_code, /INVALID_(SELECTOR|REQUEST)/);
  }
});

test('creates, shows, changes and lists datamarts, each with a default compartment', async (t) => {
  const service = await startService(t);
  const created = await dataOf<Fields>(
    service.call('POST', '/v1/datamarts', { name: 'd', token: 'd-token', time_zone: 'Europe/Paris' }),
  );
  assert.deepEqual(
    [created.type, created.organisation_id, created.archived, created.token],
    ['DATAMART', '1', false, 'd-token'],
  );
  const path = `/v1/datamarts/${created.id}`;
  const changed = await dataOf<Fields>(service.call('PUT', path, { name: 'D', archived: 'true' }));
  assert.deepEqual(changed, { ...created, name: 'D', archived: true });
  assert.deepEqual(await dataOf(service.call('GET', path)), changed);
  assert.equal((await dataOf<Fields[]>(service.call('GET', '/v1/datamarts'))).length, 2);
  const [selection] = await dataOf<Fields[]>(service.call('GET', `${path}/compartments`));
  assert.equal(selection?.default, true);
  await refused(service.call('POST', '/v1/datamarts', { name: 'd', token: 'd-token' }), 409, 'CONFLICT');
  await refused(
    service.call('POST', '/v1/datamarts', { name: 'd', time_zone: 'Mars' }),
    400,
    'INVALID_REQUEST',
  );
  await missing(service.call('POST', '/v1/datamarts', { name: 'd', organisation_id: '77' }));
  await missing(service.call('POST', '/v1/datamarts', { name: 'd', compartment_id: '77' }));
});

test('creates compartments and selects them in datamarts', async (t) => {
  const service = await startService(t);
  const compartments = '/v1/user_account_compartments';
  const created = await dataOf<Fields>(service.call('POST', compartments, { name: 'loyalty', token: 'loy' }));
  assert.deepEqual(created, {
    id: created.id,
    organisation_id: '1',
    name: 'loyalty',
    token: 'loy',
    archived: false,
  });
  assert.deepEqual(await dataOf(service.call('GET', `${compartments}/${created.id}`)), created);
  assert.equal((await dataOf<Fields[]>(service.call('GET', `${compartments}?organisation_id=1`))).length, 2);
  const renamed = await dataOf<Fields>(
    service.call('PUT', `${compartments}/${created.id}`, { name: 'Loyalty' }),
  );
  assert.equal(renamed.name, 'Loyalty');
  await refused(service.call('POST', compartments, { name: 'x', token: 'loy' }), 409, 'CONFLICT');
  await missing(service.call('GET', `${compartments}/77`));
  await missing(service.call('PUT', `${compartments}/77`, {}));

  const selections = '/v1/datamarts/1/compartments';
  const selected = await dataOf<Fields>(
    service.call('POST', selections, { compartment_id: Number(created.id) }),
  );
  const { id, ...rest } = selected;
  assert.deepEqual(rest, {
    datamart_id: '1',
    compartment_id: created.id,
    default: false,
    token: 'loy',
    name: 'Loyalty',
  });
  const now = await dataOf<Fields>(service.call('PUT', `${selections}/${id}`, { default: true }));
  assert.equal(now.default, true);
  const listed = await dataOf<Fields[]>(service.call('GET', '/v1/datamarts/1/user_account_compartments'));
  assert.deepEqual(listed, await dataOf(service.call('GET', selections)));
  assert.deepEqual(
    listed.filter((one) => one.default).map((one) => one.id),
    [id],
  );
  await refused(service.call('PUT', `${selections}/${id}`, { default: false }), 409, 'CONFLICT');
  await dataOf(service.call('PUT', selections, { compartment_id: '1', default: true }));
  await missing(service.call('POST', selections, { compartment_id: '77' }));
  await missing(service.call('PUT', `${selections}/77`, { default: true }));
});
