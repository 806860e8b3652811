import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startService } from '../helper.ts';
import { startNameServer } from '../name-server.ts';
import {
  briefly,
  executionsOf,
  filesOf,
  getSource,
  nameOf,
  openImport,
  putSource,
  runSource,
  sourcePath,
  testSource,
} from '../sources/source-world.ts';
import { startTlsFiles } from '../sources/tls-files.ts';
import { refused } from './refusals.ts';

const KEY = randomBytes(32).toString('base64');
const NEAR = { sourceHosts: ['127.0.0.1'], sourceKey: KEY, sourceRetryMs: 200 } as const;

const etagOf = (body: string | Buffer) => `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;

test('a file of a web server is asked for by its version, and taken when it is another', async (t) => {
  const files = await startTlsFiles(t);
  const service = await startService(t, NEAR);
  const { importId, line } = await openImport(service, 'CSV');
  const csv = (user: string) => `operation,user_account_id,segment_id,expiration_ts\n${line(user)}`;
  let body = csv('a');
  files.answer = (request, response) => {
    const etag = etagOf(body);
    if (request.headers.authorization !== `Basic ${Buffer.from('u:pass').toString('base64')}`)
      response.writeHead(401).end();
    else if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag, 'content-encoding': 'gzip' }).end(gzipSync(body));
  };
  const source = { kind: 'HTTPS', url: `${files.url}/export/users.csv?day=1`, ca: files.ca };
  await putSource(service, importId, { ...source, credentials: { user: 'u', password: 'wrong' } });
  const refusedRun = await runSource(service, importId);
  assert.deepEqual(
    [refusedRun.status, refusedRun.error],
    ['FAILED', 'the server refuses the credentials (401)'],
  );
  const put = await putSource(service, importId, { ...source, credentials: { user: 'u', password: 'pass' } });
  assert.equal(put.has_credentials, true);
  assert.doesNotMatch(JSON.stringify(put), /"pass"/);

  assert.deepEqual(
    (await testSource(service, importId)).files.map(({ name, would_be_taken }) => [name, would_be_taken]),
    [['users.csv', true]],
  );
  assert.equal((await runSource(service, importId)).files_taken, 1);
  assert.equal((await runSource(service, importId)).files_taken, 0);
  assert.equal(files.requests.at(-1)?.headers['if-none-match'], etagOf(body));
  body = csv('b');
  assert.equal((await runSource(service, importId)).files_taken, 1);
  const executions = await executionsOf(service, importId);
  assert.deepEqual(
    executions.map(({ result }) => result.total_success),
    [1, 1],
  );
  assert.deepEqual(executions.map(nameOf), ['users.csv', 'users.csv']);
  assert.deepEqual(briefly(await filesOf(service, importId)), ['users.csv TAKEN', 'users.csv TAKEN']);
});

test('a server that tells no version is read each time, and what it gives is taken when it is other bytes', async (t) => {
  const files = await startTlsFiles(t);
  const service = await startService(t, NEAR);
  const { importId, line } = await openImport(service);
  let body = line('a');
  files.answer = (_request, response) => response.writeHead(200).end(body);
  await putSource(service, importId, { kind: 'HTTPS', url: `${files.url}/`, ca: files.ca });
  for (const next of ['a', 'a', 'b', 'a']) {
    body = line(next);
    await runSource(service, importId);
  }
  assert.deepEqual(briefly(await filesOf(service, importId)), [
    'file TAKEN',
    'file SAME',
    'file TAKEN',
    'file TAKEN',
  ]);
});

test('what a server does otherwise than it should fails the run, and says what', async (t) => {
  const files = await startTlsFiles(t);
  const service = await startService(t, { ...NEAR, maxUploadBytes: 10_000, uploadIdleMs: 1_000 });
  const { importId, line } = await openImport(service);
  const source = { kind: 'HTTPS', url: `${files.url}/u.ndjson`, ca: files.ca };
  await putSource(service, importId, source);
  const told = async (answer: typeof files.answer, expected: RegExp, of: 'error' | 'file' = 'error') => {
    files.answer = answer;
    const run = await runSource(service, importId);
    const file = (await filesOf(service, importId)).at(-1);
    assert.match((of === 'error' ? run.error : file?.reason) ?? '', expected);
  };
  await told(
    (_, to) => to.writeHead(302, { location: 'https://169.254.169.254/' }).end(),
    /leads elsewhere \(302\)/,
  );
  await told((_, to) => to.writeHead(500).end(), /answered 500, expected 200/);
  await told((request) => request.socket.destroy(), /connection broke|closed/);
  await told(
    (_, to) => void to.writeHead(200, { 'content-length': 500 }).write(line('a'), () => to.destroy()),
    /^u\.ndjson: the connection/,
  );
  await told((_, to) => void to.writeHead(200).write(line('a')), /must go on within 1000 ms/);
  await told((_, to) => to.writeHead(200).end('x'.repeat(20_000)), /at most 10000 bytes/, 'file');
  await told((_, to) => to.writeHead(200).end(gzipSync('x'.repeat(20_000))), /at most 10000 bytes/, 'file');
  await told(
    (_, to) => to.writeHead(200, { 'content-encoding': 'br' }).end('x'),
    /Content-Encoding must be/,
    'file',
  );
  await told((_, to) => to.writeHead(200).end(), /empty|nothing/i, 'file');
  assert.deepEqual(await executionsOf(service, importId), []);
  await putSource(service, importId, { ...source, ca: null });
  await told((_, to) => to.end(line('a')), /certificate of the server is not trusted/);
});

test('credentials stay with the place they were given for', async (t) => {
  const files = await startTlsFiles(t);
  const service = await startService(t, { ...NEAR, sourceHosts: ['127.0.0.1', 'files.test'] });
  const { importId } = await openImport(service);
  const at = sourcePath(importId);
  const source = { kind: 'HTTPS', url: `${files.url}/u`, ca: files.ca };
  await putSource(service, importId, { ...source, credentials: { token: 'sekret-token' } });
  await putSource(service, importId, { ...source, url: `${files.url}/other` });
  assert.equal((await getSource(service, importId)).has_credentials, true);
  await runSource(service, importId);
  assert.equal(files.requests.at(-1)?.headers.authorization, 'Bearer sekret-token');
  for (const elsewhere of [
    { ...source, url: `https://files.test:${files.port}/u` },
    { ...source, url: `http://127.0.0.1:${files.port}/u` },
    { ...source, url: 'https://127.0.0.1:1/u' },
    { ...source, ca: null },
    { kind: 'S3', bucket: 'b-1' },
  ])
    assert.match(await refused(service.call('PUT', at, elsewhere), 400, 'INVALID_REQUEST'), /given again/);
  await putSource(service, importId, { ...source, url: 'https://127.0.0.1:1/u', credentials: null });
  assert.equal((await getSource(service, importId)).has_credentials, false);
  const audit = await service.call('GET', '/v1/audit_log?max_results=1000');
  const stored = await service.store.sources.credentials(importId);
  assert.equal(stored, null);
  assert.doesNotMatch(audit.text, /sekret/);
});

test('a name that leads into a private network is not connected to, whatever it was when it was set up', async (t) => {
  const seen: string[] = [];
  const inside = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  t.after(() => inside.close());
  const { port } = inside.address() as AddressInfo;
  let looks = 0;
  const names = await startNameServer(t, (name, kind) => {
    if (kind !== 'A') return [];
    if (name === 'inside.test') return ['127.0.0.1'];
    if (name === 'both.test') return ['93.184.216.34', '127.0.0.1'];
    return name === 'rebinds.test' ? [++looks > 1 ? '127.0.0.1' : '10.0.0.1'] : undefined;
  });
  const service = await startService(t, { webhookNameServers: [names.address], sourceHosts: ['named.test'] });
  const { importId } = await openImport(service);
  for (const host of ['inside.test', 'both.test', 'rebinds.test', 'rebinds.test']) {
    await putSource(service, importId, { kind: 'HTTPS', url: `https://${host}:${port}/u` });
    const { error, status } = await runSource(service, importId);
    assert.deepEqual([status, error], ['FAILED', 'the host is not at a public address']);
    assert.equal((await testSource(service, importId)).error, 'the host is not at a public address');
    for (const more of [
      { kind: 'S3', bucket: 'b-1', endpoint: `https://${host}:${port}` },
      { kind: 'SFTP', host, port, user: 'u' },
    ]) {
      await putSource(service, importId, more);
      assert.equal((await testSource(service, importId)).connected, false);
    }
  }
  assert.deepEqual(seen, []);
  const http = { kind: 'HTTPS', url: `http://other.test:${port}/u` };
  assert.match(
    await refused(service.call('PUT', sourcePath(importId), http), 400, 'INVALID_REQUEST'),
    /sourceHosts/,
  );
});

test('a key that is another makes sources say so, and the key before brings their credentials over', async (t) => {
  const files = await startTlsFiles(t);
  files.answer = (_, response) => response.writeHead(404).end();
  const first = await startService(t, NEAR);
  const { importId } = await openImport(first);
  const source = {
    kind: 'HTTPS',
    url: `${files.url}/u`,
    ca: files.ca,
    credentials: { token: 'sekret-token' },
  };
  await putSource(first, importId, source);
  const before = await first.store.sources.credentials(importId);
  await first.stop();
  const data = { data: first.config.data, store: first.config.store };
  const other = randomBytes(32).toString('hex');
  const lost = await startService(t, { ...NEAR, ...data, sourceKey: other });
  assert.match((await runSource(lost, importId)).error ?? '', /a key that this service does not have/);
  await lost.stop();
  const rotated = await startService(t, { ...NEAR, ...data, sourceKey: other, sourceKeyBefore: KEY });
  assert.equal((await runSource(rotated, importId)).status, 'SUCCEEDED');
  const after = await rotated.store.sources.credentials(importId);
  assert.notEqual(after, before);
  await rotated.stop();
  const alone = await startService(t, { ...NEAR, ...data, sourceKey: other });
  assert.equal((await runSource(alone, importId)).status, 'SUCCEEDED');
  assert.equal(files.requests.at(-1)?.headers.authorization, 'Bearer sekret-token');
});
