import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { createSegment, membershipsOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { refused } from '../http/refusals.ts';
import { onPostgres } from '../postgres.ts';

onPostgres();

test('look-ups that the database keeps waiting are answered 503 in time, and health and metrics are answered', async (t) => {
  const service = await startService(t, { lookupWaitMs: 300, maxLookups: 30 });
  const segment = await createSegment(service, { name: 's' });
  const line = `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segment}","expiration_duration":0}\n`;
  await runFile(service, 'NDJSON', line);
  const locker = new Client({ connectionString: service.config.store ?? assert.fail() });
  await locker.connect();
  t.after(() => locker.end());
  await locker.query('begin; lock table membership in access exclusive mode');

  const path = '/v1/datamarts/1/user_segments/user_account_id=a';
  const begunAt = performance.now();
  const [answers, ...others] = await Promise.all([
    Promise.all(Array.from({ length: 60 }, () => service.call('GET', path))),
    service.call('GET', '/health/ready'),
    service.call('GET', '/metrics'),
  ]);
  const took = performance.now() - begunAt;
  assert.deepEqual(
    others.map(({ status }) => status),
    [200, 200],
  );
  const texts = await Promise.all(
    answers.map((answer) => refused(Promise.resolve(answer), 503, 'LOOKUPS_OVERLOADED')),
  );
  for (const { headers } of answers) assert.equal(headers.get('retry-after'), '1');
  assert.equal(texts.filter((text) => text.includes('(maxLookups)')).length, 30);
  assert.equal(texts.filter((text) => text.includes('within 300 ms (lookupWaitMs)')).length, 30);
  assert.ok(took >= 300 && took < 2_000, `${took} ms`);

  await locker.query('rollback');
  assert.equal((await membershipsOf(service, 'user_account_id=a'))?.length, 1);
});
