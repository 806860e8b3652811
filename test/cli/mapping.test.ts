import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createSegment, dataOf, getSegment } from '../client.ts';
import { startMuster } from './run.ts';
import { atTerminal } from './terminal.ts';

const CRM = [
  'Customer ID;Email;Segment;Op;Expires',
  'C-1;;vip;add;2030-12-31',
  ';ada@analytical.example;vip;add;never',
  'C-4;;vip;remove;',
  '',
].join('\n');
const SHOP = 'Customer ID,Email\n1,ann@a.example\n2,\n';

async function startWithFiles(t: Parameters<typeof startMuster>[0]) {
  const started = await startMuster(t);
  const segmentId = await createSegment(started.service, { name: 'VIP', technical_name: 'vip' });
  const write = (name: string, content: string | Uint8Array) =>
    writeFile(path.join(started.folder, name), content);
  await write('crm.csv', CRM);
  await write('shop.csv', SHOP);
  const imports = () =>
    dataOf<{ id: string; name: string; mapping?: { hash: object } }[]>(
      started.service.call('GET', '/v1/datamarts/1/document_imports'),
    );
  return { ...started, segmentId, write, imports };
}

test('imports map says why, shows commands, and saves with --yes alone', async (t) => {
  const { run, service, segmentId, imports } = await startWithFiles(t);
  const shown = await run('imports', 'map', 'crm.csv');
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /\+ `Email` holds addresses in 1 of 3 rows: hashed as email_hash\n/);
  assert.match(shown.stdout, /line 2: UPDATE user_account_id C-1 in vip until 2030-12-31 00:00:00\n/);
  assert.match(shown.stdout, /line 3: UPDATE email_hash [\da-f]{64} in vip, forever\n/);
  assert.match(shown.stdout, /line 4: DELETE user_account_id C-4 in vip\n/);
  assert.match(shown.stdout, /The first 3 lines are valid commands\.\n/);
  assert.match(shown.stderr, /nothing was saved/);
  assert.deepEqual(await imports(), []);

  const saved = await run('imports', 'map', '--yes', 'crm.csv');
  assert.match(saved.stdout, /saved to document import 1 \(crm\): muster import --import 1 FILE\n/);
  assert.equal((await run('import', '--import', 'crm', 'crm.csv')).code, 0);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);

  // the same for one that is there, and in JSON
  const again = await run(
    'imports',
    'map',
    '--yes',
    '--json',
    '--import',
    'crm',
    '--segment',
    'vip',
    'shop.csv',
  );
  assert.equal(again.code, 0, again.stderr);
  const report = JSON.parse(again.stdout);
  assert.equal(report.mapping.defaults.segment_technical_name, 'vip');
  assert.deepEqual(report.failures_by_code, { MISSING_EXPIRATION: 2 });
  assert.equal(report.document_import.id, '1');
  assert.deepEqual(
    (await imports()).map(({ mapping }) => mapping?.hash),
    [{ Email: 'sha256' }],
  );
});

test('a printed mapping is a file that import takes, and one import serves it', async (t) => {
  const { run, write, service, segmentId, imports } = await startWithFiles(t);
  const printed = await run('imports', 'map', '--print', '--segment', 'vip', '--duration', '0', 'shop.csv');
  assert.equal(printed.code, 0, printed.stderr);
  await write('shop.json', printed.stdout);
  await write('more.csv.gz', gzipSync('customer id,email\n3,\n'));
  for (const file of ['shop.csv', 'more.csv.gz']) {
    const { code, stderr } = await run('import', '--mapping', 'shop.json', file);
    assert.equal(code, 0, stderr);
  }
  assert.equal((await getSegment(service, segmentId)).user_points_count, 3);
  assert.deepEqual(
    (await imports()).map(({ name }) => name),
    ['muster-cli csv shop'],
  );

  // another mapping under the same name gets an import of its own
  await write('shop.json', printed.stdout.replace('"Customer ID"', '"Number"'));
  await write('numbers.csv', 'Number,Email\n9,\n');
  assert.equal((await run('import', '--mapping', 'shop.json', 'numbers.csv')).code, 0);
  assert.equal((await imports()).length, 2);

  for (const [content, message] of [
    ['no json', /expected a mapping as JSON/],
    ['{"columns":{"a":7}}', /columns must have texts/],
    ['{"columns":{"a":"user_acount_id"}}', /did you mean user_account_id/],
    ['{"colums":{}}', /"colums" is not a member of a mapping/],
  ] as const) {
    await write('bad.json', content);
    const { code, stderr } = await run('import', '--mapping', 'bad.json', 'shop.csv');
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
  assert.match((await run('import', '--mapping', 'gone.json', 'shop.csv')).stderr, /no such file/);
  assert.match(
    (await run('import', '--mapping', 'bad.json', '--import', '1', 'shop.csv')).stderr,
    /cannot be combined with --import/,
  );
});

test('what no mapping can be made for is told, with what each column is', async (t) => {
  const { run, write } = await startWithFiles(t);
  await write('city.csv', 'City,Price\nUlm,1\n');
  const nobody = await run('imports', 'map', 'city.csv');
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /no column names users.*\n {2}- `City` says nothing/);
  await write('plain.csv', 'operation,user_account_id,segment_id,expiration_duration\nUPDATE,1,1,0\n');
  assert.match((await run('imports', 'map', 'plain.csv')).stderr, /needs no mapping/);
  assert.match(
    (await run('imports', 'map', '--segment', 'vip', 'crm.csv')).stderr,
    /a column of the file names segments/,
  );
  const open = await run('imports', 'map', 'shop.csv');
  assert.match(open.stderr, /! no column names segments: add one to defaults/);
  assert.match(open.stdout, /Of the first 2 lines, 2 would fail: MISSING_SEGMENT 2\n/);
});

test('at a terminal it asks for what no column says, and before it saves', async (t) => {
  const { service, folder, imports } = await startWithFiles(t);
  const surroundings = { cwd: folder, env: { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token } };
  const declined = await atTerminal(
    ['imports', 'map', 'crm.csv'],
    [[/Create document import "crm".*\[y\/N\]/, 'n\r']],
    surroundings,
  );
  assert.equal(declined.code, 0);
  assert.match(declined.screen, /nothing was saved/);
  const { code, screen } = await atTerminal(
    ['imports', 'map', 'shop.csv'],
    [
      [/segment of all lines/, 'vip\r'],
      [/Minutes until they do/, '0\r'],
      [/Create document import "shop" with this mapping\?/, 'y\r'],
    ],
    surroundings,
  );
  assert.equal(code, 0, screen);
  assert.match(screen, /line 2: UPDATE user_account_id 1 in vip, forever/);
  assert.deepEqual(
    (await imports()).map(({ name }) => name),
    ['shop'],
  );
});
