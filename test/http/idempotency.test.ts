import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type Answer,
  type Client,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getSegment,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { startProcess } from '../process.ts';
import { refused } from './refusals.ts';

const NDJSON = 'application/x-ndjson';
const line = (user: string, segmentId: string) =>
  `{"operation":"UPDATE","user_account_id":"${user}","segment_id":"${segmentId}","expiration_duration":0}\n`;

async function openImport(client: Client) {
  const segmentId = await createSegment(client, { name: 's' });
  const documentImportId = await createImport(client, { format: 'NDJSON' });
  const at = executionsPath({ datamartId: '1', documentImportId });
  const send = (key: string, body: string | Uint8Array, of: { query?: string; encoding?: string } = {}) =>
    client.call('POST', `${at}${of.query ?? ''}`, body, {
      'content-type': NDJSON,
      'idempotency-key': key,
      ...(of.encoding ? { 'content-encoding': of.encoding } : {}),
    });
  return { segmentId, at, send };
}

const idOf = async (answer: Promise<Answer>) => (await dataOf<ExecutionAnswer>(answer)).id;

async function countExecutions(client: Client, at: string): Promise<number> {
  return ((await client.call('GET', at)).json as { total: number }).total;
}

test('the same file under the same key gives the first execution again, and keeps one file', async (t) => {
  const service = await startService(t);
  const { segmentId, at, send } = await openImport(service);
  const body = line('u1', segmentId);
  const first = await send('key-1', body);
  const id = await idOf(Promise.resolve(first));
  assert.equal(first.headers.get('idempotent-replayed'), null);
  const again = await send('key-1', body);
  assert.equal(await idOf(Promise.resolve(again)), id);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  // the bytes count as they are decompressed
  assert.equal(await idOf(send('key-1', gzipSync(body), { encoding: 'gzip' })), id);
  const ended = await waitForEnd(service, await dataOf<ExecutionAnswer>(send('key-1', body)));
  assert.equal(ended.id, id);
  assert.equal((await dataOf<ExecutionAnswer>(send('key-1', body))).status, 'SUCCEEDED');
  assert.equal(await countExecutions(service, at), 1);
  assert.equal((await readdir(path.join(service.config.data, 'documents/kept'))).length, 1);
  assert.notEqual(await idOf(send('key-2', body)), id);
  const log = await dataOf<{ action: string }[]>(service.call('GET', '/v1/audit_log?action=UPLOAD'));
  assert.equal(log.length, 2);
});

test('another file or other parameters under a key are refused', async (t) => {
  const service = await startService(t);
  const { segmentId, at, send } = await openImport(service);
  const id = await idOf(send('key', line('u1', segmentId)));
  await refused(send('key', line('u2', segmentId)), 409, 'IDEMPOTENCY_KEY_REUSED');
  const otherQuery = send('key', line('u1', segmentId), { query: '?note=other' });
  await refused(otherQuery, 409, 'IDEMPOTENCY_KEY_REUSED');
  assert.equal(await idOf(send('key', line('u1', segmentId))), id);
  assert.equal(await countExecutions(service, at), 1);
  assert.equal((await readdir(path.join(service.config.data, 'documents/kept'))).length, 1);
});

test('a refused file leaves its key free', async (t) => {
  const service = await startService(t);
  const { segmentId, send } = await openImport(service);
  await refused(send('key', '[]'), 400, 'NOT_NDJSON');
  await dataOf(send('key', line('u1', segmentId)));
});

test('a key is of one import, or of one segment', async (t) => {
  const service = await startService(t);
  const one = await openImport(service);
  const other = await openImport(service);
  const body = line('u1', one.segmentId);
  assert.notEqual(await idOf(one.send('key', body)), await idOf(other.send('key', body)));
  const lists = `/v1/datamarts/1/audience_segments/${one.segmentId}/user_list_imports`;
  const headers = { 'content-type': 'text/csv', 'idempotency-key': 'key' };
  const list = (rows: string) => service.call('POST', lists, `user_account_id\n${rows}`, headers);
  const id = await idOf(list('u1\n'));
  assert.equal(await idOf(list('u1\n')), id);
  await refused(list('u2\n'), 409, 'IDEMPOTENCY_KEY_REUSED');
});

test('uploads at the same time under one key make one execution', async (t) => {
  const service = await startService(t);
  const { segmentId, at, send } = await openImport(service);
  const body = line('u1', segmentId);
  const ids = await Promise.all(Array.from({ length: 12 }, () => idOf(send('key', body))));
  assert.equal(new Set(ids).size, 1);
  assert.equal(await countExecutions(service, at), 1);
  const mixed = await Promise.all(
    Array.from({ length: 10 }, (_, i) => send('mixed', line(`u${i % 2}`, segmentId))),
  );
  assert.deepEqual(new Set(mixed.map(({ status }) => status)), new Set([200, 409]));
  assert.equal(await countExecutions(service, at), 2);
});

test('keys without sense are refused, an empty one is none', async (t) => {
  const service = await startService(t);
  const { segmentId, at, send } = await openImport(service);
  const body = line('u1', segmentId);
  await refused(send('two words', body), 400, 'INVALID_REQUEST');
  await refused(send('x'.repeat(256), body), 400, 'INVALID_REQUEST');
  await dataOf(send('x'.repeat(255), body));
  await dataOf(send('', body));
  await dataOf(send('', body));
  assert.equal(await countExecutions(service, at), 3);
});

test('a key is known after the process was killed', async (t) => {
  const service = await startProcess(t);
  const { segmentId, at, send } = await openImport(service);
  const body = line('u1', segmentId);
  const id = await idOf(send('key', body));
  await service.kill();
  await service.restart();
  assert.equal(await idOf(send('key', body)), id);
  assert.equal(await countExecutions(service, at), 1);
  await waitForEnd(service, await dataOf<ExecutionAnswer>(send('key', body)));
  assert.equal((await getSegment(service, segmentId)).user_points_count, 1);
});

test('killed while the same upload is sent again and again, it is applied once', async (t) => {
  const service = await startProcess(t);
  const { segmentId, at, send } = await openImport(service);
  const body = line('u1', segmentId);
  for (let round = 0; round < 5; round++) {
    const key = `round-${round}`;
    const sent = Array.from({ length: 4 }, () => send(key, body).catch(() => null));
    // somewhere between the first byte and the last answer
    await new Promise((resolve) => setTimeout(resolve, round * 8));
    await service.kill();
    await Promise.all(sent);
    await service.restart();
    const ids = [await idOf(send(key, body)), await idOf(send(key, body))];
    assert.equal(new Set(ids).size, 1);
    assert.equal(await countExecutions(service, at), round + 1);
  }
});
