import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  createImport,
  createSegment,
  dataOf,
  errorFile,
  executionsPath,
  membershipsOf,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { readErrorFile } from '../properties/error-file.ts';
import { type S3Server, s3Error, startS3 } from '../s3.ts';
import { refused } from './refusals.ts';

let s3: S3Server;
before(async () => {
  s3 = await startS3();
  // read by the SDK itself, as in a service
  Object.assign(process.env, s3.env);
});
after(() => s3.close());

async function start(t: TestContext, chunkRows = 100) {
  const bucket = s3.makeBucket();
  const service = await startService(t, { documents: `s3://${bucket}/muster`, chunkRows, retryMs: 1 });
  t.after(() => s3.setFaults(() => null));
  const segmentId = await createSegment(service, { name: 's' });
  const keys = async () => {
    const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key = '' }) => Key);
  };
  const line = (i: number) =>
    i % 10 === 0
      ? `{"operation":"UPDATE","email_hash":"h${i}","segment_id":"999","expiration_duration":0}\n`
      : `{"operation":"UPDATE","email_hash":"h${i}","segment_id":"${segmentId}","expiration_duration":0}\n`;
  return {
    service,
    segmentId,
    keys,
    fileOf: (lines: number) => Array.from({ length: lines }, (_, i) => line(i)).join(''),
  };
}

const pathOf = (uri: string | undefined) => `/v1/data_file/data?uri=${encodeURIComponent(uri ?? '')}`;
const everyTenth = (lines: number) => Array.from({ length: lines / 10 }, (_, i) => 10 * i + 1);
const linesOf = (text: string) => readErrorFile('NDJSON', text).map(({ line }) => line);

test('a file goes its whole way with documents in S3', async (t) => {
  const { service, segmentId, keys, fileOf } = await start(t);
  const body = fileOf(1_000);
  const ended = await runFile(service, 'NDJSON', body);
  assert.deepEqual([ended.status, ended.result.total_failure], ['SUCCEEDED', 100]);
  const errors = await errorFile(service, ended);
  assert.deepEqual(linesOf(errors), everyTenth(1_000));
  const { document_import_id } = ended.parameters;
  const executions = executionsPath({ datamartId: '1', documentImportId: String(document_import_id) });
  const listed = await dataOf<{ error_line: number }[]>(
    service.call('GET', `${executions}/${ended.id}/errors?max_results=100`),
  );
  assert.deepEqual(
    listed.map(({ error_line }) => error_line),
    everyTenth(1_000),
  );
  const stored = await keys();
  assert.ok(stored.length > 5, 'an input and a part for each chunk');
  assert.ok(stored.every((key) => key.startsWith('muster/kept/')));
  assert.ok(!existsSync(path.join(service.config.data, 'documents')));
  assert.deepEqual(readdirSync(path.join(service.config.data, 'scratch')), []);

  const range = { range: `bytes=150-${errors.length - 20}` };
  const part = await service.call('GET', pathOf(ended.result.error_file_uri), undefined, range);
  assert.equal(part.status, 206);
  assert.equal(part.text, errors.slice(150, errors.length - 19));
  assert.equal((await service.call('GET', pathOf(ended.result.input_file_uri))).text, body);

  const backup = await fetch(`${service.baseUrl}/v1/backup`, { headers: { authorization: service.token } });
  const tar = Buffer.from(await backup.arrayBuffer()).toString('latin1');
  const inBackup = new Set(tar.match(/documents\/[0-9a-f-]{36}\/(input|errors-[0-9a-f]{16})/g));
  assert.deepEqual([...inBackup].sort(), stored.map((key) => key.replace('muster/kept', 'documents')).sort());

  const csv = await service.call('GET', `/v1/audience_segments/${segmentId}/export_file`);
  assert.equal(csv.text.trim().split('\n').length, 901);
  const scratch = path.join(service.config.data, 'scratch');
  // it goes when the answer is over, which the client may see first
  while (readdirSync(scratch).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));

  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/email_hash=h11'));
  const isErased = async () =>
    !(await service.call('GET', pathOf(ended.result.input_file_uri))).text.includes('"h11"');
  while (!(await isErased())) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await membershipsOf(service, 'email_hash=h11'), null);
  assert.equal(await errorFile(service, ended), errors, 'what does not name him stays as it is');
  const { violations } = await dataOf<{ violations: number }>(service.call('GET', '/v1/check'));
  assert.equal(violations, 0);

  const importId = String(ended.parameters.document_import_id);
  await dataOf(service.call('DELETE', `/v1/datamarts/1/document_imports/${importId}`));
  assert.deepEqual(await keys(), []);
});

test('small files in a group have each their error file', async (t) => {
  const { service, keys, fileOf } = await start(t, 10_000);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' as const };
  const sent = await Promise.all(
    Array.from({ length: 12 }, () => upload(service, { ...of, body: fileOf(20) })),
  );
  const starts = new Set<number | null>();
  for (const execution of sent) {
    const ended = await waitForEnd(service, execution);
    assert.equal(ended.status, 'SUCCEEDED');
    starts.add(ended.start_date);
    assert.deepEqual(linesOf(await errorFile(service, ended)), [1, 11]);
  }
  assert.ok(starts.size < sent.length, 'those of a group start at one instant');
  assert.equal((await keys()).length, 24);
});

test('a bucket that does not answer is told to senders, and an import goes on when it answers again', async (t) => {
  const { service, keys, fileOf } = await start(t);
  let asked = 0;
  s3.setFaults(({ method }) => (method === 'PUT' && ++asked ? s3Error(500, 'InternalError') : null));
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' as const };
  const path_ = `/v1/datamarts/1/document_imports/${documentImportId}/executions`;
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = service.call('POST', path_, fileOf(10), headers);
  await refused(answer, 503, 'NOT_READY');
  assert.equal((await answer).headers.get('retry-after'), '5');
  assert.ok(asked > 1, 'the SDK tried again first');
  assert.deepEqual(await keys(), []);

  s3.setFaults(() => null);
  let failed = 0;
  const execution = await upload(service, { ...of, body: fileOf(1_000) });
  s3.setFaults(({ method }) => (method === 'PUT' && failed++ < 4 ? s3Error(500, 'InternalError') : null));
  const ended = await waitForEnd(service, execution);
  assert.equal(ended.status, 'SUCCEEDED', JSON.stringify(ended.error));
  assert.deepEqual(linesOf(await errorFile(service, ended)), everyTenth(1_000));
});

test('a service does not start with documents that it cannot use', async (t) => {
  await assert.rejects(startService(t, { documents: 's3://no-such-bucket' }), {
    name: 'ConfigError',
    message:
      'documents: the bucket no-such-bucket cannot be used: objects could not be listed: NoSuchBucket (HTTP 404)',
  });
  await assert.rejects(startService(t, { documents: '/dev/null/files' }), {
    name: 'ConfigError',
    message: /^documents: the folder \/dev\/null\/files cannot be used: ENOTDIR/,
  });
});
