import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  runFile,
  upload,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { isSignedBy, type Received, startReceiver } from '../receiver.ts';

type WebhookAnswer = { id: string; secret: string; enabled: boolean; events: string[] };

const WEBHOOKS = '/v1/datamarts/1/webhooks';
const NEAR = { webhookAllowPrivate: true } as const;

const line = (segment_id: string, user: string) =>
  `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id, expiration_duration: 0 })}\n`;

async function createWebhook(client: Client, body: object, datamartId = '1'): Promise<WebhookAnswer> {
  return dataOf(client.call('POST', `/v1/datamarts/${datamartId}/webhooks`, body));
}

/** A PENDING execution, of a service that runs none. */
async function uploadPending(service: TestService, documentImportId: string): Promise<ExecutionAnswer> {
  return upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body: line('1', 'u') });
}

const typesOf = (received: readonly Received[]) => received.map(({ body }) => body.type);

test('the end of an execution is told with its counts, signed, and no word of users', async (t) => {
  const service = await startService(t, NEAR);
  const receiver = await startReceiver(t);
  const segmentId = await createSegment(service, { name: 's' });
  const { secret } = await createWebhook(service, { url: `${receiver.url}?a=1`, name: 'mine' });
  const execution = await runFile(service, 'NDJSON', line(segmentId, 'ann') + line('404', 'bob'));

  const [one] = await receiver.until(1);
  assert.ok(one);
  assert.equal(one.path, '/hook?a=1');
  assert.ok(isSignedBy(secret, one));
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.match(String(one.headers['webhook-id']), /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Number(one.headers['webhook-timestamp']) * 1000 - Date.now()) < 60_000);
  assert.equal(one.headers['content-type'], 'application/json');
  const { result, end_date, ...data } = one.body.data;
  assert.equal(one.body.type, 'execution.succeeded');
  assert.equal(one.body.timestamp, new Date(Number(end_date)).toISOString());
  const { document_import_id } = execution.parameters;
  assert.deepEqual(data, {
    datamart_id: '1',
    document_import_id: String(document_import_id),
    execution_id: execution.id,
    execution_path: `/v1/datamarts/1/document_imports/${document_import_id}/executions/${execution.id}`,
    job_type: 'DOCUMENT_IMPORT',
    dry_run: false,
    status: 'SUCCEEDED',
    creation_date: execution.creation_date,
    start_date: execution.start_date,
    duration: execution.duration,
    num_tasks: 2,
    erroneous_tasks: 1,
    error: execution.error,
  });
  const { input_file_uri, error_file_uri, ...rest } = execution.result;
  const { input_file_name, input_file_bytes, ...counts } = rest as typeof rest & {
    input_file_name: string;
    input_file_bytes: number;
  };
  assert.ok(input_file_uri && error_file_uri && input_file_name);
  assert.deepEqual(result, counts);
  assert.doesNotMatch(one.text, /ann|bob|ndjson/);
  assert.equal((await service.call('GET', String(data.execution_path))).status, 200);
});

test('dry runs, reverts, refused files and user lists are told of as what they are', async (t) => {
  const service = await startService(t, NEAR);
  const receiver = await startReceiver(t);
  const segmentId = await createSegment(service, { name: 's', default_ttl: 60_000 });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  await createWebhook(service, { url: receiver.url });
  const run = (body: string, query = '') => runFile(service, 'NDJSON', body, { documentImportId, query });
  await run(line(segmentId, 'u'), 'dry_run=true');
  await run('{}\n', 'max_failure_ratio=0');
  const { id } = await run(line(segmentId, 'u'));
  await receiver.until(3);
  const path = `${executionsPath({ datamartId: '1', documentImportId })}/${id}`;
  await dataOf(service.call('POST', `${path}/action`, { action: 'REVERT' }));
  await receiver.until(4);
  const list = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
  await dataOf(service.call('POST', list, 'user_account_id\nx\n', { 'content-type': 'text/csv' }));
  await receiver.until(5);

  const told = receiver.received.map(({ body: { type, data } }) => [type, data.job_type, data.dry_run]);
  assert.deepEqual(told, [
    ['execution.succeeded', 'DOCUMENT_IMPORT', true],
    ['execution.failed', 'DOCUMENT_IMPORT', false],
    ['execution.succeeded', 'DOCUMENT_IMPORT', false],
    ['execution.succeeded', 'REVERT', false],
    ['execution.succeeded', 'USER_SEGMENT_IMPORT', false],
  ]);
  const [, failed, , revert, userList] = receiver.received;
  assert.match(JSON.stringify(failed?.body.data.error), /nothing/);
  assert.equal(revert?.body.data.reverts_execution_id, id);
  assert.equal((await service.call('GET', String(userList?.body.data.execution_path))).status, 200);
});

test('files that run in a group are told of one by one', async (t) => {
  const service = await startService(t, NEAR);
  const receiver = await startReceiver(t);
  const segmentId = await createSegment(service, { name: 's' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  await createWebhook(service, { url: receiver.url });
  const sent = await Promise.all(
    Array.from({ length: 40 }, (_, i) => {
      const body = line(segmentId, `u${i}`).repeat(i + 1);
      return upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body });
    }),
  );
  await receiver.until(sent.length);
  const told = receiver.received.map(({ body: { data } }) => [data.execution_id, data.num_tasks]);
  assert.deepEqual(new Map(told as [string, number][]), new Map(sent.map(({ id }, i) => [id, i + 1])));
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, sent.length);
});

test('a webhook is told of its import and its events alone, and of no other datamart', async (t) => {
  const service = await startService(t, NEAR);
  const [all, failures, bound, other] = await Promise.all([1, 2, 3, 4].map(() => startReceiver(t)));
  assert.ok(all && failures && bound && other);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const { id: otherId } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'other' }),
  );
  const inOther = await createWebhook(service, { url: other.url }, otherId);
  await createWebhook(service, { url: failures.url, events: ['execution.failed'] });
  const hook = await createWebhook(service, {
    url: bound.url,
    document_import_id: Number(documentImportId),
    events: ['execution.succeeded', 'execution.succeeded'],
  });
  assert.deepEqual(hook.events, ['execution.succeeded']);
  await createWebhook(service, { url: all.url });

  await runFile(service, 'NDJSON', '{}\n');
  await runFile(service, 'NDJSON', '{}\n', { documentImportId, query: 'max_failure_ratio=0' });
  await runFile(service, 'NDJSON', '{}\n', { documentImportId });
  await all.until(3);
  await bound.until(1);
  await failures.until(1);
  assert.deepEqual(typesOf(failures.received), ['execution.failed']);
  assert.equal(bound.received[0]?.body.data.document_import_id, documentImportId);
  for (const webhookId of [hook.id, inOther.id])
    assert.equal(
      (await service.store.webhooks.listDeliveries({ webhookId, page: { firstResult: 0, maxResults: 9 } }))
        .total,
      webhookId === hook.id ? 1 : 0,
    );
  const filtered = await dataOf<WebhookAnswer[]>(
    service.call('GET', `${WEBHOOKS}?document_import_id=${documentImportId}`),
  );
  assert.deepEqual(
    filtered.map(({ id }) => id),
    [hook.id],
  );
});

test('executions that are canceled before they begin, or go with their import, are told of', async (t) => {
  const service = await startService(t, { ...NEAR, parallelExecutions: 0 });
  const receiver = await startReceiver(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const bound = await createWebhook(service, { url: receiver.url, document_import_id: documentImportId });
  await dataOf(service.call('PUT', `${WEBHOOKS}/${bound.id}`, { enabled: false }));
  await createWebhook(service, { url: receiver.url });
  const [first, second] = [
    await uploadPending(service, documentImportId),
    await uploadPending(service, documentImportId),
  ];
  const path = executionsPath({ datamartId: '1', documentImportId });
  await dataOf(service.call('POST', `${path}/${first.id}/action`, { action: 'CANCEL' }));
  await receiver.until(1);
  await dataOf(service.call('DELETE', `/v1/datamarts/1/document_imports/${documentImportId}`));
  await receiver.until(2);
  assert.deepEqual(
    receiver.received.map(({ body: { type, data } }) => [type, data.execution_id, data.start_date]),
    [
      ['execution.canceled', first.id, null],
      ['execution.canceled', second.id, null],
    ],
  );
  assert.equal((await service.call('GET', `${WEBHOOKS}/${bound.id}`)).status, 404, 'it goes with its import');
});
