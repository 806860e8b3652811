import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { environmentName, flagName, SETTINGS, type SettingName } from '../../src/config.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { muster, start, untilPrinted } from './run.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  return folder;
}

test('prints its address and, at the first start alone, an admin token; SIGTERM ends it with 0', async (t) => {
  const cwd = await folderOf(t);
  const first = start(['serve', '--port', '0', '--log-level', 'error'], { cwd });
  const [, token = ''] = await untilPrinted(first, /^Admin token, shown only once: (\S+)$/m);
  const [, url = ''] = await untilPrinted(first, /^Muster listens on (http:\/\/127\.0\.0\.1:\d+)$/m);
  assert.equal((await muster(['segments', '--url', url, '--token', token])).code, 0);
  first.child.kill('SIGTERM');
  assert.equal((await first.ended).code, 0, first.output.stderr);

  const second = start(['serve', '--port', '0', '--log-level', 'error'], { cwd });
  const [, again = ''] = await untilPrinted(second, /^Muster listens on (\S+)\n/m);
  assert.equal((await muster(['segments', '--url', again, '--token', token])).code, 0);
  second.child.kill('SIGINT');
  const { code, stdout } = await second.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /token/i);
});

test('takes a setting from the file, before it from the environment, before both from the flag', async (t) => {
  const cwd = await folderOf(t);
  await writeFile(
    path.join(cwd, 'muster.json'),
    JSON.stringify({ port: 0, data: 'by-file', logLevel: 'error' }),
  );
  const args = ['serve', '--config', 'muster.json'];
  const cases = [
    { name: 'by-file', args, env: {} },
    { name: 'by-environment', args, env: { MUSTER_DATA: 'by-environment' } },
    { name: 'by-flag', args: [...args, '--data', 'by-flag'], env: { MUSTER_DATA: 'not-used' } },
  ];
  for (const { name, args, env } of cases) {
    const service = start(args, { cwd, env });
    await untilPrinted(service, /listens on/);
    service.child.kill('SIGTERM');
    assert.equal((await service.ended).code, 0);
    assert.ok(existsSync(path.join(cwd, name)), name);
  }
  assert.ok(!existsSync(path.join(cwd, 'not-used')));
});

test('a value that cannot be used stops the start and is named as it was given', async (t) => {
  const cwd = await folderOf(t);
  await writeFile(path.join(cwd, 'bad.json'), '{"port": "many"}');
  await writeFile(path.join(cwd, 'unknown.json'), '{"prot": 8080}');
  for (const [args, env, message] of [
    [['--port', '70000'], {}, /^error: --port: expected a whole number from 0 to 65535, got "70000"\n$/],
    [[], { MUSTER_LOG_LEVEL: 'loud' }, /^error: MUSTER_LOG_LEVEL: expected one of .*, got "loud"\n$/],
    [[], { MUSTER_FAULT_POINT: 'nowhere' }, /^error: MUSTER_FAULT_POINT: expected .*, got "nowhere"\n$/],
    [['--config', 'bad.json'], {}, /^error: port in bad\.json: /],
    [['--config', 'unknown.json'], {}, /unknown setting prot/],
    [['--config', 'absent.json'], {}, /absent\.json/],
    [['--prot', '1'], {}, /unknown flag --prot/],
  ] as const) {
    const { code, stderr } = await muster(['serve', ...args], { cwd, env });
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});

test('says so when the port is in use', async (t) => {
  const cwd = await folderOf(t);
  const holder = start(['serve', '--port', '0', '--data', 'one', '--log-level', 'error'], { cwd });
  const [, port = ''] = await untilPrinted(holder, /listens on http:\/\/127\.0\.0\.1:(\d+)/);
  const second = await muster(['serve', '--port', port, '--data', 'two', '--log-level', 'silent'], { cwd });
  holder.child.kill('SIGTERM');
  await holder.ended;
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    new RegExp(
      `^error: 127.0.0.1:${port} is in use by another program; choose another port with --port\n$`,
      'm',
    ),
  );
});

test('says so when another service has the folder', async (t) => {
  const cwd = await folderOf(t);
  const args = ['serve', '--port', '0', '--log-level', 'error'];
  const holder = start(args, { cwd });
  await untilPrinted(holder, /listens on/);
  const second = await muster(args, { cwd });
  holder.child.kill('SIGTERM');
  await holder.ended;
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^error: .* is in use by another process\n/m);
});

test('--help lists every setting with its flag, environment name and default', async () => {
  const { code, stdout } = await muster(['serve', '--help']);
  assert.equal(code, 0);
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    assert.match(stdout, new RegExp(`^ {2}--${flagName(name)} `, 'm'));
    assert.match(stdout, new RegExp(`${environmentName(name)}, default: `));
  }
});
