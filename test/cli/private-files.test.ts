import assert from 'node:assert/strict';
import { lstat, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createSegment } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { muster, start, startMuster, untilPrinted } from './run.ts';

const WARNING = /"level":40.*the preset admin token is short/;

test('what the CLI writes of users is for its user alone: error files, exports, backups, restored data', async (t) => {
  process.umask(0o022);
  const { folder, run } = await startMuster(t);
  const at = (name: string) => path.join(folder, name);
  await writeFile(at('users.ndjson'), '{"operation":"UPDATE"}\n');
  await run('import', 'users.ndjson');
  await run('backup', 'backup');
  const restored = await run('restore', 'backup', '--data', 'restored');
  assert.equal(restored.code, 0, restored.stderr);
  const files = ['backup', 'restored'].map(async (name) =>
    (await readdir(at(name), { recursive: true })).map((file) => path.join(name, file)),
  );
  const written = (await Promise.all(files)).flat();
  assert.ok(written.length > 6, written.join(' '));
  for (const name of ['users.ndjson.errors.ndjson', 'backup', 'restored', ...written]) {
    const facts = await lstat(at(name));
    assert.equal((facts.mode & 0o777).toString(8), facts.isDirectory() ? '700' : '600', name);
  }
});

test('an export is for its user alone', async (t) => {
  process.umask(0o022);
  const { service, folder, run } = await startMuster(t);
  const id = await createSegment(service, { name: 's' });
  assert.equal((await run('export', id, '-o', 'members.csv')).code, 0);
  assert.equal((await lstat(path.join(folder, 'members.csv'))).mode & 0o777, 0o600);
});

test('the start warns of a preset admin token of under 32 characters, and refuses one of under 16', async (t) => {
  const cwd = await makeFolder();
  t.after(() => discardFolder(t, cwd));
  const serve = async (token: string) => {
    const started = start(['serve', '--port', '0'], { cwd, env: { MUSTER_ADMIN_TOKEN: token } });
    await untilPrinted(started, /^Muster listens on/m);
    started.child.kill('SIGTERM');
    const { stdout, stderr } = await started.ended;
    assert.ok(!(stdout + stderr).includes(token));
    return stdout + stderr;
  };
  assert.match(await serve('x'.repeat(31)), WARNING);
  assert.doesNotMatch(await serve('x'.repeat(32)), WARNING);
  const refused = await muster(['serve', '--port', '0'], { cwd, env: { MUSTER_ADMIN_TOKEN: 'admin' } });
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /MUSTER_ADMIN_TOKEN: expected 16 characters or more/);
});
