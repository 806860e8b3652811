import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
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
  runFile,
  upload,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { HELD_NAME, holdExecution } from './held-execution.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const LINE =
  '{"operation":"UPDATE","user_account_id":"a","segment_technical_name":"s","expiration_duration":0}\n';
/** Within a second, and what the machine of the tests takes. */
const SOON_MS = 1_500;

type Token = { readonly id: string; readonly value: string };
/** How a request that was under way ended. */
type End = { readonly status: number | null; readonly broken: boolean; readonly text: string };
type Started = {
  readonly request: http.ClientRequest;
  readonly begun: Promise<unknown>;
  readonly ended: Promise<End>;
};

async function setUp(t: TestContext, overrides: Partial<Config> = {}, clock?: () => number) {
  const service = await startService(t, overrides, clock);
  await createSegment(service, { name: 's', technical_name: 's' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const createToken = (more: object = {}) =>
    dataOf<Token>(
      service.call('POST', '/v1/api_tokens', { name: 'one', role: 'editor', datamart_ids: null, ...more }),
    );
  return {
    service,
    documentImportId,
    executions: executionsPath({ datamartId: '1', documentImportId }),
    createToken,
  };
}

/** A request that goes on until it is ended; `take` reads its answer, as slowly as it likes. */
function start(
  service: TestService,
  { method, url, token, headers = {} }: { method: string; url: string; token: string; headers?: object },
  take: (response: IncomingMessage) => void = (response) => response.resume(),
): Started {
  const request = http.request(`${service.baseUrl}${url}`, {
    method,
    headers: { authorization: token, ...headers },
    agent: false,
  });
  if (method === 'GET') request.end();
  let begin: (value: unknown) => void = () => undefined;
  const begun = new Promise((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<End>((resolve) => {
    let status: number | null = null;
    let text = '';
    request.once('error', () => resolve({ status, broken: true, text }));
    request.once('response', (response) => {
      status = response.statusCode ?? null;
      response.on('error', () => undefined);
      response.on('data', (part) => {
        text += part;
        begin(part);
      });
      response.once('close', () => resolve({ status, broken: !response.complete, text }));
      take(response);
    });
  });
  return { request, begun, ended };
}

/** What ends a token, by the name that a test has for it. */
const WAYS = ['deleted', 'expired'] as const;

async function endToken(service: TestService, way: (typeof WAYS)[number], { id }: Token, expiresAt: number) {
  if (way === 'deleted') await dataOf(service.call('DELETE', `/v1/api_tokens/${id}`));
  else await sleep(Math.max(0, expiresAt - Date.now()));
}

async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = sleep(SOON_MS, 'late' as const, { ref: false });
  const first = await Promise.race([promise, late]);
  assert.notEqual(first, 'late', `${what} did not end`);
  return promise;
}

async function filesOf(service: TestService): Promise<number> {
  const documents = path.join(service.config.data, 'documents');
  const names = await Promise.all(['incoming', 'kept'].map((name) => readdir(path.join(documents, name))));
  return names.flat().length;
}

for (const way of WAYS) {
  test(`what a token has under way ends when it is ${way}`, async (t) => {
    const { service, documentImportId, executions, createToken } = await setUp(t);
    // more than what lies in the buffers between the service and a client that stands still
    const big = await runFile(service, 'NDJSON', `{"a":"${'x'.repeat(200_000)}"}\n`.repeat(100));
    const { execution, end } = await holdExecution(service, documentImportId);
    const filesBefore = await filesOf(service);
    const expiresAt = Date.now() + 3_500;
    const token = await createToken(way === 'expired' ? { expiration_date: expiresAt } : {});
    const of = { token: token.value };

    const uploading = start(service, { method: 'POST', url: executions, headers: NDJSON, ...of });
    uploading.request.write(LINE);
    const form = { 'content-type': 'multipart/form-data; boundary=b' };
    const inForm = start(service, { method: 'POST', url: executions, headers: form, ...of });
    inForm.request.write(`--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${LINE}`);
    const betweenParts = start(service, { method: 'POST', url: executions, headers: form, ...of });
    betweenParts.request.write(
      `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n${LINE}\r\n--b\r\nContent-`,
    );
    const waiting = start(service, {
      ...{ method: 'POST', url: executions, ...of },
      headers: { ...NDJSON, expect: '100-continue' },
    });
    await new Promise((resolve) => waiting.request.once('continue', resolve));
    const body = start(service, {
      ...{ method: 'POST', url: '/v1/audience_segments', ...of },
      headers: { 'content-type': 'application/json' },
    });
    body.request.write('{"name":');
    const events = start(service, { method: 'GET', url: `${executions}/${execution.id}/events`, ...of });
    const uri = encodeURIComponent(big.result.input_file_uri);
    const paused = (response: IncomingMessage) => {
      response.once('data', () => response.pause());
      setTimeout(() => response.resume(), 3_500).unref();
    };
    const download = start(service, { method: 'GET', url: `/v1/data_file/data?uri=${uri}`, ...of }, paused);
    await Promise.all([events.begun, download.begun]);
    const others = start(service, {
      method: 'GET',
      url: `${executions}/${execution.id}/events`,
      token: service.token,
    });
    await others.begun;

    await endToken(service, way, token, expiresAt);
    const text = new RegExp(way === 'deleted' ? 'deleted' : 'expired');
    for (const [name, { ended }] of Object.entries({ uploading, inForm, waiting })) {
      const { status, text: answer } = await soon(ended, name);
      assert.equal(status, 401, name);
      assert.match(answer, text);
    }
    assert.equal((await soon(betweenParts.ended, 'a form between two parts')).broken, true);
    assert.equal((await soon(body.ended, 'a JSON body')).broken, true);
    assert.equal((await soon(events.ended, 'events')).status, 200);
    const downloaded = await sleep(0).then(() => download.ended);
    assert.deepEqual(
      [downloaded.status, downloaded.broken],
      [200, true],
      'nobody takes it for the whole file',
    );

    const again = await service.call('GET', '/v1/audience_segments', undefined, {
      authorization: token.value,
    });
    assert.equal(again.status, 401);
    assert.equal(await Promise.race([others.ended, sleep(200, 'on')]), 'on', 'other tokens go on');
    others.request.destroy();
    for (let tries = 0; (await filesOf(service)) !== filesBefore; tries++) {
      assert.ok(tries < 200, 'a part of an upload was kept');
      await sleep(10);
    }
    type Made = { readonly result: { readonly input_file_name: string } };
    const made = await dataOf<Made[]>(service.call('GET', executions));
    assert.deepEqual([...new Set(made.map(({ result }) => result.input_file_name))], [HELD_NAME]);
    await end();
  });
}

test('an expiry is noticed by a clock that was set as well', async (t) => {
  let ahead = 0;
  const { service, executions, createToken } = await setUp(t, {}, () => Date.now() + ahead);
  const token = await createToken({ expiration_date: Date.now() + 3_600_000 });
  const uploading = start(service, { method: 'POST', url: executions, headers: NDJSON, token: token.value });
  uploading.request.write(LINE);
  await sleep(100);
  ahead = 3_600_001;
  assert.equal((await soon(uploading.ended, 'an upload')).status, 401);
});

test('a change that has all it needs is finished with its token, and a token may delete itself', async (t) => {
  const { service, executions, documentImportId, createToken } = await setUp(t);
  const token = await createToken({ role: 'admin' });
  const { status } = await service.call('DELETE', `/v1/api_tokens/${token.id}`, undefined, {
    authorization: token.value,
  });
  assert.equal(status, 200);
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' as const, body: LINE };
  await upload(service, of);
  const listed = await dataOf<ExecutionAnswer[]>(service.call('GET', executions));
  assert.equal(listed.length, 1);
});

test('a file that is being written for a token is given up with it', async (t) => {
  const { service, createToken } = await setUp(t);
  const segmentId = await createSegment(service, { name: 'large' });
  const token = await createToken({ role: 'reader' });
  const { store } = service;
  let writing: (value: unknown) => void = () => undefined;
  const begun = new Promise((resolve) => {
    writing = resolve;
  });
  // as the members of a segment that is so large that it takes minutes
  store.writeMembers = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('interrupted')));
      writing(null);
    });
  const url = `/v1/audience_segments/${segmentId}/export_file`;
  const download = start(service, { method: 'GET', url, token: token.value });
  await begun;
  await dataOf(service.call('DELETE', `/v1/api_tokens/${token.id}`));
  assert.equal((await soon(download.ended, 'a download')).broken, true);
  for (let tries = 0; (await filesOf(service)) > 0; tries++) {
    assert.ok(tries < 200, 'what was written of it is still there');
    await sleep(10);
  }
});
