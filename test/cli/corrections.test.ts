import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../folder.ts';
import { muster } from './run.ts';
import { sharedService } from './shared.ts';

const shared = sharedService({ segments: ['vip'] });

async function open() {
  const service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  return { folder, run: (...args: string[]) => muster(args, { env, cwd: folder }) };
}

const csv = (...rows: string[]) =>
  `operation,user_account_id,segment_technical_name,expiration_duration\n${rows.join('\n')}\n`;

test('failed lines are corrected by the command that is printed, and what they repair is told', async () => {
  const { run, folder } = await open();
  await writeFile(path.join(folder, 'day.csv'), csv('UPDATE,a,vip,0', 'UPDATE,b,vipp,0', 'UPDATE,c,vipp,0'));
  await run('imports', 'create', 'nightly', '--format', 'csv');
  const first = await run('import', '--import', 'nightly', 'day.csv');
  assert.equal(first.code, 2, first.stderr);
  const id = /execution +(\d+), SUCCEEDED/.exec(first.stdout)?.[1] ?? '';
  const listed = await run('errors', id);
  assert.match(
    listed.stderr,
    new RegExp(
      `Save them with -o FILE, correct them, and import them with: muster import --corrects ${id} FILE`,
    ),
  );
  assert.equal((await run('errors', id, '--json')).stderr, '');
  const saved = await run('errors', id, '-o', "it's.csv");
  assert.ok(saved.stderr.includes(`muster import --corrects ${id} 'it'\\''s.csv'`), saved.stderr);
  const file = path.join(folder, "it's.csv");
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(',vipp,', ',vip,'));
  const second = await run('import', '--corrects', id, "it's.csv");
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, new RegExp(`repairs +2 failed lines of execution ${id}\n`));
  assert.match(second.stdout, /of document import \d+ \(nightly\)/);
  const secondId = /execution +(\d+), SUCCEEDED/.exec(second.stdout)?.[1] ?? '';
  assert.match((await run('status', id)).stdout, new RegExp(`repaired +2 by execution ${secondId}\n`));
  assert.match((await run('import', '--corrects', '999', 'day.csv')).stderr, /no execution 999 in /);
  assert.match((await run('import', '--corrects', 'x', 'day.csv')).stderr, /expected a decimal id, got "x"/);
});

test('a list of users is corrected in its segment', async () => {
  const { run, folder } = await open();
  await writeFile(path.join(folder, 'list.csv'), 'user_account_id,email_hash\na,b\nc,\n');
  const first = await run('import', '--segment', 'vip', 'list.csv');
  const id = /execution +(\d+), SUCCEEDED/.exec(first.stdout)?.[1] ?? '';
  await writeFile(path.join(folder, 'again.csv'), 'error_line,user_account_id\n2,a\n');
  const second = await run('import', '--corrects', id, 'again.csv');
  assert.equal(second.code, 0, second.stderr + second.stdout);
  assert.match(second.stdout, new RegExp(`repairs +1 failed line of execution ${id}\n`));
});
