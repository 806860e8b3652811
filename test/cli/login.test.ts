import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { dataOf } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { muster } from './run.ts';
import { sharedService } from './shared.ts';
import { atTerminal } from './terminal.ts';

const shared = sharedService({ segments: ['vip'] });

/** A user's folder of settings, with nothing in it yet. */
async function newHome() {
  const service = await shared.open();
  const home = await makeFolder();
  shared.discard(home);
  const env = { XDG_CONFIG_HOME: home };
  return {
    ...{ service, home, env, file: path.join(home, 'muster', 'profiles.json') },
    run: (args: readonly string[], more: { env?: Record<string, string>; input?: string } = {}) =>
      muster(args, { ...more, env: { ...env, ...more.env } }),
  };
}

test('login stores the URL and the token of standard input, for nobody else to read', async () => {
  const { service, run, file } = await newHome();
  const signedIn = await run(['login', '--url', service.baseUrl], { input: `${service.token}\n` });
  assert.equal(signedIn.code, 0, signedIn.stderr);
  assert.match(signedIn.stdout, /^signed in to http:.* with the token .* \(admin\): profile default\n$/);
  assert.ok(!(signedIn.stdout + signedIn.stderr).includes(service.token));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700);
  assert.match((await run(['segments'])).stdout, /vip/);

  const out = await run(['logout']);
  assert.equal(out.stdout, `profile default removed (${service.baseUrl})\n`);
  assert.ok(!(await readFile(file, 'utf8')).includes(service.token));
  assert.match((await run(['logout'])).stderr, /^error: you are not signed in/);
});

test('login asks in a terminal, and does not show the token', async () => {
  const { service, env, run, home } = await newHome();
  const { code, screen } = await atTerminal(
    ['login', '--profile', 'local'],
    [
      [/URL of the service \[.*\]: /, `${service.baseUrl.replace('http://', '')}\n`],
      [/API token \(not shown\): /, `${service.token}\n`],
    ],
    { cwd: home, env },
  );
  assert.equal(code, 0, screen);
  assert.match(screen, /signed in to http:\/\/127\.0\.0\.1:\d+ .* profile local/);
  assert.equal((await run(['segments', '--profile', 'local'])).code, 0);
});

test('a token that is refused is not stored', async () => {
  const { service, run, file } = await newHome();
  const refused = await run(['login', '--url', service.baseUrl, '--token', 'wrong']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^error: .*nothing was stored/);
  await assert.rejects(readFile(file), { code: 'ENOENT' });
  const none = await run(['login', '--url', service.baseUrl], { input: '' });
  assert.match(none.stderr, /expected a token, got none/);
});

test('flags win over the environment, the environment over the profile, the profile over the default', async () => {
  const { service, run } = await newHome();
  const { id: other } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'other' }),
  );
  const login = ['login', '--url', service.baseUrl, '--token', service.token];
  for (const profile of [
    ['--profile', 'one'],
    ['--profile', 'two', '--datamart', other],
  ])
    assert.equal((await run([...login, ...profile])).code, 0);
  const nowhere = { MUSTER_URL: 'http://127.0.0.1:1', MUSTER_TOKEN: 'wrong' };
  const sees = async (args: readonly string[], env = {}) => {
    const { stdout, stderr } = await run(['status', ...args], { env });
    return /^datamart (\d+):/m.exec(stdout)?.[1] ?? stderr;
  };
  assert.equal(await sees([]), other, 'the last one signed in to');
  assert.equal(await sees([], { MUSTER_DATAMART: '1' }), '1');
  assert.equal(await sees(['--datamart', other], { MUSTER_DATAMART: '1' }), other);
  assert.equal(await sees([], { MUSTER_PROFILE: 'one' }), '1');
  assert.match(await sees([], nowhere), /no service at http:\/\/127\.0\.0\.1:1 /);
  assert.equal(await sees(['--profile', 'one'], { ...nowhere, MUSTER_DATAMART: other }), '1');

  const listed = await run(['profiles']);
  assert.match(listed.stdout, new RegExp(`\\n +one +${service.baseUrl} +-\\n\\* +two .* ${other}\\n$`));
  assert.equal((await run(['profiles', 'use', 'one'])).code, 0);
  assert.equal(await sees([]), '1');
  assert.match(
    (await run(['status', '--profile', 'ones'])).stderr,
    /no profile is named "ones"; did you mean one\?/,
  );
});

test('the token of a profile goes to no other service', async () => {
  const { service, run } = await newHome();
  await run(['login', '--url', service.baseUrl, '--token', service.token]);
  const elsewhere = service.baseUrl.replace('127.0.0.1', 'localhost');
  const { code, stderr } = await run(['segments', '--url', elsewhere]);
  assert.equal(code, 1);
  assert.match(stderr, /no token was given: .*; that of profile default is for http:\/\/127\.0\.0\.1:\d+ /);
});

test('an address needs no scheme, and a file of profiles that is broken is named', async () => {
  const { service, run, file } = await newHome();
  const env = { MUSTER_URL: service.baseUrl.replace('http://', ''), MUSTER_TOKEN: service.token };
  assert.equal((await run(['segments'], { env })).code, 0);
  assert.match(
    (await run(['segments', '--url', 'muster.invalid'])).stderr,
    /no service at https:\/\/muster\.invalid/,
  );
  assert.match((await run(['segments', '--url', 'ftp://x'])).stderr, /--url: expected an address such as/);
  await run(['login', '--url', service.baseUrl, '--token', service.token]);
  await writeFile(file, '{"profiles":');
  assert.match((await run(['segments'])).stderr, /profiles\.json is not a valid profiles file: correct it/);
});
