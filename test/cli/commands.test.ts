import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createSegment, dataOf, runFile } from '../client.ts';
import { muster, startMuster } from './run.ts';

test('--version tells the version, --help every command', async () => {
  const version = await muster(['--version']);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal((await muster(['version'])).stdout, version.stdout);
  const ofImport = await muster(['help', 'import']);
  assert.match(ofImport.stdout, /^.*\n\nUsage: muster import FILE… \[flags\]\n/);
  assert.equal((await muster(['import', '--help'])).stdout, ofImport.stdout);
  assert.equal((await muster(['help', 'segments', 'delete'])).code, 0);
  const help = await muster(['--help']);
  assert.equal(help.code, 0);
  for (const name of [
    'serve',
    'import',
    'segments',
    'lookup',
    'imports',
    'executions',
    'status',
    'errors',
    'cancel',
    'tokens',
    'webhooks',
    'demo',
  ]) {
    assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
  }
});

test('refuses what it does not know, and says where to look', async () => {
  for (const [args, message] of [
    [['nonsense'], /unknown command "nonsense"\n/],
    [['impot', 'x'], /unknown command "impot"; did you mean import\?\n/],
    [['segments', 'lits'], /unknown command "segments lits"; did you mean list\?\n/],
    [['import', 'x', '--dryrun'], /unknown flag --dryrun; did you mean --dry-run\?\n/],
    [['help', 'nonsense'], /unknown command "nonsense"\n/],
    [['segments', 'nonsense'], /unknown command "segments nonsense"/],
    [['segments', '--nonsense'], /unknown flag --nonsense/],
    [['segments', '--url'], /--url needs a value/],
    [['import'], /FILE/],
    [['cancel', '1', '2', '--import', '3'], /unexpected argument "2"/],
    [['segments', '--datamart', 'x'], /--datamart: expected the id of a datamart, got "x"/],
  ] as const) {
    const { code, stdout, stderr } = await muster(args);
    assert.equal(code, 1, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
});

test('segments are made, listed with their sizes, and deleted', async (t) => {
  const { run } = await startMuster(t);
  const args = ['segments', 'create', 'Big spenders', '--technical-name', 'big', '--default-ttl-days', '30'];
  const created = await run(...args, '--json');
  assert.equal(created.code, 0, created.stderr);
  const { id, default_ttl } = JSON.parse(created.stdout);
  assert.equal(default_ttl, 30 * 86_400_000);
  assert.equal((await run('segments', 'create', 'Others')).code, 0);

  const listed = await run('segments');
  assert.match(listed.stdout, /^ *ID +TECHNICAL NAME +NAME .*\n *\d+ +big +Big spenders +USER_LIST +0 /);
  assert.equal(JSON.parse((await run('segments', '--json', '--keywords', 'other')).stdout).length, 1);
  assert.equal(
    JSON.parse((await run('segments', 'list', '--json', '--technical-name', 'big')).stdout)[0].id,
    id,
  );

  assert.equal((await run('segments', 'delete', id)).code, 0);
  const again = await run('segments', 'delete', id);
  assert.equal(again.code, 1);
  assert.equal(again.stderr, 'error: Resource Not Found (NOT_FOUND)\n');
});

test('lookup shows memberships with the time left, and identifiers', async (t) => {
  const { run, service } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const command = { operation: 'UPDATE', segment_id: segmentId, expiration_duration: 60 * 24 * 10 };
  await runFile(
    service,
    'NDJSON',
    `${JSON.stringify({ ...command, user_account_id: 'a/b:c' })}\n${JSON.stringify({ ...command, email_hash: 'e1', expiration_duration: 0 })}\n`,
  );
  for (const args of [
    ['user_account_id=a/b:c'],
    ['a/b:c'],
    ['--account', 'a/b:c'],
    ['--account', 'a/b:c', '--compartment', '1'],
  ]) {
    const { code, stdout, stderr } = await run('lookup', ...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /vip .* 9 d 23 h /);
    assert.match(stdout, /USER_ACCOUNT +a\/b:c \(compartment 1\)/);
  }
  const byHash = await run('lookup', '--email-hash', 'e1', '--json');
  const user = JSON.parse(byHash.stdout);
  assert.equal(user.user_segments[0].expiration_ts, null);
  assert.equal(user.user_identifiers[1].hash, 'e1');

  const unknown = await run('lookup', 'user_account_id=nobody');
  assert.equal(unknown.code, 1);
  assert.equal(unknown.stderr, 'error: no user user_account_id=nobody in this datamart (NOT_FOUND)\n');
});

test('segments history and lookup --changes tell what came of which line', async (t) => {
  const { run, service } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const command = { operation: 'UPDATE', segment_id: segmentId, expiration_duration: 0 };
  const lines = ['a', 'b'].map((user) => `${JSON.stringify({ ...command, user_account_id: user })}\n`);
  const execution = await runFile(service, 'NDJSON', lines.join(''));
  for (const interval of ['day', 'hour']) {
    const told = await run('segments', 'history', 'vip', '--interval', interval);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /ENTRIES +UPDATES +EXITS +EXPIRED +USERS AT END\n/);
    assert.match(told.stdout, / 2 +0 +0 +0 +2\n\nknown since \d{4}-\d\d-\d\d /);
  }
  assert.match(
    (await run('segments', 'history', 'vip', '--interval', 'week')).stderr,
    /expected day or hour/,
  );
  const changes = await run('lookup', 'user_account_id=b', '--changes');
  assert.equal(changes.code, 0, changes.stderr);
  assert.match(changes.stdout, new RegExp(` vip +ENTERED +COMMAND +1 +${execution.id} +2 `));
  const none = await run('lookup', 'user_account_id=nobody', '--changes');
  assert.match(none.stderr, /no user user_account_id=nobody in this datamart/);
});

test('segments executions, expirations and overlaps tell what came of some imports', async (t) => {
  const { run, service } = await startMuster(t);
  const ids = [
    await createSegment(service, { name: 'VIP', technical_name: 'vip' }),
    await createSegment(service, { name: 'News', technical_name: 'news' }),
  ];
  const none = await run('segments', 'executions', 'vip');
  assert.equal(none.stdout, 'no executions\n');
  const line = (user: string, segment_id = '', expiration_duration = 0) =>
    `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id, expiration_duration })}\n`;
  const [vip, news] = ids;
  const body = line('a', vip) + line('b', vip, 60) + line('c', vip) + line('a', news);
  const execution = await runFile(service, 'NDJSON', body);

  const executions = await run('segments', 'executions', 'vip');
  assert.equal(executions.code, 0, executions.stderr);
  assert.match(executions.stdout, /EXECUTION +IMPORT +FILE +ENTRIES +UPDATES +EXITS +REVERTED BY\n/);
  assert.match(executions.stdout, new RegExp(` ${execution.id} +1 .* 3 +0 +0 +-\n`));
  const expirations = await run('segments', 'expirations', 'vip');
  assert.match(expirations.stdout, / 1 day .* 1\n(.|\n)*90 days .* 1\n\nof 3 users now\n$/);
  const overlaps = await run('segments', 'overlaps', 'vip', String(news));
  assert.match(overlaps.stdout, new RegExp(`\nvip +${news} +1 +100.0 %\n$`));
  assert.match(
    (await run('segments', 'overlaps', 'vip')).stderr,
    /expected the names of at least 2 segments, got 1/,
  );
  const unknown = await run('segments', 'overlaps', 'vip', 'nowhere');
  assert.match(unknown.stderr, /no segment has the technical name "nowhere"/);
});

test('tokens are made, used, listed without value, and deleted', async (t) => {
  const { run, service } = await startMuster(t);
  const created = await run('tokens', 'create', 'reports', '--role', 'reader', '--json');
  assert.equal(created.code, 0, created.stderr);
  const { id, value } = JSON.parse(created.stdout);
  const url = ['--url', service.baseUrl];
  assert.equal((await muster(['segments', '--token', value, ...url])).code, 0);
  const forbidden = await muster(['segments', 'create', 'x', '--token', value, ...url]);
  assert.equal(forbidden.code, 1);
  assert.match(forbidden.stderr, /\(FORBIDDEN\)/);
  const listed = await run('tokens');
  assert.match(listed.stdout, /reports +reader +all/);
  assert.ok(!listed.stdout.includes(value));
  assert.equal((await run('tokens', 'delete', id)).code, 0);
  const refused = await muster(['segments', '--token', value, ...url]);
  assert.match(refused.stderr, /^error: .*the token came from --token \(UNAUTHORIZED\)\n$/);
});

test('a wrong token is named by where it came from', async (t) => {
  const { service } = await startMuster(t);
  const env = { MUSTER_URL: service.baseUrl };
  const none = await muster(['segments'], { env });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /no token was given: sign in with muster login, use --token or set MUSTER_TOKEN/);
  const wrong = await muster(['segments'], { env: { ...env, MUSTER_TOKEN: 'wrong' } });
  assert.match(wrong.stderr, /the token came from MUSTER_TOKEN/);
});

test('status tells that the service is ready, and how an execution came out', async (t) => {
  const { run, service } = await startMuster(t);
  const execution = await runFile(service, 'NDJSON', '{"operation":"upsert"}\n');
  const overall = await run('status');
  assert.equal(overall.code, 0, overall.stderr);
  assert.match(overall.stdout, /: ready\n/);
  assert.match(overall.stdout, /nothing is running or pending/);
  const runs =
    /look-ups are answered by \d+ serving runs?: \d.* on disk, \d.* in memory, base built .* ago\n/;
  assert.match(overall.stdout, runs);
  const { serving } = JSON.parse((await run('status', '--json')).stdout) as { serving: { up: boolean } };
  assert.equal(serving.up, true);
  const owner = ['--import', String(execution.parameters.document_import_id)];
  const one = await run('status', execution.id, ...owner);
  assert.equal(one.code, 2);
  assert.match(one.stdout, /INVALID_OPERATION +1\n/);
  const canceled = await run('cancel', execution.id, ...owner);
  assert.equal(canceled.code, 1);
  assert.match(canceled.stderr, /\(CONFLICT\)/);
});

test('status and cancel find a user list under its segment', async (t) => {
  const { run, service, folder } = await startMuster(t);
  const segmentId = await createSegment(service, { name: 'VIP', default_ttl: 3_600_000 });
  await writeFile(path.join(folder, 'users.csv'), 'email_hash\nh\n');
  const imported = await run('import', 'users.csv', '--segment', segmentId, '--json');
  assert.equal(imported.code, 0, imported.stderr);
  const lists = `/v1/datamarts/1/audience_segments/${segmentId}/user_list_imports`;
  const [list] = await dataOf<{ id: string }[]>(service.call('GET', lists));
  const of = [list?.id ?? '', '--segment', segmentId];
  const one = await run('status', ...of);
  assert.equal(one.code, 0, one.stderr);
  assert.match(one.stdout, /users\.csv/);
  assert.match((await run('cancel', ...of)).stderr, /it is SUCCEEDED \(CONFLICT\)/);
  assert.equal((await run('status', list?.id ?? '')).stdout, one.stdout);
  assert.match((await run('status', '777', '--segment', segmentId)).stderr, /\(NOT_FOUND\)/);
  assert.match(
    (await run('cancel', '777')).stderr,
    /no execution 777 in datamart 1; choose another one with --datamart \(NOT_FOUND\)/,
  );
});
