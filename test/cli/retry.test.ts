import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSegment, getSegment } from '../client.ts';
import { type Fate, openProxy } from './proxy.ts';
import { muster, startMuster } from './run.ts';

async function importThrough(t: TestContext, fates: Fate[]) {
  const { service, folder } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const line =
    '{"operation":"UPDATE","user_account_id":"u1","segment_technical_name":"vip","expiration_duration":0}\n';
  await writeFile(path.join(folder, 'day.ndjson'), line);
  const url = await openProxy(t, { target: service.baseUrl, fates });
  const env = { MUSTER_URL: url, MUSTER_TOKEN: service.token };
  const run = await muster(['import', 'day.ndjson'], { env, cwd: folder });
  assert.equal(fates.length, 0, 'every fate came true');
  const imports = await service.call('GET', '/v1/datamarts/1/document_imports');
  const [{ id } = { id: '' }] = (imports.json as { data: { id: string }[] }).data;
  const executions = await service.call('GET', `/v1/datamarts/1/document_imports/${id}/executions`);
  const { total } = executions.json as { total: number };
  return { ...run, total, members: (await getSegment(service, segmentId)).user_points_count };
}

test('an import whose answer was lost is sent again and applied once', async (t) => {
  const { code, stderr, total, members } = await importThrough(t, ['DROP_ANSWER', 'DROP_REQUEST']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the connection broke \(\w+\); the file is sent again in /);
  assert.deepEqual({ total, members }, { total: 1, members: 1 });
});

test('an import waits for a service that is away for a moment', async (t) => {
  const { code, stderr, total, members } = await importThrough(t, ['ANSWER_503', 'ANSWER_503_HTML']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the service answered 503; the file is sent again in /);
  assert.deepEqual({ total, members }, { total: 1, members: 1 });
});
