import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Config } from '../../src/config.ts';
import {
  type Answer,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { rawZstd, rleZstd } from '../zstd-samples.ts';
import { missing, refused } from './refusals.ts';

const MIB = 1024 * 1024;
const NDJSON = { 'content-type': 'application/x-ndjson' };

/** A service with one NDJSON import and one segment, and the commands to fill it. */
async function setUp(t: TestContext, overrides: Partial<Config> = {}) {
  const service = await startService(t, overrides);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const segmentId = await createSegment(service, { name: 's' });
  const url = executionsPath({ datamartId: '1', documentImportId });
  const line = (user: string) =>
    `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id: segmentId, expiration_duration: 0 })}\n`;
  const post = (body: string | Uint8Array, headers: Record<string, string> = NDJSON) =>
    service.call('POST', url, body, headers);
  return { service, url, line, post, segmentId };
}

/** That a refusal left no execution and no file. */
async function assertUnchanged(service: TestService, url: string): Promise<void> {
  assert.deepEqual(await dataOf(service.call('GET', url)), []);
  const documents = path.join(service.config.data, 'documents');
  assert.deepEqual(await readdir(path.join(documents, 'incoming')), []);
  assert.deepEqual(await readdir(path.join(documents, 'kept')), []);
}

test('answers an upload with its PENDING execution', async (t) => {
  const { service, post, line } = await setUp(t);
  const answer = await post(line('a'), {
    'content-type': 'Application/X-NDJSON; charset=UTF-8',
    'content-disposition': 'attachment; filename="../users.ndjson"',
  });
  const execution = await dataOf<ExecutionAnswer & { result: { input_file_name: string } }>(
    Promise.resolve(answer),
  );
  assert.equal(answer.status, 200);
  assert.equal(execution.status, 'PENDING');
  assert.equal(execution.result.input_file_name, 'users.ndjson');
  assert.equal((await waitForEnd(service, execution)).result.total_success, 1);
});

for (const [encoding, pack] of [
  ['gzip', gzipSync],
  ['zstd', rawZstd],
] as const) {
  test(`takes an upload in ${encoding}`, async (t) => {
    const { service, post, line } = await setUp(t);
    const packed = pack(Buffer.from(line('a') + line('b')));
    const execution = await dataOf<ExecutionAnswer>(
      post(packed, { ...NDJSON, 'content-encoding': encoding }),
    );
    assert.equal((await waitForEnd(service, execution)).result.total_success, 2);
  });
}

const refusals: readonly [string, string | Uint8Array, Record<string, string>, string][] = [
  ['an empty body', '', NDJSON, 'EMPTY_FILE'],
  ['a JSON array', '[{}]', NDJSON, 'NOT_NDJSON'],
  ['the type of another import', 'operation\n', { 'content-type': 'text/csv' }, 'CONTENT_TYPE_MISMATCH'],
  [
    'another charset',
    '{}',
    { 'content-type': 'application/x-ndjson; charset=latin1' },
    'CONTENT_TYPE_MISMATCH',
  ],
  ['a type that is none', '{}', { 'content-type': 'ndjson' }, 'CONTENT_TYPE_MISMATCH'],
  ['JSON', '{}', { 'content-type': 'application/json' }, 'CONTENT_TYPE_MISMATCH'],
  [
    'truncated gzip',
    gzipSync('x'.repeat(999)).subarray(0, 20),
    { ...NDJSON, 'content-encoding': 'gzip' },
    'INVALID_COMPRESSION',
  ],
  [
    'truncated zstd',
    rawZstd(Buffer.from('xxx')).subarray(0, 11),
    { ...NDJSON, 'content-encoding': 'zstd' },
    'INVALID_COMPRESSION',
  ],
  ['brotli', 'x', { ...NDJSON, 'content-encoding': 'br' }, 'UNSUPPORTED_CONTENT_ENCODING'],
  [
    'a form without a file',
    '--b\r\nContent-Disposition: form-data; name="type"\r\n\r\nx\r\n--b--\r\n',
    { 'content-type': 'multipart/form-data; boundary=b' },
    'MISSING_FILE',
  ],
  ['a form without a boundary', 'x', { 'content-type': 'multipart/form-data' }, 'INVALID_REQUEST'],
  [
    'a form that ends early',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n{}',
    { 'content-type': 'multipart/form-data; boundary=b' },
    'INVALID_REQUEST',
  ],
  [
    'a compressed form',
    'x',
    { 'content-type': 'multipart/form-data; boundary=b', 'content-encoding': 'gzip' },
    'UNSUPPORTED_CONTENT_ENCODING',
  ],
];
for (const [name, body, headers, code] of refusals) {
  test(`refuses ${name} with ${code} and keeps nothing`, async (t) => {
    const { service, url, post } = await setUp(t);
    const text = await refused(post(body, headers), 400, code);
    if (code === 'CONTENT_TYPE_MISMATCH') assert.match(text, /application\/x-ndjson.*got "/);
    await assertUnchanged(service, url);
  });
}

test('refuses an upload without Content-Type, naming what is expected', async (t) => {
  const { service, url } = await setUp(t);
  const { status, text } = await send(service, url, { 'content-length': '2' }, ['{}']);
  assert.equal(status, 400);
  assert.match(text, /CONTENT_TYPE_MISMATCH/);
  assert.match(text, /application\/x-ndjson.*got none/);
});

test('refuses an upload to what is not there', async (t) => {
  const { service, line } = await setUp(t);
  await missing(service.call('POST', '/v1/datamarts/1/document_imports/77/executions', line('a'), NDJSON));
  await missing(service.call('POST', '/v1/datamarts/7/document_imports/1/executions', line('a'), NDJSON));
});

for (const [name, body, encoding] of [
  ['a file', Buffer.alloc(3 * MIB, ' \n'), 'identity'],
  ['a gzip bomb', gzipSync(Buffer.alloc(64 * MIB, ' \n')), 'gzip'],
  ['a zstd bomb', rleZstd(20_000), 'zstd'],
] as const) {
  test(`refuses ${name} over the limit with 413`, async (t) => {
    const { service, url, post } = await setUp(t, { maxUploadBytes: MIB });
    await refused(post(body, { ...NDJSON, 'content-encoding': encoding }), 413, 'FILE_TOO_LARGE');
    await assertUnchanged(service, url);
  });
}

test('the limit counts the file and takes one that just fits', async (t) => {
  const { post, line } = await setUp(t, { maxUploadBytes: MIB });
  const fits = line('a') + ' '.repeat(MIB - line('a').length);
  assert.equal((await post(fits)).status, 200);
  await refused(post(`${fits} `), 413, 'FILE_TOO_LARGE');
});

test('a sender that is refused while he still sends reads why, and can use the connection again', async (t) => {
  const { service, url } = await setUp(t, { maxUploadBytes: MIB });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const chunks = Array.from({ length: 20 }, () => Buffer.alloc(MIB, ' \n'));
  const { status, text } = await send(service, url, NDJSON, chunks, agent);
  assert.equal(status, 413);
  assert.match(text, /FILE_TOO_LARGE/);
  const again = await send(service, url, NDJSON, ['{}'], agent);
  assert.equal(again.status, 200);
});

test('a refused sender who goes away holds nothing up', async (t) => {
  const { service } = await setUp(t, { maxUploadBytes: MIB });
  const url = executionsPath({ datamartId: '1', documentImportId: '1' });
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n';
  for (const [type, start] of [
    ['application/x-ndjson', ''],
    ['multipart/form-data; boundary=b', head],
  ] as const) {
    const agent = new http.Agent({ keepAlive: true });
    const headers = { 'content-type': type, 'content-length': String(50 * MIB) };
    const chunks = [start + ' '.repeat(MIB), ' '.repeat(MIB), ' '.repeat(MIB)];
    assert.equal((await send(service, url, headers, chunks, agent)).status, 413);
    agent.destroy();
  }
  const stopped = Date.now();
  await service.stop();
  assert.ok(Date.now() - stopped < 2_000, 'the service stops at once');
});

test('an upload that is refused before its body is read is answered at once', async (t) => {
  const { service, url } = await setUp(t);
  const headers = { ...NDJSON, authorization: 'wrong', 'content-length': String(5 * MIB) };
  const { status } = await send(service, url, headers, [Buffer.alloc(MIB, ' ')]);
  assert.equal(status, 401);
});

test('a sender who goes away leaves nothing', async (t) => {
  const { service, url } = await setUp(t);
  const request = http.request(`${service.baseUrl}${url}`, {
    method: 'POST',
    headers: { ...NDJSON, authorization: service.token },
  });
  request.on('error', () => {});
  request.write('{"operation":');
  const incoming = path.join(service.config.data, 'documents', 'incoming');
  while ((await readdir(incoming)).length === 0) await sleep(10);
  request.destroy();
  while ((await readdir(incoming)).length > 0) await sleep(10);
  await assertUnchanged(service, url);
});

test('a sender who stands still is cut off', async (t) => {
  const { service, url } = await setUp(t, { uploadIdleMs: 150 });
  const request = http.request(`${service.baseUrl}${url}`, {
    method: 'POST',
    headers: { ...NDJSON, authorization: service.token },
  });
  request.write('{"operation":');
  const { status, text } = await responseOf(request);
  request.destroy();
  assert.equal(status, 408);
  assert.match(text, /REQUEST_TIMEOUT/);
  await assertUnchanged(service, url);
});

function form(parts: readonly [string, string, string?][]): FormData {
  const data = new FormData();
  for (const [name, content, fileName] of parts) {
    if (fileName === undefined) data.append(name, content);
    else data.append(name, new Blob([content]), fileName);
  }
  return data;
}

async function postForm(service: TestService, url: string, body: FormData): Promise<Answer> {
  const answer = await fetch(`${service.baseUrl}${url}`, {
    method: 'POST',
    body,
    headers: { authorization: service.token },
  });
  const text = await answer.text();
  return { status: answer.status, text, json: JSON.parse(text), headers: answer.headers };
}

test('takes the last file part of a form, whatever the earlier ones are', async (t) => {
  const { service, url, line } = await setUp(t);
  const parts = form([
    ['file', '', 'empty.ndjson'],
    ['type', 'USER_SEGMENT'],
    ['file', '[]', 'array.ndjson'],
    ['other', 'x', 'other.bin'],
    ['file', line('a'), 'first.ndjson'],
    ['file', line('a') + line('b'), 'dir/zweité 2.ndjson'],
    ['note', 'end'],
  ]);
  const created = await dataOf<ExecutionAnswer & { result: { input_file_name: string } }>(
    postForm(service, url, parts),
  );
  assert.equal(created.result.input_file_name, 'zweité 2.ndjson');
  assert.equal((await waitForEnd(service, created)).result.total_success, 2);
  assert.equal((await readdir(path.join(service.config.data, 'documents', 'kept'))).length, 1);
});

test('refuses a form whose last file is no good, and one over the limit', async (t) => {
  const { service, url, line } = await setUp(t, { maxUploadBytes: MIB });
  await refused(
    postForm(
      service,
      url,
      form([
        ['file', line('a'), 'a'],
        ['file', '[]', 'b'],
      ]),
    ),
    400,
    'NOT_NDJSON',
  );
  await refused(postForm(service, url, form([['file', ' '.repeat(2 * MIB), 'a']])), 413, 'FILE_TOO_LARGE');
  await assertUnchanged(service, url);
});

type Response = { status: number | undefined; text: string };

function responseOf(request: http.ClientRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', async (response) => {
      const parts = await response.setEncoding('utf8').toArray();
      resolve({ status: response.statusCode, text: parts.join('') });
    });
  });
}

/** Sends chunk after chunk, however early the answer comes. */
async function send(
  service: TestService,
  url: string,
  headers: Record<string, string>,
  chunks: readonly (string | Buffer)[],
  agent?: http.Agent,
): Promise<Response> {
  const request = http.request(`${service.baseUrl}${url}`, {
    method: 'POST',
    headers: { authorization: service.token, ...headers },
    ...(agent === undefined ? {} : { agent }),
  });
  const response = responseOf(request).finally(() => agent ?? request.destroy());
  for (const chunk of chunks) {
    request.write(chunk);
    await sleep(5);
  }
  if (headers['content-length'] === undefined || chunks.length === 1) request.end();
  return response;
}
