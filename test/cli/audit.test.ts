import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment } from '../client.ts';
import { startMuster } from './run.ts';

test('muster audit lists what was done, newest first', async (t) => {
  const { run, service } = await startMuster(t);
  const id = await createSegment(service, { name: 'VIP' });
  assert.equal((await run('tokens', 'create', 'nightly', '--role', 'reader')).code, 0);
  const { code, stdout, stderr } = await run('audit');
  assert.equal(code, 0, stderr);
  const [title, newest, before] = stdout.split('\n');
  assert.match(title ?? '', /^WHEN \(UTC\) +WHO +ACTION +WHAT +DATAMART +DETAILS$/);
  assert.match(newest ?? '', /preset admin token \(1\) +CREATE +api_token 2 +- +\{"name":"nightly"/);
  assert.match(before ?? '', new RegExp(`CREATE +segment ${id} +1`));
  const filtered = await run('audit', '--json', '--action', 'create', '--resource', `segment:${id}`);
  const entries = JSON.parse(filtered.stdout) as { resource_id: string }[];
  assert.deepEqual(
    entries.map(({ resource_id }) => resource_id),
    [id],
  );
  assert.equal(JSON.parse((await run('audit', '--json', '--limit', '1')).stdout).length, 1);
  assert.match((await run('audit', '--to', '2020-01-01')).stdout, /^no entries$/m);
  assert.match((await run('audit', '--from', 'yesterday')).stderr, /--from: expected a date such as/);
});
