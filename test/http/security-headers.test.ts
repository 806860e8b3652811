import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, errorFile, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { exchange } from '../raw-socket.ts';

const EXPECTED = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'content-security-policy': /default-src 'none';.*frame-ancestors 'none'/,
} as const;

function assertSecure(headers: Headers, where: string): void {
  for (const [name, value] of Object.entries(EXPECTED)) {
    const got = headers.get(name) ?? '';
    if (typeof value === 'string') assert.equal(got, value, `${name} of ${where}`);
    else assert.match(got, value, `${name} of ${where}`);
  }
  assert.equal(headers.get('server'), null, where);
  assert.equal(headers.get('x-powered-by'), null, where);
}

test('every answer carries the security headers, refusals and pages too, and names no software', async (t) => {
  const service = await startService(t);
  for (const [method, path] of [
    ['GET', '/v1/datamarts'],
    ['GET', '/v1/datamarts/77'],
    ['GET', '/v1/nothing'],
    ['PATCH', '/v1/datamarts'],
    ['GET', '/v1/%zz'],
    ['GET', '/health'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['GET', '/'],
    ['GET', '/docs'],
    ['GET', '/docs/static/swagger-ui-bundle.js'],
    ['GET', '/docs/nothing'],
    ['OPTIONS', '/v1/datamarts'],
  ] as const) {
    const { headers, text } = await service.call(method, path);
    assertSecure(headers, `${method} ${path}`);
    if (!path.endsWith('.js')) assert.doesNotMatch(text, /fastify|node\.?js_version|v20\.|duckdb/i, path);
  }
});

test('what is no request is answered with the security headers', async (t) => {
  const service = await startService(t);
  const { head } = await exchange(service, 'nonsense\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 400 /);
  for (const name of Object.keys(EXPECTED)) assert.match(head, new RegExp(`^${name}: `, 'im'));
});

test('the page at /docs may run its own scripts and none in its text', async (t) => {
  const service = await startService(t);
  for (const path of ['/docs', '/docs/', '/docs/static/index.html']) {
    const { headers, text, status } = await service.call('GET', path);
    if (status === 404) continue;
    assert.match(headers.get('content-security-policy') ?? '', /script-src 'self';/);
    for (const [, attributes = '', content = ''] of text.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
      assert.match(attributes, / src="\.?\/?[^:]*"/);
      assert.equal(content.trim(), '');
    }
  }
});

test('files are downloads: an attachment of no type that a browser shows', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'CSV' });
  const html = 'operation,user_account_id\n<script>alert(1)</script>,x\n';
  const execution = await runFile(service, 'CSV', html, { documentImportId });
  assert.match(await errorFile(service, execution), /<script>/);
  for (const uri of [execution.result.input_file_uri, execution.result.error_file_uri ?? '']) {
    const { headers } = await service.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(uri)}`);
    assertSecure(headers, uri);
    assert.equal(headers.get('content-type'), 'application/octet-stream');
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename=/);
    assert.equal(headers.get('cache-control'), 'private, no-store');
  }
});

test('no origin may call unless it is configured', async (t) => {
  const closed = await startService(t);
  const origin = 'https://elsewhere.example';
  const asked = await closed.call('GET', '/v1/datamarts', undefined, { origin });
  assert.equal(asked.headers.get('access-control-allow-origin'), null);
  const open = await startService(t, { corsOrigins: ['https://console.example'] });
  const other = await open.call('GET', '/v1/datamarts', undefined, { origin });
  assert.notEqual(other.headers.get('access-control-allow-origin'), origin);
  assert.notEqual(other.headers.get('access-control-allow-origin'), '*');
});

test('over TLS, and by a trusted proxy that speaks it, a browser is told to come by TLS alone', async (t) => {
  const service = await startService(t, { trustProxy: ['127.0.0.1'] });
  const tooLong = `/v1/datamarts/${'1'.repeat(1_001)}`;
  const of = async (path: string, protocol: string) => {
    const headers = { 'x-forwarded-proto': protocol };
    return (await service.call('GET', path, undefined, headers)).headers.get('strict-transport-security');
  };
  for (const path of ['/', '/v1/datamarts', '/v1/datamarts/77', '/docs', '/health', '/v1/%zz', tooLong]) {
    assert.equal(await of(path, 'https'), 'max-age=31536000', path);
    assert.equal(await of(path, 'http'), null, path);
  }
});

test('without TLS, nobody is told to come by it, whatever a client says', async (t) => {
  const service = await startService(t);
  const { headers } = await service.call('GET', '/', undefined, { 'x-forwarded-proto': 'https' });
  assert.equal(headers.get('strict-transport-security'), null);
});
