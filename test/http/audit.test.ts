import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Client,
  clientOf,
  createImport,
  createSegment,
  dataOf,
  errorFile,
  executionsPath,
  runFile,
} from '../client.ts';
import { startService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

type Entry = {
  readonly id: string;
  readonly date: number;
  readonly token_id: string | null;
  readonly token_name: string;
  readonly request_id: string | null;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly datamart_id: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
};

/** Oldest first, as things were done. */
async function logOf(client: Client, query = ''): Promise<Entry[]> {
  const entries = await dataOf<Entry[]>(client.call('GET', `/v1/audit_log?max_results=1000${query}`));
  return entries.reverse();
}

const brief = ({ action, resource_type, resource_id }: Entry) => `${action} ${resource_type} ${resource_id}`;

test('tells who did what to what and when, and asks for nothing about look-ups', async (t) => {
  const service = await startService(t);
  const { value, id: tokenId } = await dataOf<{ value: string; id: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'nightly', role: 'editor', datamart_ids: ['1'] }),
  );
  const editor = clientOf(service.baseUrl, value);
  const before = Date.now();
  const segmentId = await createSegment(editor, { name: 's' });
  await dataOf(
    editor.call('PUT', `/v1/audience_segments/${segmentId}`, { paused: false, default_ttl: 1000 }),
  );
  const documentImportId = await createImport(editor, { format: 'NDJSON' });
  const execution = await runFile(editor, 'NDJSON', '{"operation":"sekret"}\n', { documentImportId });
  await errorFile(editor, execution);
  await editor.call('HEAD', `/v1/data_file/data?uri=${encodeURIComponent(execution.result.input_file_uri)}`);
  await editor.call('GET', '/v1/datamarts/1/user_segments/user_account_id=u1');
  await refused(editor.call('POST', '/v1/datamarts', { name: 'no' }), 403, 'FORBIDDEN');
  await dataOf(editor.call('DELETE', `/v1/datamarts/1/document_imports/${documentImportId}`));
  await dataOf(service.call('DELETE', `/v1/api_tokens/${tokenId}`));

  const log = await logOf(service);
  assert.deepEqual(log.map(brief), [
    'CREATE api_token 1',
    `CREATE api_token ${tokenId}`,
    `CREATE segment ${segmentId}`,
    `UPDATE segment ${segmentId}`,
    `CREATE document_import ${documentImportId}`,
    `UPLOAD execution ${execution.id}`,
    `DOWNLOAD execution ${execution.id}`,
    `DELETE document_import ${documentImportId}`,
    `DELETE api_token ${tokenId}`,
  ]);
  const [start, token, segment, update, , , download] = log;
  assert.deepEqual([start?.token_id, start?.token_name], [null, 'service']);
  assert.deepEqual(token?.details, { name: 'nightly', role: 'editor', datamart_ids: ['1'] });
  // a token that is gone is still named
  assert.deepEqual([segment?.token_id, segment?.token_name], [tokenId, 'nightly']);
  assert.equal(segment?.datamart_id, '1');
  assert.match(segment?.request_id ?? '', /^[0-9a-f-]{36}$/);
  assert.ok((segment?.date ?? 0) >= before && (segment?.date ?? 0) <= Date.now());
  assert.deepEqual(update?.details, { members: ['default_ttl', 'paused'] });
  assert.deepEqual(download?.details, { file: 'errors' });
  assert.ok(!JSON.stringify(log).includes(value));
});

test('is filtered, paged, and kept over a restart of the store', async (t) => {
  const service = await startService(t);
  const first = await createSegment(service, { name: 'a' });
  const second = await createSegment(service, { name: 'b' });
  await dataOf(service.call('DELETE', `/v1/audience_segments/${first}`));
  const datamart = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'd' }));
  assert.deepEqual((await logOf(service, '&resource_type=segment&action=CREATE')).map(brief), [
    `CREATE segment ${first}`,
    `CREATE segment ${second}`,
  ]);
  assert.deepEqual((await logOf(service, `&resource_type=segment&resource_id=${first}`)).map(brief), [
    `CREATE segment ${first}`,
    `DELETE segment ${first}`,
  ]);
  assert.deepEqual((await logOf(service, `&datamart_id=${datamart.id}`)).map(brief), [
    `CREATE datamart ${datamart.id}`,
  ]);
  assert.equal((await logOf(service, '&token_id=1')).length, 4);
  assert.deepEqual(await logOf(service, '&token_id=77'), []);
  const [, { date } = { date: 0 }] = await logOf(service);
  assert.ok((await logOf(service, `&from=${date}`)).every((entry) => entry.date >= date));
  assert.ok((await logOf(service, `&to=${date}`)).every((entry) => entry.date < date));
  const answer = await service.call('GET', '/v1/audit_log?first_result=1&max_results=2');
  const { data, total } = answer.json as { data: Entry[]; total: number };
  assert.deepEqual(data.map(brief), [`DELETE segment ${first}`, `CREATE segment ${second}`]);
  assert.equal(total, 5);
  await refused(service.call('GET', '/v1/audit_log?action=LOOK'), 400, 'INVALID_REQUEST');
  await refused(service.call('GET', '/v1/audit_log?from=yesterday'), 400, 'INVALID_REQUEST');
});

test('an admin of some datamarts sees what belongs to those', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const { id } = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'd' }));
  const make = async (body: object) =>
    dataOf<{ value: string }>(service.call('POST', '/v1/api_tokens', { name: 'n', role: 'admin', ...body }));
  const of = async (datamartId: string) =>
    clientOf(service.baseUrl, (await make({ datamart_ids: [datamartId] })).value);
  assert.deepEqual((await logOf(await of('1'))).map(brief), [`CREATE segment ${segmentId}`]);
  assert.deepEqual((await logOf(await of(id))).map(brief), [`CREATE datamart ${id}`]);
  await missing((await of(id)).call('GET', '/v1/audit_log?datamart_id=1'));
});

test('a cancel is noted once, by who asked for it', async (t) => {
  const service = await startService(t, { chunkRows: 100 });
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const at = executionsPath({ datamartId: '1', documentImportId });
  const line = `{"operation":"UPDATE","user_account_id":"u","segment_id":"${segmentId}","expiration_duration":0}\n`;
  const headers = { 'content-type': 'application/x-ndjson' };
  const { id } = await dataOf<{ id: string }>(service.call('POST', at, line.repeat(20_000), headers));
  await dataOf(service.call('POST', `${at}/${id}/action`, { action: 'CANCEL' }));
  const log = await logOf(service, '&action=CANCEL');
  assert.deepEqual(log.map(brief), [`CANCEL execution ${id}`]);
});
