import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Store } from '../../src/store/store.ts';
import { startService } from '../helper.ts';
import { appOver } from './app-over.ts';

test('is live, ready, measured and described without a token', async (t) => {
  const service = await startService(t);
  const get = (path: string) => fetch(`${service.baseUrl}${path}`);
  for (const path of ['/health/live', '/health/ready', '/health']) {
    assert.deepEqual(await (await get(path)).json(), { status: 'ok' });
  }
  const metrics = await (await get('/metrics')).text();
  for (const name of [
    'muster_http_request_duration_seconds_bucket',
    'muster_executions{status="PENDING"} 0',
    'nodejs_eventloop_lag_seconds',
    'process_resident_memory_bytes',
  ]) {
    assert.ok(metrics.includes(name), name);
  }
  assert.ok(metrics.includes('route="/health/live"'));
  const page = await get('/docs');
  const html = await page.text();
  assert.doesNotMatch(html, /(src|href)="https?:/);
  assert.equal((await get('/docs/static/swagger-ui.css')).status, 200);
});

test('tells that workers of the database are down, and is ready for what the others have', async (t) => {
  const service = await startService(t);
  let down: readonly string[] = ['worker-2:5432'];
  const app = await appOver(t, service, { store: { ...service.store, workersDown: () => down } });
  const ready = await app.inject('/health/ready');
  assert.equal(ready.statusCode, 200);
  assert.deepEqual(ready.json(), { status: 'degraded', workers_down: 1 });
  assert.match((await app.inject('/metrics')).body, /^muster_store_workers_down 1$/m);
  down = [];
  assert.deepEqual((await app.inject('/health/ready')).json(), { status: 'ok' });
});

test('describes every call of the API in OpenAPI 3.1', async (t) => {
  const service = await startService(t);
  const description = (await (await fetch(`${service.baseUrl}/openapi.json`)).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { summary?: string; requestBody?: { content: object } }>>;
  };
  assert.equal(description.openapi, '3.1.0');
  const calls = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => ({ name: `${method} ${path}`, call })),
  );
  for (const { name, call } of calls) assert.ok(call.summary, `${name} has a summary`);
  const imports = '/v1/datamarts/{datamartId}/document_imports';
  for (const name of [
    `post ${imports}`,
    `put ${imports}/{importId}`,
    `post ${imports}/{importId}/executions`,
    'get /v1/data_file/data',
    'delete /v1/api_tokens/{tokenId}',
  ]) {
    assert.ok(
      calls.some((call) => call.name === name),
      name,
    );
  }
  const uploadCall = description.paths[`${imports}/{importId}/executions`]?.post;
  assert.deepEqual(Object.keys(uploadCall?.requestBody?.content ?? {}), [
    'application/x-ndjson',
    'text/csv',
    'multipart/form-data',
  ]);
});

const failing = () => Promise.reject(new Error('secret reason'));

test('answers a fault with a bare 500 whose id is in the log, and is not ready', async (t) => {
  const service = await startService(t);
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  // Faults are the one thing the real store cannot be asked for.
  const store: Store = {
    ...service.store,
    check: failing,
    datamarts: { ...service.store.datamarts, get: failing },
  };
  const app = await appOver(t, service, { store, logger });
  const answer = await app.inject({
    url: '/v1/datamarts/1?email_hash=secret-hash',
    headers: { authorization: service.token },
  });
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /secret/);
  const { error, error_code, error_id } = answer.json();
  assert.deepEqual([error, error_code], ['Internal Server Error', 'INTERNAL_ERROR']);
  assert.ok(lines.some((line) => line.includes(error_id) && line.includes('secret reason')));
  assert.ok(!lines.some((line) => line.includes('secret-hash') || line.includes(service.token)));
  assert.ok(lines.some((line) => line.includes('"route":"/v1/datamarts/:datamartId"')));
  const health = await app.inject({ url: '/health/ready' });
  assert.equal(health.statusCode, 503);
  assert.equal(health.json().error_code, 'NOT_READY');
  assert.equal((await app.inject({ url: '/health/live' })).statusCode, 200);
});
