import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeFolder } from '../folder.ts';
import type { ServiceProcess } from '../process.ts';
import { openProxy } from './proxy.ts';
import { muster, type Run, start } from './run.ts';
import { sharedService } from './shared.ts';

const HEADER = 'operation,user_account_id,segment_technical_name,expiration_duration\n';
const csv = (...rows: string[]) => `${HEADER}${rows.join('\n')}\n`;

const shared = sharedService({ segments: ['vip'] });
let service: ServiceProcess;

/** A folder of its own, and `muster` in it. */
async function openFolder() {
  service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  return {
    folder,
    run: (...args: string[]): Promise<Run> => muster(args, { env, cwd: folder }),
    write: (name: string, content: string | Uint8Array) => writeFile(path.join(folder, name), content),
    read: (name: string) => readFile(path.join(folder, name), 'utf8'),
    names: async () => (await readdir(folder)).sort(),
  };
}

test('an error file that somebody corrected is not overwritten, one that nobody touched is', async () => {
  const { run, write, read, names } = await openFolder();
  await write('messy.csv', csv('upsert,u1,vip,0', 'UPDATE,u2,vip,0'));
  assert.equal((await run('import', 'messy.csv')).code, 2);
  const first = await read('messy.csv.errors.csv');
  assert.match(first, /INVALID_OPERATION/);

  // the same failed lines: the file says them already
  const again = await run('import', 'messy.csv');
  assert.match(again.stdout, /error file +messy\.csv\.errors\.csv\n/);
  assert.deepEqual(await names(), ['messy.csv', 'messy.csv.errors.csv']);

  // other ones, while the file is as it was left
  await write('messy.csv', csv('upsert,u1,vip,0', 'delete,u2,vip,0'));
  assert.match((await run('import', 'messy.csv')).stdout, /error file +messy\.csv\.errors\.csv\n/);
  assert.match(await read('messy.csv.errors.csv'), /u2/);

  const corrected = (await read('messy.csv.errors.csv')).replace('upsert', 'UPDATE');
  await write('messy.csv.errors.csv', corrected);
  const third = await run('import', 'messy.csv');
  assert.match(third.stdout, /error file +messy\.csv\.errors\.2\.csv\n/);
  assert.equal(await read('messy.csv.errors.csv'), corrected);

  // the corrected one fails in part: its failed lines are of the same file
  const sent = await run('import', 'messy.csv.errors.csv');
  assert.equal(sent.code, 2, sent.stderr);
  assert.match(sent.stdout, /error file +messy\.csv\.errors\.\d\.csv\n/);
  assert.equal(await read('messy.csv.errors.csv'), corrected);
  assert.ok((await names()).every((name) => !/errors.*errors/.test(name)));
});

test('a file that says something else and only has the name of an error file stays', async () => {
  const { run, write, read } = await openFolder();
  await write('notes.csv', csv('upsert,u1,vip,0'));
  await write('notes.csv.errors.csv', 'mine');
  assert.match((await run('import', 'notes.csv')).stdout, /error file +notes\.csv\.errors\.2\.csv\n/);
  assert.equal(await read('notes.csv.errors.csv'), 'mine');
});

test('error files among other files are left out with a note, alone they are imported', async () => {
  const { run, write, names } = await openFolder();
  await write('a.csv', csv('upsert,u1,vip,0'));
  await write('b.csv', csv('UPDATE,u2,vip,0'));
  assert.equal((await run('import', 'a.csv', 'b.csv')).code, 2);
  const globbed = await run('import', ...(await names()));
  assert.match(globbed.stderr, /^a\.csv\.errors\.csv: skipped, .*name only it\n$/);
  assert.doesNotMatch(globbed.stdout, /^a\.csv\.errors\.csv:/m);
  assert.deepEqual(await names(), ['a.csv', 'a.csv.errors.csv', 'b.csv']);
  const alone = await run('import', 'a.csv.errors.csv');
  assert.match(alone.stdout, /^a\.csv\.errors\.csv: 1 line/);
  assert.equal(alone.stderr, '');
});

test('what is an error file among others, its content tells and not its name', async () => {
  const { run, write } = await openFolder();
  await write('a.csv', csv('upsert,u1,vip,0'));
  await write('a.ndjson', '{"operation":"upsert","user_account_id":"u1","segment_technical_name":"vip"}\n');
  assert.equal((await run('import', '--errors', 'failed.csv', 'a.csv')).code, 2);
  assert.equal((await run('import', '--errors', 'failed.ndjson', 'a.ndjson')).code, 2);
  await write('quoted.csv', '\ufeffsep=;\n"error_line";"error_code";"error_message";"operation"\n');
  await write('cust.errors.csv', csv('UPDATE,mine,vip,0'));
  await write('more.csv', `note,error_line,error_code,error_message,${HEADER},,,,UPDATE,more,vip,0\n`);
  await write('b.report.json', '{"moved_to":"done/b"}');
  await write(
    'c.report.json',
    '{"operation":"UPDATE","user_account_id":"c","segment_technical_name":"vip"}\n',
  );
  const left = ['failed.csv', 'failed.ndjson', 'quoted.csv', 'b.report.json'];
  await write('middle.csv', `${csv('UPDATE,middle,vip,0')}error_line,error_code,error_message,operation\n`);
  const taken = ['cust.errors.csv', 'more.csv', 'middle.csv', 'c.report.json'];
  const { stdout, stderr } = await run('import', ...left, ...taken);
  for (const name of left) {
    assert.match(stderr, new RegExp(`^${name}: skipped, `, 'm'));
    assert.doesNotMatch(stdout, new RegExp(`^${name}: `, 'm'));
  }
  for (const name of taken) assert.match(stdout, new RegExp(`^${name}: [12] lines? `, 'm'));
  // alone, or among their like, they are meant
  assert.match((await run('import', 'failed.csv', 'failed.ndjson')).stdout, /^failed\.csv: 1 line/m);
});

test('files with the same stem have error files of their own, beside them and in a folder', async () => {
  const { run, write, read, folder, names } = await openFolder();
  await write('a.csv', csv('upsert,plain,vip,0'));
  await write('a.csv.gz', gzipSync(csv('upsert,packed,vip,0')));
  await write('a.ndjson', '{"operation":"upsert","user_account_id":"json"}\n');
  assert.equal((await run('import', 'a.csv', 'a.csv.gz', 'a.ndjson')).code, 2);
  assert.match(await read('a.csv.errors.csv'), /plain/);
  assert.match(await read('a.csv.gz.errors.csv'), /packed/);
  assert.match(await read('a.ndjson.errors.ndjson'), /json/);

  for (const name of ['d1', 'd2']) {
    await mkdir(path.join(folder, name));
    await write(`${name}/a.csv`, csv(`upsert,of-${name},vip,0`));
  }
  assert.equal((await run('import', '--errors', 'out/', 'd1/a.csv', 'd2/a.csv')).code, 2);
  assert.match(await read('out/a.csv.errors.csv'), /of-d1/);
  assert.match(await read('out/a.csv.errors.2.csv'), /of-d2/);
  assert.equal((await run('import', '--errors', 'out/', 'a.csv')).code, 2);
  assert.match(await read('out/a.csv.errors.3.csv'), /plain/);

  assert.equal((await run('import', '--errors', 'chosen.csv', 'a.csv')).code, 2);
  assert.match(await read('chosen.csv'), /plain/);
  assert.equal((await run('import', '--errors', '/dev/null', 'a.csv')).code, 2);
  const both = await run('import', '--errors', 'chosen.csv', 'a.csv', 'd1/a.csv');
  assert.match(both.stderr, /--errors: expected a folder/);
  assert.equal((await names()).filter((name) => /part$/.test(name)).length, 0);
});

test('a name that leaves no room for the ending is shortened, and one that is no UTF-8 is found', async () => {
  const { run, write, folder, names } = await openFolder();
  const long = `${'é'.repeat(125)}.csv`;
  await write(long, csv('upsert,u1,vip,0'));
  const { code, stdout } = await run('import', long);
  assert.equal(code, 2);
  const [, saved = ''] = /error file +(\S+)\n/.exec(stdout) ?? [];
  assert.match(saved, /^é+~[0-9a-f]{12}\.csv\.errors\.csv$/);
  assert.ok((await names()).includes(saved));

  const latin = Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9]), Buffer.from('.csv')]);
  await cp(path.join(folder, long), path.join(folder, 'copy'));
  await writeFile(latin, csv('UPDATE,u1,vip,0'));
  const found = await run('import', 'caf\ufffd.csv');
  assert.equal(found.code, 0, found.stderr);
  assert.match(found.stdout, /^.*caf\\xE9\.csv: 1 line/);
  await rm(latin);
});

test('a file that is written to while it is sent is told of, and is no success', async (t) => {
  const { folder, write } = await openFolder();
  await write('growing.csv', csv('UPDATE,g1,vip,0'));
  const url = await openProxy(t, { target: service.baseUrl, fates: ['ANSWER_503'] });
  const env = { MUSTER_URL: url, MUSTER_TOKEN: service.token };
  const importing = start(['import', '--json', 'growing.csv'], { env, cwd: folder });
  importing.child.stderr?.once('data', () =>
    appendFileSync(path.join(folder, 'growing.csv'), 'UPDATE,g2,vip,0\n'),
  );
  const { code, stdout, stderr } = await importing.ended;
  assert.equal(code, 1, stderr);
  const [{ error, execution }] = JSON.parse(stdout).files;
  assert.equal(error.code, 'FILE_CHANGED');
  assert.match(
    error.text,
    /changed while it was being sent, from 85 to 101 bytes; what was sent is imported/,
  );
  assert.equal(execution.result.total_success, 1);
});

test('muster errors saves into a folder under the usual name, and says which folder there is not', async () => {
  const { run, write, read, folder } = await openFolder();
  await write('day.csv', csv('upsert,u1,vip,0'));
  const { stdout } = await run('import', '--errors', 'first.csv', '--json', 'day.csv');
  const { id } = JSON.parse(stdout).files[0].execution as { id: string };
  await mkdir(path.join(folder, 'dir'));
  for (const given of ['dir', 'dir/', 'new/']) {
    const saved = await run('errors', id, '-o', given);
    assert.equal(saved.code, 0);
    assert.match(saved.stderr, /^Correct them, .* muster import --corrects \d+ FILE\n$/);
    assert.match(saved.stdout, /^(dir|new)\/+day\.csv\.errors\.csv: saved\n$/);
  }
  assert.equal(await read('dir/day.csv.errors.csv'), await read('first.csv'));
  await write('dir/day.csv.errors.csv', 'mine');
  await run('errors', id, '-o', 'dir');
  assert.equal(await read('dir/day.csv.errors.csv'), 'mine');
  assert.equal(await read('dir/day.csv.errors.2.csv'), await read('first.csv'));

  const nowhere = await run('errors', id, '-o', 'nodir/x.csv');
  assert.deepEqual([nowhere.code, nowhere.stderr], [1, 'error: nodir: no such folder\n']);
  const noFolder = await run('errors', id, '-o', 'day.csv/x.csv');
  assert.deepEqual(
    [noFolder.code, noFolder.stderr],
    [1, 'error: day.csv: expected a folder, got something else\n'],
  );
  const lost = await run('import', '--errors', 'nodir/x.csv', 'day.csv');
  assert.match(lost.stderr, /could not be saved: nodir: no such folder; get it with: muster errors/);
});

test('the first failed lines are shown, with their codes and messages', async () => {
  const { run, write } = await openFolder();
  const bad = ['upsert,u1,vip,0', 'UPDATE,u2,nowhere,0', 'UPDATE,,vip,0', 'UPDATE,u3,vip,soon'];
  await write('bad.csv', csv('UPDATE,u0,vip,0', ...bad));
  const { stdout } = await run('import', 'bad.csv');
  assert.match(
    stdout,
    /\n {2}line 3 +INVALID_OPERATION: .*"upsert"\n {2}line 4 +UNKNOWN_SEGMENT: .*\n {2}line 5 +MISSING_IDENTIFIER: /,
  );
  assert.doesNotMatch(stdout, /line 6 /);
  await write('bad.ndjson', '{"operation":"upsert"}\nnot json\n');
  const { first_failures } = JSON.parse((await run('import', '--json', 'bad.ndjson')).stdout).files[0];
  assert.deepEqual(
    first_failures.map((each: { line: number; code: string }) => [each.line, each.code]),
    [
      [1, 'INVALID_OPERATION'],
      [2, 'INVALID_JSON'],
    ],
  );
});
