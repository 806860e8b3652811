import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { createSegment } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startService } from '../helper.ts';
import { blockIn } from './blocks.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

const NIGHT = `operation,user_account_id,segment_technical_name,expiration_duration
UPDATE,1001,vip,43200
UPDATE,1002,vip,30d
UPDATE,1003,vipp,0
`;
const PRINTED = [
  'SUCCEEDED 1 applied, 2 failed',
  'line 3: INVALID_EXPIRATION',
  'line 4: UNKNOWN_SEGMENT',
  "[ 'vip' ]",
];

/** A service, and a folder with the file of the page where the package is installed. */
async function openWorld(t: TestContext) {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(ROOT, path.join(folder, 'node_modules', 'muster'));
  await writeFile(path.join(folder, 'night.csv'), NIGHT);
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  const env = { ...process.env, MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  return { folder, env };
}

test('the example in TypeScript of docs/client.md has the types that it needs, and does what it says', async (t) => {
  const { folder, env } = await openWorld(t);
  await writeFile(path.join(folder, 'example.ts'), blockIn('client.md', 'ts'));
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext'];
  const types = ['--types', 'node', '--typeRoots', path.join(ROOT, 'node_modules/@types')];
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const checked = spawnSync(process.execPath, [tsc, ...options, ...types, 'example.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(checked.status, 0, checked.stdout);
  const tsx = path.join(ROOT, 'node_modules/tsx/dist/loader.mjs');
  const { stdout } = await run(process.execPath, ['--import', tsx, 'example.ts'], { cwd: folder, env });
  assert.deepEqual(stdout.trim().split('\n'), PRINTED);
});

test('what the types of the client do not know is refused', async (t) => {
  const { folder } = await openWorld(t);
  const wrong = blockIn('client.md', 'ts').replace("mime_type: 'TEXT_CSV'", "mime_type: 'TEXT_XLS'");
  await writeFile(path.join(folder, 'example.ts'), wrong);
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
  const typeRoots = ['--typeRoots', path.join(ROOT, 'node_modules/@types')];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, ...typeRoots, 'example.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.notEqual(status, 0);
  assert.match(stdout, /TEXT_XLS/);
});

test('the example in Python of docs/client.md does what it says', async (t) => {
  const { folder, env } = await openWorld(t);
  await writeFile(path.join(folder, 'example.py'), blockIn('client.md', 'python'));
  const { stdout } = await run('python3', ['-I', 'example.py'], { cwd: folder, env });
  assert.deepEqual(
    stdout.trim().split('\n'),
    PRINTED.map((line) => line.replace("[ 'vip' ]", "['vip']")),
  );
});
