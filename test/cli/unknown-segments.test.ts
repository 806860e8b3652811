import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../folder.ts';
import { muster } from './run.ts';
import { sharedService } from './shared.ts';

const shared = sharedService({ segments: ['big_spenders'] });

test('a summary tells unknown segments by name, and how those are made that nothing is like', async () => {
  const service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const run = (...args: string[]) => muster(args, { env, cwd: folder });
  const names = ['spring', 'big-spender', 'spring', ...Array.from({ length: 6 }, (_, i) => `other ${i}${i}`)];
  const rows = names.map((name, i) => `UPDATE,u${i},${name},0`);
  const header = 'operation,user_account_id,segment_technical_name,expiration_duration';
  await writeFile(path.join(folder, 'day.csv'), `${[header, ...rows].join('\n')}\n`);
  const done = await run('import', 'day.csv');
  assert.equal(done.code, 2, done.stderr);
  const id = /execution +(\d+), SUCCEEDED/.exec(done.stdout)?.[1] ?? '';
  for (const { stdout } of [done, await run('status', id)]) {
    assert.match(stdout, /no segment +"spring": 2 lines\n/);
    assert.match(stdout, /no segment +"big-spender": 1 line, did you mean big_spenders\?\n/);
    assert.match(stdout, /no segment +3 other names\n/);
    assert.match(
      stdout,
      new RegExp(`create them +muster import --create-missing-segments --corrects ${id} FILE\n`),
    );
  }
  const { files } = JSON.parse((await run('import', '--json', 'day.csv')).stdout);
  assert.deepEqual(files[0].unknown_segments[0], {
    ...{ name: 'spring', kind: 'TECHNICAL_NAME', lines: 2, first_line: 2 },
    ...{ did_you_mean: null, segment_id: null },
  });
  const made = await run('import', '--create-missing-segments', '--corrects', id, 'day.csv.errors.csv');
  assert.equal(made.code, 0, made.stderr + made.stdout);
  assert.match(made.stdout, new RegExp(`repairs +9 failed lines of execution ${id}\n`));
});
