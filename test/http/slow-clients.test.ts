import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import { createImport, createSegment, dataOf, executionsPath, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { holdExecution } from './held-execution.ts';
import { refused } from './refusals.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const LINE = '{"operation":"DELETE","user_account_id":"a","segment_technical_name":"s"}\n';

async function setUp(t: TestContext, overrides: Partial<Config>, datamarts = 2) {
  const service = await startService(t, overrides);
  const paths: string[] = [];
  for (let i = 0; i < datamarts; i++) {
    const datamartId =
      i === 0
        ? '1'
        : (await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: `${i}` }))).id;
    await createSegment(service, { name: 's', technical_name: 's', datamart_id: datamartId });
    paths.push(
      executionsPath({
        datamartId,
        documentImportId: await createImport(service, { format: 'NDJSON', datamartId }),
      }),
    );
  }
  return { service, paths: paths as [string, ...string[]] };
}

type Piece = { readonly everyMs: number; readonly text: string; readonly until?: number };

/**
 * An upload that sends a piece now and then; resolves to its answer, null when the connection was
 * just closed.
 */
function trickle(
  service: TestService,
  url: string,
  {
    everyMs,
    text,
    until = Number.POSITIVE_INFINITY,
    headers = NDJSON,
    first = '',
    token = service.token,
  }: Piece & {
    headers?: Record<string, string>;
    first?: string;
    token?: string;
  },
) {
  const request = http.request(`${service.baseUrl}${url}`, {
    method: 'POST',
    headers: { ...headers, authorization: token },
    agent: false,
  });
  request.write(first);
  const startedAt = performance.now();
  const timer = setInterval(() => {
    request.write(text);
    if (performance.now() - startedAt < until) return;
    clearInterval(timer);
    request.end();
  }, everyMs);
  const answer = new Promise<{ status: number; text: string } | null>((resolve) => {
    request.once('error', () => resolve(null));
    request.once('response', (response) => {
      let body = '';
      response.on('data', (part) => {
        body += part;
      });
      response.once('close', () => resolve({ status: response.statusCode ?? 0, text: body }));
    });
  }).finally(() => clearInterval(timer));
  return { request, answer };
}

async function incoming(service: TestService): Promise<number> {
  return (await readdir(path.join(service.config.data, 'documents', 'incoming'))).length;
}

test('an upload that trickles is cut off, however it is sent, and nothing of it is kept', async (t) => {
  const { service, paths } = await setUp(t, { uploadIdleMs: 1_000, minBytesPerSecond: 1_000 });
  const form = { 'content-type': 'multipart/form-data; boundary=b' };
  const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
  const field = '--b\r\nContent-Disposition: form-data; name="type"\r\n\r\n';
  const slow = { everyMs: 100, text: ' ' };
  const raw = trickle(service, paths[0], { ...slow, first: LINE });
  const inForm = trickle(service, paths[0], { ...slow, headers: form, first: part + LINE });
  const inField = trickle(service, paths[0], { ...slow, headers: form, first: field });
  const compressed = trickle(service, paths[0], {
    ...{ ...slow, text: '\0' },
    headers: { ...NDJSON, 'content-encoding': 'gzip' },
    first: Buffer.from('1f8b0800000000000003', 'hex').toString('latin1'),
  });
  const startedAt = performance.now();
  for (const { answer } of [raw, inForm]) {
    const answered = await answer;
    assert.equal(answered?.status, 408, answered?.text);
    assert.match(
      answered?.text ?? '',
      /at least 1000 bytes a second over 1000 ms \(minBytesPerSecond\), got less/,
    );
  }
  assert.equal(await inField.answer, null, 'there is no part that could be ended');
  assert.ok([400, 408].includes((await compressed.answer)?.status ?? 0));
  assert.ok(performance.now() - startedAt < 4_000);
  while ((await incoming(service)) > 0) await sleep(10);
  assert.deepEqual(await dataOf(service.call('GET', paths[0])), []);
  const metrics = (await service.call('GET', '/metrics')).text;
  assert.ok(Number(/muster_slow_transfers_total\{what="upload"\} (\d+)/.exec(metrics)?.[1]) >= 3);
});

test('an upload that is slow but keeps to the rate is taken, as is one that is short', async (t) => {
  const { service, paths } = await setUp(t, { uploadIdleMs: 1_000, minBytesPerSecond: 200 });
  const line = `${LINE.trimEnd()}${' '.repeat(100)}\n`;
  const honest = trickle(service, paths[0], { everyMs: 200, text: line, until: 3_000 });
  const short = trickle(service, paths[0], { everyMs: 250, text: LINE, until: 500 });
  assert.equal((await honest.answer)?.status, 200);
  assert.equal((await short.answer)?.status, 200);
});

test('time in which the sender waits for the service does not count', async (t) => {
  const { service, paths } = await setUp(t, {
    uploadIdleMs: 1_000,
    minBytesPerSecond: 1_000_000,
    maxUploadBytes: 2 ** 40,
  });
  // a sender that is faster than anything reads: its rate is what the service makes of it
  const socket = net.connect(Number(new URL(service.baseUrl).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (part) => {
    answer += part;
  });
  socket.on('error', () => undefined);
  socket.write(
    `POST ${paths[0]} HTTP/1.1\r\nHost: a\r\nAuthorization: ${service.token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const piece = Buffer.from(`10000\r\n${LINE}${' '.repeat(0x10000 - LINE.length - 1)}\n\r\n`);
  const until = performance.now() + 2_500;
  while (performance.now() < until && answer === '') {
    if (!socket.write(piece))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), sleep(500)]);
  }
  assert.equal(answer, '');
  socket.destroy();
});

test('trickling uploads of one token with two datamarts do not take the places of others', async (t) => {
  const { service, paths } = await setUp(
    t,
    { maxUploads: 32, maxUploadsPerDatamart: 32, maxUploadsPerToken: 32 },
    3,
  );
  const { value: token } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'other', role: 'editor', datamart_ids: null }),
  );
  const begun = Array.from({ length: 40 }, (_, i) =>
    trickle(service, paths[i % 2] ?? '', { everyMs: 1_000, text: ' ', first: LINE }),
  );
  while ((await incoming(service)) < 24) await sleep(10);
  const own = await service.call('POST', paths[0], LINE, NDJSON);
  assert.match(await refused(Promise.resolve(own), 429, 'TOO_MANY_UPLOADS'), /the last 8 of 32 uploads/);
  assert.match(own.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  // not by another token either: the datamart has its share
  const ofToken = { ...NDJSON, authorization: token };
  assert.equal((await service.call('POST', paths[0], LINE, ofToken)).status, 429);
  assert.equal((await service.call('POST', paths[2] ?? '', LINE, NDJSON)).status, 429);
  assert.equal((await service.call('POST', paths[2] ?? '', LINE, ofToken)).status, 200);
  assert.equal(await incoming(service), 24);
  for (const { request } of begun) request.destroy();
  while ((await service.call('POST', paths[0], LINE, NDJSON)).status !== 200) await sleep(20);
});

test('a token has a share of the uploads at a time', async (t) => {
  const { service, paths } = await setUp(t, { maxUploadsPerToken: 2 });
  const begun = [0, 1].map((i) =>
    trickle(service, paths[i] ?? '', { everyMs: 1_000, text: ' ', first: LINE }),
  );
  while ((await incoming(service)) < 2) await sleep(10);
  const answer = service.call('POST', paths[0], LINE, NDJSON);
  assert.match(
    await refused(answer, 429, 'TOO_MANY_UPLOADS'),
    /at most 2 uploads of a token .*maxUploadsPerToken/,
  );
  for (const { request } of begun) request.destroy();
  while ((await service.call('POST', paths[0], LINE, NDJSON)).status !== 200) await sleep(20);
});

test('a download that nobody takes is ended, and one that is taken slowly is not', async (t) => {
  const { service } = await setUp(t, { downloadIdleMs: 1_000, minBytesPerSecond: 10_000 }, 1);
  const big = await runFile(service, 'NDJSON', `{"a":"${'x'.repeat(200_000)}"}\n`.repeat(100), {
    query: 'dry_run=true',
  });
  const url = `/v1/data_file/data?uri=${encodeURIComponent(big.result.input_file_uri)}`;
  const open = () =>
    new Promise<http.IncomingMessage>((resolve) => {
      http.get(
        `${service.baseUrl}${url}`,
        { headers: { authorization: service.token }, agent: false },
        resolve,
      );
    });
  const [silent, slow] = await Promise.all([open(), open()]);
  silent.on('error', () => undefined);
  silent.pause();
  let taken = 0;
  slow.on('data', (part: Buffer) => {
    taken += part.length;
    slow.pause();
    setTimeout(() => slow.resume(), 10);
  });
  const slowEnd = new Promise<boolean>((resolve) => slow.once('close', () => resolve(slow.complete)));
  await sleep(2_500);
  const ended = new Promise<boolean>((resolve) => silent.once('close', () => resolve(silent.complete)));
  silent.resume();
  assert.equal(await ended, false);
  assert.equal(await slowEnd, true);
  assert.equal(taken, 100 * 200_009);
});

test('a connection that is opened and left idle is closed', async (t) => {
  const service = await startService(t, { requestMs: 500 });
  const socket = net.connect(Number(new URL(service.baseUrl).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
  assert.equal(await Promise.race([closed, sleep(5_000, 'open')]), 'closed');
});

test('a token has a share of the streams of events', async (t) => {
  const { service, paths } = await setUp(t, { maxEventStreamsPerToken: 2 }, 1);
  const [, documentImportId = ''] = /document_imports\/(\d+)/.exec(paths[0]) ?? [];
  const { execution: held, end } = await holdExecution(service, documentImportId);
  const url = `${paths[0]}/${held.id}/events`;
  const open = (token: string) =>
    new Promise<http.IncomingMessage>((resolve) => {
      http.get(`${service.baseUrl}${url}`, { headers: { authorization: token }, agent: false }, resolve);
    });
  const streams = [await open(service.token), await open(service.token)];
  const answer = service.call('GET', url);
  assert.match(await refused(answer, 429, 'TOO_MANY_EVENT_STREAMS'), /maxEventStreamsPerToken/);
  assert.match((await answer).headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'other', role: 'reader', datamart_ids: null }),
  );
  const other = await open(value);
  assert.equal(other.statusCode, 200);
  streams[0]?.destroy();
  for (let status = 429; status !== 200; ) {
    const again = await open(service.token);
    status = again.statusCode ?? 0;
    again.destroy();
    await sleep(20);
  }
  for (const stream of [other, ...streams]) stream.destroy();
  await end();
});
