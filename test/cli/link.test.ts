import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createSegment, membershipsOf } from '../client.ts';
import { startMuster } from './run.ts';

test('muster link gives a user one more identifier, and refuses one of another user', async (t) => {
  const { run, folder, service } = await startMuster(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const csv =
    'operation,user_account_id,segment_technical_name,expiration_ts\nUPDATE,ada,vip,0\nUPDATE,bob,vip,0\n';
  await writeFile(path.join(folder, 'users.csv'), csv);
  assert.equal((await run('import', 'users.csv')).code, 0);

  const linked = await run('link', 'user_account_id=ada', '--email-hash', 'of-ada');
  assert.deepEqual([linked.code, linked.stdout], [0, 'identifier added\n']);
  assert.equal((await membershipsOf(service, 'email_hash=of-ada'))?.length, 1);
  const again = await run('link', 'email_hash=of-ada', '--email-hash', 'of-ada', '--json');
  assert.equal((JSON.parse(again.stdout) as { hash: string }).hash, 'of-ada');

  const taken = await run('link', 'user_account_id=bob', '--email-hash', 'of-ada');
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /belongs to another user point/);
  const none = await run('link', 'user_account_id=bob');
  assert.match(none.stderr, /name one identifier, by --account, --email-hash or --user-agent/);
});
