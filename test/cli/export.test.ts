import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createSegment, dataOf, runFile } from '../client.ts';
import { startMuster } from './run.ts';

test('members are exported to a file, and imported again from it', async (t) => {
  const { service, folder, run } = await startMuster(t);
  const segment_id = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const put = (user: object) =>
    `${JSON.stringify({ operation: 'UPDATE', ...user, segment_id, expiration_duration: 0 })}\n`;
  await runFile(service, 'NDJSON', put({ user_account_id: 'a' }) + put({ email_hash: 'h' }));

  const csv = await run('export', 'vip', '--identifiers', 'email', '-o', 'vip.csv', '--json');
  assert.equal(csv.code, 0, csv.stderr);
  const text = await readFile(path.join(folder, 'vip.csv'), 'utf8');
  assert.match(text, /^operation,.*\nUPDATE,,,h,,\d+,0,\n$/);
  assert.deepEqual(JSON.parse(csv.stdout), { file: 'vip.csv', bytes: text.length, segment_id });

  const whole = await run('export', segment_id);
  assert.equal(whole.code, 0, whole.stderr);
  const name = `segment-${segment_id}.ndjson`;
  assert.match(whole.stdout, new RegExp(`^${name}: segment ${segment_id} \\(vip\\), \\d+ B\n$`));
  assert.deepEqual(
    (await readdir(folder)).filter((file) => file.endsWith('.part')),
    [],
  );
  const [users] = (await readFile(path.join(folder, name), 'utf8')).trimEnd().split('\n').map(String);
  assert.ok(users);
  for (const user of ['user_account_id=a', 'email_hash=h'])
    await dataOf(service.call('DELETE', `/v1/datamarts/1/user_points/${user}`));
  assert.equal((await run('import', name)).code, 0);
  assert.equal((await run('export', 'vip', '-o', 'dir/')).code, 0);
  assert.match((await run('export', 'vip', '-o', 'dir')).stdout, new RegExp(`^dir/${name}: segment `));
  const nowhere = await run('export', 'vip', '-o', 'nodir/vip.csv');
  assert.deepEqual([nowhere.code, nowhere.stderr], [1, 'error: nodir: no such folder\n']);
  const piped = await run('export', 'vip', '--format', 'ndjson', '-o', '-');
  assert.deepEqual(
    piped.stdout.split('\n').sort(),
    (await readFile(path.join(folder, name), 'utf8')).split('\n').sort(),
  );
});

test('an export that cannot be made says why', async (t) => {
  const { run } = await startMuster(t);
  for (const [args, message] of [
    [['export'], /segment/i],
    [['export', 'nosuch'], /no segment has the technical name "nosuch"/],
    [['export', 'vip', '--format', 'xml'], /--format: expected ndjson, csv or parquet, got "xml"/],
    [['export', 'vip', '--identifiers', 'phone'], /--identifiers: expected account.*got "phone"/],
    [['export', 'vip', '-o'], /--output needs a value/],
  ] as const) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, message);
  }
});
