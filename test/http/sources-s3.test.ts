import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { startService } from '../helper.ts';
import { type S3Server, s3Error, startS3 } from '../s3.ts';
import {
  briefly,
  executionsOf,
  filesOf,
  nameOf,
  openImport,
  putSource,
  runSource,
  testSource,
} from '../sources/source-world.ts';

let s3: S3Server;
before(async () => {
  s3 = await startS3();
});
after(() => s3.close());

async function open(t: TestContext) {
  const bucket = s3.makeBucket();
  const endpoint = s3.env.AWS_ENDPOINT_URL_S3 ?? '';
  const service = await startService(t, {
    sourceHosts: [new URL(endpoint).host],
    sourceKey: randomBytes(32).toString('base64'),
    sourceRetryMs: 200,
  });
  const put = (Key: string, Body: string | Buffer) =>
    s3.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  const keys = async () =>
    ((await s3.client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(
      ({ Key }) => Key,
    );
  const source = {
    ...{ kind: 'S3', bucket, prefix: 'in', endpoint },
    credentials: { access_key_id: 'test', secret_access_key: 'test' },
  };
  return { service, put, keys, source, ...(await openImport(service)) };
}

test('objects under a prefix are taken by name and ETag, and moved by a copy', async (t) => {
  const { service, put, keys, source, importId, line } = await open(t);
  await put('in/b.ndjson', line('b'));
  await put('in/dt=2026-11-30/a b+ü.ndjson.gz', gzipSync(line('a')));
  await put('in/x.txt', 'x');
  await put('other/c.ndjson', line('c'));
  await put('inside.ndjson', line('d'));
  await putSource(service, importId, { ...source, pattern: '{*,*/*}.{ndjson,ndjson.gz}' });
  const told = await testSource(service, importId);
  assert.equal(told.connected, true, told.error ?? '');
  assert.deepEqual(
    told.files.map(({ name, would_be_taken }) => [name, would_be_taken]),
    [
      ['b.ndjson', true],
      ['dt=2026-11-30/a b+ü.ndjson.gz', true],
      ['x.txt', false],
    ],
  );
  assert.equal((await runSource(service, importId)).files_taken, 2);
  assert.equal((await runSource(service, importId)).files_taken, 0);
  await put('in/b.ndjson', line('b2'));
  const { credentials: _, ...same } = source;
  await putSource(service, importId, { ...same, pattern: '**/*.ndjson', after: 'move' });
  const moved = await runSource(service, importId);
  assert.deepEqual([moved.error, moved.files_taken], [null, 1]);
  const executions = await executionsOf(service, importId);
  assert.deepEqual(executions.map(nameOf), ['b.ndjson', 'a b+ü.ndjson', 'b.ndjson']);
  assert.ok((await keys()).includes(`in/taken/${executions[2]?.id}-b.ndjson`));
  assert.ok(!(await keys()).includes('in/b.ndjson'));
  assert.equal((await runSource(service, importId)).files_taken, 0, 'what was moved is not taken again');
  await put('in/e.ndjson', line('e'));
  await putSource(service, importId, { ...same, after: 'delete' });
  await runSource(service, importId);
  assert.ok(!(await keys()).includes('in/e.ndjson'));
});

test('with a marker, files are taken when it lies beside them', async (t) => {
  const { service, put, source, importId, line } = await open(t);
  await put('in/one/a.ndjson', line('a'));
  await put('in/two/b.ndjson', line('b'));
  await put('in/two/_SUCCESS', '');
  await putSource(service, importId, { ...source, marker: '_SUCCESS' });
  const told = await testSource(service, importId);
  assert.equal(
    told.files.find(({ name }) => name === 'one/a.ndjson')?.reason,
    'there is no _SUCCESS beside it yet',
  );
  await runSource(service, importId);
  assert.deepEqual(briefly(await filesOf(service, importId)), ['two/b.ndjson TAKEN']);
  await put('in/one/_SUCCESS', '');
  await runSource(service, importId);
  assert.deepEqual(briefly(await filesOf(service, importId)), ['two/b.ndjson TAKEN', 'one/a.ndjson TAKEN']);
});

test('more objects than a page, and than a run takes, are taken in order, run by run', async (t) => {
  const { service, put, source, importId, line } = await open(t);
  const names = Array.from({ length: 1_050 }, (_, i) => `${String(i).padStart(5, '0')}.ndjson`);
  for (let i = 0; i < names.length; i += 50)
    await Promise.all(names.slice(i, i + 50).map((name) => put(`in/${name}`, line(name))));
  await putSource(service, importId, { ...source, max_files: 3 });
  for (let i = 0; i < 2; i++) assert.equal((await runSource(service, importId)).files_taken, 3);
  assert.deepEqual(
    (await filesOf(service, importId)).map(({ name }) => name),
    names.slice(0, 6),
  );
});

test('a bucket that breaks off, refuses or is not there fails the run, and the next one goes on', async (t) => {
  const { service, put, source, importId, line } = await open(t);
  t.after(() => s3.setFaults(() => null));
  await put('in/a.ndjson', line('a'.repeat(200)));
  await putSource(service, importId, source);
  s3.setFaults(({ method, path }) =>
    method === 'GET' && path.endsWith('a.ndjson') ? { type: 'CUT', after: 50 } : null,
  );
  assert.match((await runSource(service, importId)).error ?? '', /^a\.ndjson: /);
  s3.setFaults(() => s3Error(403, 'AccessDenied'));
  assert.equal(
    (await runSource(service, importId)).error,
    'objects could not be listed: AccessDenied (HTTP 403)',
  );
  s3.setFaults(() => null);
  assert.deepEqual(await executionsOf(service, importId), []);
  assert.equal((await runSource(service, importId)).files_taken, 1);
  await putSource(service, importId, { ...source, bucket: 'no-such-bucket' });
  assert.match((await runSource(service, importId)).error ?? '', /NoSuchBucket/);
});

test('a source without credentials does not ask with those of the service', async (t) => {
  const { service, put, source, importId, line } = await open(t);
  await put('in/a.ndjson', line('a'));
  const seen: (string | undefined)[] = [];
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'of-the-service', AWS_SECRET_ACCESS_KEY: 'secret' });
  t.after(() => {
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
    s3.setFaults(() => null);
  });
  s3.setFaults((asked) => {
    seen.push(asked.headers.authorization);
    return s3Error(403, 'AccessDenied');
  });
  await putSource(service, importId, { ...source, credentials: null });
  await runSource(service, importId);
  assert.ok(seen.length > 0);
  assert.deepEqual(new Set(seen), new Set([undefined]));
});
