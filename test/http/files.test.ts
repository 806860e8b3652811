import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  membershipsOf,
  runFile,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

const fileOf = (uri: string | undefined) => `/v1/data_file/data?uri=${encodeURIComponent(uri ?? '')}`;

async function runFailing(t: TestContext, fileName: string) {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
  };
  const body = '{"operation":"KEEP"}\n{"operation":1}\n';
  const path = executionsPath({ datamartId: '1', documentImportId });
  const created = await dataOf<ExecutionAnswer>(service.call('POST', path, body, headers));
  return { service, body, ended: await waitForEnd(service, created) };
}

test('gives back the input file and the error file under their names', async (t) => {
  const { service, body, ended } = await runFailing(t, 'été "1".ndjson');
  const input = await service.call('GET', fileOf(ended.result.input_file_uri));
  assert.equal(input.text, body);
  assert.equal(input.headers.get('content-type'), 'application/octet-stream');
  assert.equal(input.headers.get('content-length'), String(body.length));
  assert.match(
    input.headers.get('content-disposition') ?? '',
    /^attachment; .*filename\*=UTF-8''%C3%A9t%C3%A9%20%221%22\.ndjson$/,
  );
  const errors = await service.call('GET', fileOf(ended.result.error_file_uri));
  assert.match(errors.headers.get('content-disposition') ?? '', /errors\.ndjson$/);
  assert.deepEqual(
    errors.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).error_line),
    [1, 2],
  );
  assert.equal(ended.error?.message, '2 of 2 commands failed: INVALID_OPERATION 2');
  const head = await service.call('HEAD', fileOf(ended.result.input_file_uri));
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), String(body.length));
});

test('serves ranges of a file', async (t) => {
  const { service, body, ended } = await runFailing(t, 'x.ndjson');
  const path = fileOf(ended.result.input_file_uri);
  const part = await service.call('GET', path, undefined, { range: 'bytes=2-5' });
  assert.equal(part.status, 206);
  assert.equal(part.text, body.slice(2, 6));
  assert.equal(part.headers.get('content-range'), `bytes 2-5/${body.length}`);
  const beyond = service.call('GET', path, undefined, { range: 'bytes=9999-' });
  await refused(beyond, 416, 'RANGE_NOT_SATISFIABLE');
  assert.equal((await beyond).headers.get('content-range'), `bytes */${body.length}`);
});

test('a client that has a file is told so, and one that has a part of it goes on with that file alone', async (t) => {
  const { service, body, ended } = await runFailing(t, 'x.ndjson');
  const path = fileOf(ended.result.error_file_uri);
  const whole = await get(service, path, {});
  const etag = whole.headers.etag ?? '';
  const lastModified = whole.headers['last-modified'] ?? '';
  assert.equal((await get(service, path, { 'if-none-match': etag })).status, 304);
  assert.equal((await get(service, path, { 'if-none-match': '"other"' })).status, 200);
  assert.equal((await get(service, path, { 'if-modified-since': lastModified })).status, 304);
  assert.equal((await get(service, path, { 'if-match': etag })).status, 200);
  assert.equal((await get(service, path, { 'if-match': '"other"' })).status, 400);
  const range = 'bytes=-10';
  for (const [ifRange, status] of [
    [etag, 206],
    [lastModified, 206],
    ['"other"', 200],
    [new Date(0).toUTCString(), 200],
  ] as const)
    assert.equal((await get(service, path, { range, 'if-range': ifRange })).status, status, ifRange);
  assert.equal((await get(service, path, { range })).text, whole.text.slice(-10));
  // several ranges, and those in other units: the whole
  const input = fileOf(ended.result.input_file_uri);
  for (const other of ['bytes=0-1,5-6', 'lines=1-2']) {
    const answer = await get(service, input, { range: other });
    assert.deepEqual([answer.status, answer.text], [200, body], other);
  }
});

/** Without the `no-cache` that `fetch` adds to what is conditional. */
async function get(service: TestService, path: string, headers: OutgoingHttpHeaders) {
  const asked = request(`${service.baseUrl}${path}`, {
    headers: { authorization: service.token, ...headers },
  });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode, headers: answer.headers, text };
}

test('knows only the files of executions, by their exact names', async (t) => {
  const { service, ended } = await runFailing(t, 'x.ndjson');
  const uri = ended.result.input_file_uri;
  const others = [
    '',
    'x',
    '/etc/passwd',
    `${uri}/../errors`,
    uri.replace('/tenants/1/', '/tenants/2/'),
    uri.replace('/datamarts/1/', '/datamarts/2/'),
    uri.replace(/executions\/\d+/, 'executions/777'),
    uri.replace(/input$/, 'store.duckdb'),
  ];
  for (const other of others.slice(1)) await missing(service.call('GET', fileOf(other)));
  await refused(service.call('GET', '/v1/data_file/data'), 400, 'INVALID_REQUEST');
  await service.store.executions.markFilesRemoved(ended.id, Date.now());
  await refused(service.call('GET', fileOf(uri)), 410, 'FILE_REMOVED');
});

test('an execution without failures has no error file', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's' });
  const ended = await uploadList(service, segmentId, 'email_hash,expiration_duration\nh,0\n');
  assert.equal(ended.result.error_file_uri, undefined);
  await missing(service.call('GET', fileOf(ended.result.input_file_uri.replace(/input$/, 'errors'))));
});

const LISTS = (segmentId: string) => `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;

async function uploadList(
  service: TestService,
  segmentId: string,
  content: string,
): Promise<ExecutionAnswer> {
  const body = new FormData();
  body.append('file', new Blob([content]), 'users.tsv');
  const answer = await fetch(service.baseUrl + LISTS(segmentId), {
    method: 'POST',
    body,
    headers: { authorization: service.token },
  });
  assert.equal(answer.status, 200);
  const { data } = (await answer.json()) as { data: ExecutionAnswer };
  for (;;) {
    const latest = await dataOf<ExecutionAnswer>(service.call('GET', `${LISTS(segmentId)}/${data.id}`));
    if (latest.num_tasks !== null) return latest;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('imports a list of users into one segment', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's', default_ttl: 3_600_000 });
  const ended = await uploadList(service, segmentId, 'user_account_id\temail_hash\na\t\n\th\n\t\n');
  const view = ended as unknown as Record<string, unknown> & { result: Record<string, unknown> };
  assert.equal(view.job_type, 'USER_SEGMENT_IMPORT');
  assert.equal(view.status, 'SUCCEEDED', JSON.stringify(view));
  assert.equal(view.result.total_user_segment_imported, 2, JSON.stringify(view));
  assert.equal((await membershipsOf(service, 'email_hash=h'))?.[0]?.segment_id, segmentId);
  assert.equal((await membershipsOf(service, 'user_account_id=a'))?.[0]?.segment_id, segmentId);
});

test('refuses a list for a segment that takes none, or with the wrong columns', async (t) => {
  const service = await startService(t);
  const csv = { 'content-type': 'text/csv' };
  const query = await createSegment(service, { name: 'q', type: 'USER_QUERY' });
  await refused(service.call('POST', LISTS(query), 'email_hash\na\n', csv), 400, 'SEGMENT_NOT_IMPORTABLE');
  const segmentId = await createSegment(service, { name: 's' });
  await refused(
    service.call('POST', LISTS(segmentId), 'email_hash,segment_id\na,1\n', csv),
    400,
    'INVALID_HEADER',
  );
  await refused(
    service.call('POST', LISTS(segmentId), '{}', { 'content-type': 'application/x-ndjson' }),
    400,
    'CONTENT_TYPE_MISMATCH',
  );
  await missing(service.call('POST', LISTS('777'), 'email_hash\na\n', csv));
  assert.deepEqual(await dataOf(service.call('GET', LISTS(segmentId))), []);
});

test('shows the user lists of a segment, and only under that segment', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's', default_ttl: 3_600_000 });
  const other = await createSegment(service, { name: 'other' });
  const ended = await uploadList(service, segmentId, 'email_hash\nh\n');
  assert.equal(ended.status, 'SUCCEEDED');
  assert.deepEqual(await dataOf(service.call('GET', LISTS(segmentId))), [ended]);
  const ofImport = await runFile(service, 'NDJSON', '{}');
  for (const path of [
    `${LISTS(other)}/${ended.id}`,
    `${LISTS(segmentId)}/${ofImport.id}`,
    `${LISTS(segmentId)}/777`,
    `${LISTS(segmentId)}/0${ended.id}`,
    `${executionsPath({ datamartId: '1', documentImportId: String(ofImport.parameters.document_import_id) })}/${ended.id}`,
  ]) {
    await missing(service.call('GET', path));
    await missing(service.call('POST', `${path}/action`, { action: 'CANCEL' }));
  }
});

test('cancels a user list that has not ended, and only that', async (t) => {
  const service = await startService(t, { chunkRows: 500 });
  const segmentId = await createSegment(service, { name: 's', default_ttl: 3_600_000 });
  const post = (body: string) =>
    dataOf<ExecutionAnswer>(service.call('POST', LISTS(segmentId), body, { 'content-type': 'text/csv' }));
  const running = await post(`email_hash\n${'a@\n'.repeat(200_000)}`);
  const waiting = await post('email_hash\nh\n');
  const action = (id: string, name = 'CANCEL') =>
    service.call('POST', `${LISTS(segmentId)}/${id}/action`, { action: name });
  const canceled = await dataOf<ExecutionAnswer>(action(waiting.id));
  assert.deepEqual([canceled.status, canceled.start_date, canceled.num_tasks], ['CANCELED', null, 0]);
  await dataOf(action(running.id));
  await refused(action(waiting.id), 409, 'CONFLICT');
  assert.match(await refused(action(running.id, 'STOP'), 400, 'INVALID_ACTION'), /CANCEL.*STOP/);
});
