import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, executionsPath, runFile } from '../client.ts';
import { startService } from '../helper.ts';

/** Far less than a connection is kept that nobody uses. */
const MOST_MS = 40_000;
const LINE = '{"operation":"DELETE","user_account_id":"a","segment_id":"1"}\n';

/** A client that keeps its connections, as most do. */
function keepingAgent(t: TestContext): http.Agent {
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  return agent;
}

test('a stop does not wait for a connection on which nothing was asked', async (t) => {
  const service = await startService(t);
  const socket = net.connect(Number(new URL(service.baseUrl).port), '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  // until the service has it
  assert.equal((await service.call('GET', '/health/live')).status, 200);
  const startedAt = performance.now();
  await service.stop();
  assert.ok(performance.now() - startedAt < MOST_MS, 'stopped soon');
});

test('a stop waits for an upload to be answered, and not for its connection', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const request = http.request(`${service.baseUrl}${executionsPath({ datamartId: '1', documentImportId })}`, {
    method: 'POST',
    agent: keepingAgent(t),
    headers: { authorization: service.token, 'content-type': 'application/x-ndjson' },
  });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', (response) => resolve(response.resume()));
    request.once('error', reject);
  });
  request.write(LINE);
  await sleep(100);
  const startedAt = performance.now();
  const stopped = service.stop();
  await sleep(100);
  request.end();
  const { statusCode, headers } = await answered;
  assert.equal(statusCode, 200);
  assert.equal(headers.connection, 'close');
  await stopped;
  assert.ok(performance.now() - startedAt < MOST_MS, 'stopped soon');
});

test('a stop does not wait for the connection of a sender who goes on after he was refused', async (t) => {
  const service = await startService(t, { maxUploadBytes: 1024 });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const body = Buffer.alloc(100_000, ' ');
  const request = http.request(`${service.baseUrl}${executionsPath({ datamartId: '1', documentImportId })}`, {
    method: 'POST',
    agent: keepingAgent(t),
    headers: {
      ...{ authorization: service.token, 'content-type': 'application/x-ndjson' },
      'content-length': body.length,
    },
  });
  const refused = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', (response) => resolve(response.resume()));
    request.once('error', reject);
  });
  request.write(body.subarray(0, 10));
  assert.equal((await refused).statusCode, 413);
  const startedAt = performance.now();
  const stopped = service.stop();
  await sleep(300);
  request.end(body.subarray(10));
  await stopped;
  assert.ok(performance.now() - startedAt < MOST_MS, 'stopped soon');
});

test('a stop waits for a download to end, and not for its connection', async (t) => {
  const service = await startService(t);
  const { result } = await runFile(service, 'NDJSON', LINE.repeat(100_000));
  const uri = encodeURIComponent(result.input_file_uri);
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const headers = { authorization: service.token };
    const url = `${service.baseUrl}/v1/data_file/data?uri=${uri}`;
    http.get(url, { agent: keepingAgent(t), headers }, resolve).once('error', reject);
  });
  const startedAt = performance.now();
  const stopped = service.stop();
  await sleep(100);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  assert.equal(bytes, LINE.length * 100_000);
  await stopped;
  assert.ok(performance.now() - startedAt < MOST_MS, 'stopped soon');
});
