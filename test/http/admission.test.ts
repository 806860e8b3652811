import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  waitForEnd,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { holdExecution } from './held-execution.ts';
import { refused } from './refusals.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const LINE = '{"operation":"DELETE","user_account_id":"a","segment_technical_name":"s"}\n';

/** A service with two datamarts, and ways to send to them. */
async function setUp(t: TestContext, overrides: Partial<Config>) {
  const service = await startService(t, overrides);
  await createSegment(service, { name: 's', technical_name: 's' });
  const { id } = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  const paths = await Promise.all(
    ['1', id].map(async (datamartId) => {
      const documentImportId = await createImport(service, { format: 'NDJSON', datamartId });
      return executionsPath({ datamartId, documentImportId });
    }),
  );
  const [first = '', second = ''] = paths;
  return { service, first, second, send: (url: string) => service.call('POST', url, LINE, NDJSON) };
}

/** An upload that has begun and goes on when told to. */
function begin(service: TestService, url: string) {
  const request = http.request(`${service.baseUrl}${url}`, {
    method: 'POST',
    headers: { ...NDJSON, authorization: service.token },
    agent: false,
  });
  const status = new Promise<number>((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  status.catch(() => {});
  request.write(LINE);
  return { request, status };
}

async function untilIncoming(service: TestService, files: number): Promise<void> {
  const incoming = path.join(service.config.data, 'documents', 'incoming');
  while ((await readdir(incoming)).length !== files) await sleep(5);
}

test('more uploads to a datamart than are taken at a time are answered 429, and others are taken', async (t) => {
  const { service, first, second, send } = await setUp(t, { maxUploadsPerDatamart: 2 });
  const begun = [begin(service, first), begin(service, first)];
  await untilIncoming(service, 2);
  const answer = await send(first);
  const text = await refused(Promise.resolve(answer), 429, 'TOO_MANY_UPLOADS');
  assert.match(text, /at most 2 uploads .*maxUploadsPerDatamart/);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.equal((await send(second)).status, 200);
  for (const { request } of begun) request.end();
  assert.deepEqual(await Promise.all(begun.map(({ status }) => status)), [200, 200]);
  assert.equal((await send(first)).status, 200);
});

test('more uploads in all than are taken at a time are answered 503', async (t) => {
  const { service, first, second, send } = await setUp(t, { maxUploads: 1 });
  const begun = begin(service, first);
  await untilIncoming(service, 1);
  const answer = await send(second);
  assert.match(await refused(Promise.resolve(answer), 503, 'OVERLOADED'), /at most 1 uploads .*maxUploads\)/);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  begun.request.end();
  assert.equal(await begun.status, 200);
});

test('a sender who goes away makes room, and leaves no file and no execution', async (t) => {
  const { service, first, send } = await setUp(t, { maxUploads: 1 });
  const begun = begin(service, first);
  await untilIncoming(service, 1);
  begun.request.destroy();
  await untilIncoming(service, 0);
  assert.deepEqual(await readdir(path.join(service.config.data, 'documents', 'kept')), []);
  assert.deepEqual(await dataOf(service.call('GET', first)), []);
  assert.equal((await send(first)).status, 200);
});

for (const [setting, status, code] of [
  ['maxPendingPerDatamart', 429, 'TOO_MANY_EXECUTIONS'],
  ['maxPending', 503, 'OVERLOADED'],
] as const) {
  test(`an upload beyond ${setting} is answered ${status} until some have ended`, async (t) => {
    const { service, first, second, send } = await setUp(t, { [setting]: 2 });
    const held = await holdRunning(service, first);
    const waiting = [await dataOf<ExecutionAnswer>(send(first)), await dataOf<ExecutionAnswer>(send(first))];
    const answer = await send(first);
    const text = await refused(Promise.resolve(answer), status, code);
    assert.ok(text.includes(`at most 2 executions`) && text.includes(`(${setting}), 2 do`), text);
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.equal((await send(second)).status, setting === 'maxPending' ? 503 : 200);
    await held.end();
    for (const execution of waiting) await waitForEnd(service, execution);
    while ((await send(first)).status !== 200) await sleep(100);
  });
}

/** Lets another worker hold the datamart of `url`, so that its executions wait until `end`. */
async function holdRunning(service: TestService, url: string) {
  const [, datamartId = '', documentImportId = ''] =
    /datamarts\/(\d+)\/document_imports\/(\d+)/.exec(url) ?? [];
  const held = await holdExecution(service, documentImportId, datamartId);
  return {
    async end() {
      await held.end();
      // Wakes the runner.
      await service.call('POST', url, LINE, NDJSON);
    },
  };
}

test('an upload that would leave too little of the disk free is refused before it is read', async (t) => {
  const { service, first, send } = await setUp(t, { minFreeBytes: Number.MAX_SAFE_INTEGER });
  const answer = await send(first);
  const text = await refused(Promise.resolve(answer), 507, 'INSUFFICIENT_STORAGE');
  assert.match(text, /9007199254740991 bytes of the disk must stay free \(minFreeBytes\)/);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.deepEqual(await readdir(path.join(service.config.data, 'documents', 'kept')), []);
  assert.deepEqual(await dataOf(service.call('GET', first)), []);
});

test('a sender who waits to be asked is asked for what is taken, and for nothing else', async (t) => {
  const { service, first } = await setUp(t, { maxUploadBytes: 100 });
  const ask = async (headers: Record<string, string>, method = 'POST', url = first) => {
    const request = http.request(`${service.baseUrl}${url}`, {
      method,
      headers: { authorization: service.token, expect: '100-continue', ...headers },
      agent: false,
    });
    let asked = false;
    request.once('continue', () => {
      asked = true;
      request.end(LINE);
    });
    request.flushHeaders();
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once('response', resolve).once('error', reject);
    });
    const text = (await response.setEncoding('utf8').toArray()).join('');
    request.destroy();
    return { asked, status: response.statusCode, text, connection: response.headers.connection };
  };
  const length = { 'content-length': String(LINE.length) };
  const taken = await ask({ ...NDJSON, ...length });
  assert.deepEqual([taken.asked, taken.status], [true, 200], taken.text);
  for (const [headers, status] of [
    [{ ...NDJSON, 'content-length': '101' }, 413],
    [{ ...NDJSON, ...length, authorization: 'wrong' }, 401],
    [{ 'content-type': 'text/csv', ...length }, 400],
  ] as const) {
    const { asked, ...refusal } = await ask(headers);
    assert.deepEqual([asked, refusal.status, refusal.connection], [false, status, 'close']);
  }
  const json = await ask({ 'content-type': 'application/json', ...length }, 'POST', '/v1/audience_segments');
  assert.deepEqual([json.asked, json.status], [true, 400], json.text);
});
