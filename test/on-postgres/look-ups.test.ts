import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { createSegment, membershipsOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { refused } from '../http/refusals.ts';
import { onPostgres } from '../postgres.ts';

onPostgres();

test('look-ups that the database keeps waiting are answered 503 in time, and health and metrics are answered', async (t) => {
  const service = await startService(t, { lookupWaitMs: 1_000, maxLookups: 30 });
  const segment = await createSegment(service, { name: 's' });
  const line = `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segment}","expiration_duration":0}\n`;
  await runFile(service, 'NDJSON', line);
  const locker = new Client({ connectionString: service.config.store ?? assert.fail() });
  await locker.connect();
  t.after(() => locker.end());
  await locker.query('begin; lock table membership in access exclusive mode');

  const path = '/v1/datamarts/1/user_segments/user_account_id=a';
  /** What was answered, in the order of the answers. */
  const answered: string[] = [];
  const others = ['/health/ready', '/metrics'].map(async (other) => {
    assert.equal((await service.call('GET', other)).status, 200);
    answered.push(other);
  });
  const lookUps = Array.from({ length: 60 }, async () => {
    const answer = await service.call('GET', path);
    const text = await refused(Promise.resolve(answer), 503, 'LOOKUPS_OVERLOADED');
    assert.equal(answer.headers.get('retry-after'), '1');
    answered.push(text.includes('(maxLookups)') ? 'TOO_MANY' : 'TOO_LATE');
    assert.match(text, /\(maxLookups\)|within 1000 ms \(lookupWaitMs\)/);
  });
  await Promise.all([...others, ...lookUps]);
  const count = (what: string) => answered.filter((each) => each === what).length;
  assert.ok(count('TOO_MANY') > 0, 'more are there than may be');
  assert.ok(count('TOO_LATE') >= 30, 'and those that may be wait no longer than they may');
  for (const other of ['/health/ready', '/metrics'])
    assert.ok(answered.indexOf(other) < answered.indexOf('TOO_LATE'), `${other} waits for no look-up`);

  await locker.query('rollback');
  assert.equal((await membershipsOf(service, 'user_account_id=a'))?.length, 1);
});
