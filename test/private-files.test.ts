import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, readConfig } from '../src/config.ts';
import { makePrivate } from '../src/private-files.ts';
import { startService as openService } from '../src/service.ts';
import { ADMIN_TOKEN, clientOf, createSegment, dataOf, errorFile, runFile } from './client.ts';
import { discardFolder, makeFolder } from './folder.ts';

/** Each file and folder below `folder` and itself, with its mode in octal. */
async function modesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const modes = new Map<string, string>();
  const names = await readdir(folder, { recursive: true });
  for (const name of ['', ...names]) {
    // a service that runs removes what it is done with
    const facts = await lstat(path.join(folder, name)).catch(() => null);
    if (facts !== null) modes.set(name, (facts.mode & 0o777).toString(8));
  }
  return modes;
}

/** Files are 0600 and folders 0700; gives how many there are. */
async function assertPrivate(folder: string): Promise<number> {
  const modes = await modesOf(folder);
  for (const [name, mode] of modes) {
    const facts = await lstat(path.join(folder, name)).catch(() => null);
    if (facts !== null) assert.equal(mode, facts.isDirectory() ? '700' : '600', name);
  }
  return modes.size;
}

async function makeOpen(folder: string): Promise<void> {
  for (const name of ['', ...(await readdir(folder, { recursive: true }))]) {
    const file = path.join(folder, name);
    const facts = await lstat(file);
    if (!facts.isSymbolicLink()) await chmod(file, facts.isDirectory() ? 0o755 : 0o644);
  }
}

async function start(t: TestContext, data: string, flags: Readonly<Record<string, string>> = {}) {
  const settings = { data, port: '0', 'log-level': 'silent', 'admin-token': ADMIN_TOKEN, ...flags };
  const service = await openService(readConfig(settings, {}));
  t.after(service.close);
  return { client: clientOf(service.url, ADMIN_TOKEN), close: service.close };
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  return folder;
}

test('nobody else can use what the service writes, nor what a version before has written', async (t) => {
  // as most machines have it
  process.umask(0o022);
  const folder = await folderOf(t);
  const data = path.join(folder, 'new', 'data');
  const first = await start(t, data);
  const segmentId = await createSegment(first.client, { name: 's' });
  const webhook = { url: 'https://muster.invalid/', events: ['execution.failed'] };
  await dataOf(first.client.call('POST', '/v1/datamarts/1/webhooks', webhook));
  const line = `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segmentId}","expiration_duration":0}\n`;
  const execution = await runFile(first.client, 'NDJSON', `${line}{}\n`);
  await errorFile(first.client, execution);
  await dataOf(first.client.call('POST', `/v1/audience_segments/${segmentId}/exports`, {}));
  const backup = await first.client.call('GET', '/v1/backup');
  assert.equal(backup.status, 200);
  const running = await assertPrivate(data);
  assert.ok(running > 8, `${running} files and folders`);
  assert.equal((await lstat(path.dirname(data))).mode & 0o777, 0o700, 'folders above that it made');
  await first.close();
  await assertPrivate(data);

  await makeOpen(data);
  const second = await start(t, data);
  await assertPrivate(data);
  await dataOf(second.client.call('GET', '/v1/audience_segments'));
  await second.close();
});

test('of documents in a folder of their own, and of a data folder with other things in it, the own is private', async (t) => {
  const folder = await folderOf(t);
  const [data, documents] = [path.join(folder, 'data'), path.join(folder, 'documents')];
  const first = await start(t, data, { documents });
  await runFile(first.client, 'NDJSON', '{}\n');
  await first.close();
  await makeOpen(data);
  await makeOpen(documents);
  await writeFile(path.join(folder, 'elsewhere'), 'x', { mode: 0o644 });
  await chmod(path.join(folder, 'elsewhere'), 0o644);
  await writeFile(path.join(data, 'notes.txt'), 'x');
  await chmod(path.join(data, 'notes.txt'), 0o644);
  await symlink(path.join(folder, 'elsewhere'), path.join(data, 'store', 'link'));

  await (await start(t, data, { documents })).close();
  await assertPrivate(documents);
  const modes = await modesOf(data);
  assert.equal(modes.get('notes.txt'), '644', 'what is not its own is left alone');
  assert.equal(modes.get(''), '755');
  assert.equal(modes.get('store'), '700');
  assert.equal(modes.get('store/muster.duckdb'), '600');
  assert.equal((await lstat(path.join(folder, 'elsewhere'))).mode & 0o777, 0o644, 'links are not followed');
});

test('what could not be made private is told', async (t) => {
  const folder = await folderOf(t);
  await mkdir(path.join(folder, 'store'));
  await writeFile(path.join(folder, 'other'), '');
  await makeOpen(folder);
  assert.deepEqual(await makePrivate(folder, ['store']), { changed: 1, failed: folder });
  assert.deepEqual(await makePrivate(folder, ['store', 'other']), { changed: 2, failed: null });
  assert.deepEqual(await makePrivate(folder, ['store', 'other']), { changed: 0, failed: null });
  assert.deepEqual(await makePrivate(path.join(folder, 'nowhere'), []), { changed: 0, failed: null });
});

test('an admin token that is short, or that no header can carry, is refused and not shown', () => {
  for (const token of [
    'hunter2',
    'x'.repeat(15),
    ` ${'x'.repeat(20)}`,
    `${'x'.repeat(20)}\n`,
    'é'.repeat(20),
    ' '.repeat(20),
  ]) {
    for (const read of [
      () => readConfig({ 'admin-token': token }, {}),
      () => readConfig({}, { MUSTER_ADMIN_TOKEN: token }),
    ])
      assert.throws(read, (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /^(--admin-token|MUSTER_ADMIN_TOKEN): expected 16 characters or more/);
        return !error.message.includes(token.trim() || '   ');
      });
  }
  assert.equal(readConfig({ 'admin-token': 'x'.repeat(16) }, {}).adminToken, 'x'.repeat(16));
});
