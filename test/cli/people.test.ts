import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runFile } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { muster } from './run.ts';
import { sharedService } from './shared.ts';
import { atTerminal } from './terminal.ts';

const shared = sharedService({ segments: ['vip', 'news'] });
const ESCAPE = '\u001b';

async function open() {
  const service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const surroundings = { cwd: folder, env };
  return {
    ...{ service, folder, surroundings },
    run: (...args: string[]) => muster(args, surroundings),
    runWith: (more: Record<string, string>, ...args: string[]) =>
      muster(args, { ...surroundings, env: { ...env, ...more } }),
    write: (name: string, text: string) => writeFile(path.join(folder, name), text),
  };
}

function line(user: string, operation = 'UPDATE'): string {
  const command = { operation, user_account_id: user, segment_technical_name: 'vip', expiration_duration: 0 };
  return `${JSON.stringify(command)}\n`;
}

test('signs and colours are for terminals, or for whoever asks for them', async () => {
  const { run, runWith, write, surroundings } = await open();
  await write('good.ndjson', line('c1'));
  await write('mixed.ndjson', line('c2') + line('c3', 'upsert'));
  assert.match((await run('import', 'good.ndjson')).stdout, /^good\.ndjson: 1 line in /);
  const good = await run('import', '--color', 'always', 'good.ndjson');
  assert.ok(good.stdout.startsWith(`${ESCAPE}[32m✓${ESCAPE}[0m good.ndjson: `), good.stdout);
  const mixed = await runWith({ FORCE_COLOR: '1' }, 'import', 'mixed.ndjson');
  assert.ok(mixed.stdout.startsWith(`${ESCAPE}[33m!${ESCAPE}[0m mixed.ndjson: `), mixed.stdout);
  assert.ok(mixed.stdout.includes(`${ESCAPE}[31m`));
  assert.ok(
    !(await runWith({ FORCE_COLOR: '1' }, 'import', '--no-color', 'good.ndjson')).stdout.includes(ESCAPE),
  );
  const absent = await run('import', '--color=always', 'absent.ndjson');
  assert.ok(absent.stdout.startsWith(`${ESCAPE}[31m✗`));
  assert.ok(absent.stderr.startsWith(`${ESCAPE}[31merror:${ESCAPE}[0m `));
  assert.match(
    (await run('segments', '--color', 'red')).stderr,
    /--color: expected auto, always or never, got "red"/,
  );
  const seen = await atTerminal(['import', 'good.ndjson'], [], surroundings);
  assert.match(seen.screen, /✓ good\.ndjson: 1 line in /);
  assert.ok(!seen.screen.includes(`${ESCAPE}[32m`), 'NO_COLOR is set there');
});

test('a summary tells the page of the console, and of a dry run what would be', async () => {
  const { run, write, service } = await open();
  await write('page.ndjson', line('p1'));
  const dry = await run('import', '--dry-run', 'page.ndjson');
  assert.match(dry.stdout, /memberships would be created +1\n/);
  assert.doesNotMatch(dry.stdout, /memberships created|lines\/s/);
  const done = await run('import', 'page.ndjson');
  const [, page = '', id] =
    /console +(\S+\/datamarts\/1\/imports\/\d+\/executions\/(\d+))\n/.exec(done.stdout) ?? [];
  assert.ok(page.startsWith(service.baseUrl));
  assert.equal((await fetch(page, { headers: { accept: 'text/html' } })).status, 200);
  const { files } = JSON.parse((await run('import', '--json', 'page.ndjson')).stdout);
  assert.match(files[0].console_url, /\/executions\/\d+$/);
  assert.equal((await run('open', 'execution', id ?? '')).stdout, `${page}\n`);
});

test('files are imported at the same time with --jobs, into one import of their own', async () => {
  const { run, write } = await open();
  const names = Array.from({ length: 8 }, (_, i) => `part-${i}.csv`);
  for (const [i, name] of names.entries())
    await write(
      name,
      `operation,user_account_id,segment_technical_name,expiration_duration\nUPDATE,j${i},vip,0\n`,
    );
  const { code, stdout, stderr } = await run('import', '-j', '4', ...names);
  assert.equal(code, 0, stderr);
  for (const name of names) assert.ok(stdout.includes(`${name}: 1 line in`));
  assert.match(stdout, /\ntotal of 8 files: 8 lines applied, 0 failed\n$/);
  const imports = JSON.parse((await run('imports', '--json', '--keywords', 'muster-cli csv')).stdout);
  assert.equal(imports.length, 1);
  assert.match(
    (await run('import', '-j', '0', 'part-0.csv')).stderr,
    /--jobs: expected a whole number from 1/,
  );
});

test('open prints addresses of the console, and opens them from a terminal', async () => {
  const { run, service, folder, surroundings } = await open();
  const base = `${service.baseUrl}/datamarts/1`;
  for (const [args, page] of [
    [[], '/home'],
    [['segment', 'vip'], '/segments/1'],
    [['user', 'user_account_id=a b'], '/users?user=user_account_id%3Da+b'],
  ] as const)
    assert.equal((await run('open', ...args)).stdout, `${base}${page}\n`);
  assert.match((await run('open', 'segment', 'vipp')).stderr, /did you mean vip\?/);
  assert.match((await run('open', 'segment')).stderr, /ID: expected the segment, got nothing/);
  const browser = path.join(folder, 'browser');
  await writeFile(browser, `#!/bin/sh\nprintf %s "$1" > ${folder}/opened\n`);
  await chmod(browser, 0o755);
  const env = { ...surroundings.env, BROWSER: browser };
  const { screen } = await atTerminal(['open', 'segment', 'news'], [], { cwd: folder, env });
  assert.match(screen, /\/segments\/2\r\n/);
  const opened = () => readFile(path.join(folder, 'opened'), 'utf8').catch(() => '');
  for (let i = 0; i < 100 && (await opened()) === ''; i++) await sleep(20);
  assert.equal(await opened(), `${base}/segments/2`);
});

test('logs tells the life of an execution, and follows it to its end', async () => {
  const { run, service } = await open();
  const { id } = await runFile(service, 'NDJSON', line('l1') + line('l2', 'upsert'));
  for (const args of [
    ['logs', id],
    ['logs', '-f', id],
  ]) {
    const { code, stdout } = await run(...args);
    assert.equal(code, 2);
    assert.match(stdout, /^\d{4}-.* CREATED .*\n.* STARTED\n.* SUCCEEDED +2 lines, 1 failed, took .*\n$/);
  }
  const json = (await run('logs', '-f', '--json', id)).stdout.trim().split('\n');
  assert.equal(JSON.parse(json.at(-1) ?? '').status, 'SUCCEEDED');
});

test('errors are filtered by code', async () => {
  const { run, service } = await open();
  const { id } = await runFile(service, 'NDJSON', `${line('f1', 'upsert')}{"operation":"UPDATE"}\n`);
  assert.match((await run('errors', id)).stdout, /INVALID_OPERATION(.|\n)*MISSING_IDENTIFIER/);
  const some = await run('errors', id, '--code', 'missing_identifier');
  assert.doesNotMatch(some.stdout, /INVALID_OPERATION/);
  assert.match(some.stdout, / 2 +MISSING_IDENTIFIER /);
  assert.match(
    (await run('errors', id, '--code', 'MISSING_IDENTIFER')).stderr,
    /unknown code MISSING_IDENTIFER; did you mean MISSING_IDENTIFIER\?/,
  );
});

test('segments are sorted, limited, changed, paused and resumed', async () => {
  const { run, service, surroundings, write } = await open();
  const long = 'A name so long that no terminal has room for all of it '.repeat(3);
  assert.equal((await run('segments', 'create', long, '--technical-name', 'long')).code, 0);
  await runFile(service, 'NDJSON', line('s1').replace('vip', 'news'));
  const first = await run('segments', '--sort', 'created', '--limit', '1');
  assert.match(first.stdout, / long /);
  assert.match(first.stderr, /^\d+ more; see them with --limit\n$/);
  const [largest] = JSON.parse((await run('segments', '--sort', 'members', '--json')).stdout);
  assert.ok(largest.user_points_count > 0);
  const { screen } = await atTerminal(['segments'], [], surroundings);
  assert.ok(screen.includes('…'));
  for (const row of screen.split('\r\n')) assert.ok(row.length <= 100, row);

  const changed = await run(
    'segments',
    'update',
    'long',
    '--name',
    'Short',
    '--default-ttl-days',
    '7',
    '--json',
  );
  assert.deepEqual(
    [JSON.parse(changed.stdout).name, JSON.parse(changed.stdout).default_ttl],
    ['Short', 604_800_000],
  );
  assert.match((await run('segments', 'update', 'long')).stderr, /expected --name, --technical-name or/);
  assert.equal((await run('segments', 'pause', 'long')).stdout, 'segment 3 paused: long\n');
  assert.match((await run('segments')).stdout, /USER_LIST, paused/);
  await write('long.csv', 'user_account_id\nx\n');
  assert.equal((await run('import', '--segment', 'long', 'long.csv')).code, 2, 'its lines fail');
  assert.equal((await run('segments', 'resume', 'long')).code, 0);
  assert.equal((await run('import', '--segment', 'long', 'long.csv')).code, 0);
});

test('serve at a terminal tells the console, the token, what comes next, and logs for people', async () => {
  const folder = await makeFolder();
  shared.discard(folder);
  const { screen } = await atTerminal(
    ['serve', '--port', '0', '--data', path.join(folder, 'data')],
    [[/Ctrl-C stops it\./, '\u0003']],
    { cwd: folder, env: {} },
  );
  assert.match(screen, /Muster listens on http:\/\/127\.0\.0\.1:\d+\r\n/);
  assert.match(screen, / {2}Console {2}http:\/\/127\.0\.0\.1:\d+\/\r\n/);
  assert.match(screen, / {2}Token {4}\S{20,} /);
  assert.match(screen, / {2}muster login --url http/);
  assert.doesNotMatch(screen, /\{"level"/);
});
