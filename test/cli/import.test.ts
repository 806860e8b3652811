import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createSegment, getSegment, membershipsOf } from '../client.ts';
import { muster, startMuster } from './run.ts';

const GOOD = update('u1') + update('u2');

function update(account: string, operation = 'UPDATE'): string {
  const command = {
    operation,
    user_account_id: account,
    segment_technical_name: 'vip',
    expiration_duration: 0,
  };
  return `${JSON.stringify(command)}\n`;
}

async function startWithSegment(t: Parameters<typeof startMuster>[0]) {
  const started = await startMuster(t);
  const segmentId = await createSegment(started.service, { name: 'VIP', technical_name: 'vip' });
  const write = (name: string, content: string | Uint8Array) =>
    writeFile(path.join(started.folder, name), content);
  return { ...started, segmentId, write };
}

test('exits with 0 when every line was applied, and accounts for each', async (t) => {
  const { run, write, service, segmentId } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  const { code, stdout, stderr } = await run('import', 'good.ndjson');
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  assert.match(stdout, /^good\.ndjson: 2 lines in /);
  assert.match(stdout, /applied +2\n/);
  assert.match(stdout, /failed +0\n/);
  assert.match(stdout, /memberships created +2\n/);
  assert.match(stdout, /user points created +2\n/);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
});

test('a file of a CRM goes to an import that maps its columns', async (t) => {
  const { run, write, service, segmentId } = await startWithSegment(t);
  const mapping = {
    columns: { 'Customer ID': 'user_account_id' },
    values: { operation: { add: 'UPDATE' } },
    defaults: { operation: 'UPDATE', segment_technical_name: 'vip', expiration_duration: 0 },
    hash: { Email: 'sha256' },
  };
  const created = await service.call('POST', '/v1/datamarts/1/document_imports', {
    name: 'crm',
    mime_type: 'TEXT_CSV',
    mapping,
  });
  assert.equal(created.status, 200, created.text);
  await write('crm.csv', 'Customer ID;Email\r\nC-1;\r\n;ada@example.com\r\n');
  const { code, stderr } = await run('import', '--import', 'crm', 'crm.csv');
  assert.equal(code, 0, stderr);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
  await write('plain.csv', 'Customer;Segment\r\nC-1;vip\r\n');
  const refused = await run('import', '--import', 'crm', 'plain.csv');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the mapping reads user_account_id from "Customer ID" or "Email"/);
});

test('--create-missing-segments says which segments a file makes, and in a dry run would make', async (t) => {
  const { run, folder, service } = await startMuster(t);
  await writeFile(path.join(folder, 'new.ndjson'), GOOD);
  const dry = await run('import', '--dry-run', '--create-missing-segments', 'new.ndjson');
  assert.match(dry.stdout, /segment +vip, would be created\n +segment vip +0 → 2 members\n/);
  const { code, stdout } = await run('import', '--create-missing-segments', 'new.ndjson');
  assert.equal(code, 0);
  const [, id = ''] = /segment +vip, created with id (\d+)\n/.exec(stdout) ?? [];
  assert.equal((await getSegment(service, id)).user_points_count, 2);
});

test('exits with 2 when lines failed, and saves them beside the input', async (t) => {
  const { run, write, folder } = await startWithSegment(t);
  await write('mixed.ndjson', `${update('u1') + update('u2', 'update')}not json\n`);
  const { code, stdout } = await run('import', 'mixed.ndjson');
  assert.equal(code, 2);
  assert.match(stdout, /INVALID_OPERATION +1\n/);
  assert.match(stdout, /INVALID_JSON +1\n/);
  assert.match(stdout, /error file +mixed\.ndjson\.errors\.ndjson\n/);
  const lines = (await readFile(path.join(folder, 'mixed.ndjson.errors.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).error_line),
    [2, 3],
  );
});

test('the saved error file can be corrected and imported', async (t) => {
  const { run, write, folder } = await startWithSegment(t);
  await write(
    'day.csv',
    'operation,user_account_id,segment_technical_name,expiration_duration\nupdate,u1,vip,0\n',
  );
  assert.equal((await run('import', 'day.csv')).code, 2);
  const failed = await readFile(path.join(folder, 'day.csv.errors.csv'), 'utf8');
  await write('day.csv.errors.csv', failed.replace(',update,', ',UPDATE,'));
  const { code, stderr } = await run('import', 'day.csv.errors.csv');
  assert.equal(code, 0, stderr);
});

test('exits with 1 for a file that is missing, although another was applied', async (t) => {
  const { run, write } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  await write('bad.ndjson', update('u3', 'upsert'));
  const { code, stdout, stderr } = await run('import', 'good.ndjson', 'absent.ndjson', 'bad.ndjson');
  assert.equal(code, 1);
  assert.match(stderr, /^error: absent\.ndjson: no such file\n$/);
  assert.match(stdout, /good\.ndjson: 2 lines/);
  assert.match(stdout, /bad\.ndjson: 1 lines?/);
  assert.match(stdout, /\ntotal of 3 files: 2 lines applied, 1 failed, 1 not imported\n$/);
});

test('exits with 1 when the service refuses the file', async (t) => {
  const { run, write } = await startWithSegment(t);
  await write('array.ndjson', '[{"operation":"UPDATE"}]\n');
  const { code, stderr } = await run('import', 'array.ndjson');
  assert.equal(code, 1);
  assert.match(stderr, /^error: array\.ndjson: .*\(NOT_NDJSON\)\n$/);
});

test('--json prints one document on standard output and nothing else', async (t) => {
  const { run, write } = await startWithSegment(t);
  await write('mixed.ndjson', update('u1') + update('u2', 'update'));
  const { code, stdout } = await run('import', '--json', 'mixed.ndjson', 'absent.ndjson');
  assert.equal(code, 1);
  const report = JSON.parse(stdout);
  assert.equal(report.exit_code, 1);
  assert.equal(report.files[0].exit_code, 2);
  assert.equal(report.files[0].execution.result.total_success, 1);
  assert.deepEqual(report.files[0].execution.result.failures_by_code, { INVALID_OPERATION: 1 });
  assert.equal(report.files[0].error_file, 'mixed.ndjson.errors.ndjson');
  assert.equal(report.files[1].execution, null);
});

test('prints neither colours nor bars when it has no terminal', async (t) => {
  const { run, write } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  for (const args of [['import', 'good.ndjson'], ['segments'], ['nonsense'], ['import', '--help']]) {
    const { stdout, stderr } = await run(...args);
    assert.ok(!(stdout + stderr).includes('\u001b'), args.join(' '));
  }
});

test('takes gzip, and finds the format of a file without extension', async (t) => {
  const { run, write, service, segmentId } = await startWithSegment(t);
  await write('good.ndjson.gz', gzipSync(GOOD));
  await write('export', update('u3'));
  await write('packed', gzipSync(update('u4')));
  const { code, stderr } = await run('import', 'good.ndjson.gz', 'export', 'packed');
  assert.equal(code, 0, stderr);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 4);
});

test('uses its own document import again, or the one that is named', async (t) => {
  const { run, write, service } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  const idOf = async (...args: string[]) => {
    const { stdout } = await run('import', 'good.ndjson', '--json', ...args);
    return JSON.parse(stdout).files[0].execution.parameters.document_import_id;
  };
  const own = await idOf();
  assert.equal(await idOf(), own);
  const named = await service.call('POST', '/v1/datamarts/1/document_imports', {
    document_type: 'USER_SEGMENT',
    mime_type: 'APPLICATION_X_NDJSON',
    name: 'nightly',
  });
  const { id } = (named.json as { data: { id: string } }).data;
  assert.equal(await idOf('--import', 'nightly'), Number(id));
  assert.equal(await idOf('--import', id), Number(id));
  const unknown = await run('import', 'good.ndjson', '--import', 'nobody');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no document import is named "nobody"/);
});

test('--segment imports a list of users, by technical name and by id', async (t) => {
  const { run, write, service, segmentId } = await startWithSegment(t);
  await write('users.csv', 'user_account_id\nu1\nu2\n');
  await write('more.tsv.gz', gzipSync('user_account_id\temail_hash\nu3\t\n'));
  const first = await run('import', '--segment', 'vip', 'users.csv');
  assert.equal(first.code, 0, first.stderr);
  const second = await run('import', '--segment', segmentId, 'more.tsv.gz');
  assert.equal(second.code, 0, second.stderr);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 3);
});

test('--no-wait returns once the file is received', async (t) => {
  const { run, write, service } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  const { code, stdout, stderr } = await run('import', '--no-wait', 'good.ndjson');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /good\.ndjson: received/);
  const [, id = ''] = /muster logs -f (\d+)\n/.exec(stderr) ?? [];
  for (;;) {
    const status = await run('status', id, '--json');
    if (['SUCCEEDED', 'FAILED'].includes(JSON.parse(status.stdout).status)) break;
  }
  assert.equal((await membershipsOf(service, 'user_account_id=u1'))?.length, 1);
});

test('says which address was tried when there is no service', async (t) => {
  const { write, folder } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  const env = { MUSTER_URL: 'http://127.0.0.1:9' };
  const { code, stderr } = await muster(['import', 'good.ndjson'], { env, cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /no service at http:\/\/127\.0\.0\.1:9 /);
  assert.match(stderr, /muster serve/);
});

test('--dry-run says what would happen, and --max-failure-ratio applies nothing of a file that is too bad', async (t) => {
  const { run, write, service, segmentId } = await startWithSegment(t);
  await write('mixed.ndjson', `${GOOD}not json\n`);
  const dry = await run('import', '--dry-run', 'mixed.ndjson');
  assert.equal(dry.code, 2, dry.stderr);
  assert.match(dry.stdout, /^dry run of mixed\.ndjson: 3 lines in /);
  assert.match(dry.stdout, /would be applied +2\n/);
  assert.match(dry.stdout, /segment \d+ +0 → 2 members\n/);
  const refused = await run('import', '--max-failure-ratio', '0.3', 'mixed.ndjson');
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /max_failure_ratio is 0\.3, and 1 of 3 commands failed \(0\.3333\), which takes max_failure_ratio=0\.3334: nothing of the file was applied/,
  );
  assert.match(refused.stdout, /error file +mixed\.ndjson\.errors\.ndjson\n/);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 0);
  const misspelt = await run('import', '--max-failure-ratio', '30 %', 'mixed.ndjson');
  assert.match(misspelt.stderr, /--max-failure-ratio: expected a number from 0 to 1, got "30 %"/);
});

test('revert takes back what an execution did, once, and --mode replace leaves the users of the file', async (t) => {
  const { run, write, service, segmentId } = await startWithSegment(t);
  await write('good.ndjson', GOOD);
  await write('other.ndjson', update('u2') + update('u3') + update('u4'));
  await run('import', 'good.ndjson');
  const replaced = await run('import', '--mode', 'replace', '--json', 'other.ndjson');
  assert.equal(replaced.code, 0, replaced.stderr);
  const [{ execution }] = JSON.parse(replaced.stdout).files;
  assert.equal(execution.result.memberships_left, 1);
  assert.equal(execution.result.unchanged, 1);
  assert.deepEqual(await membershipsOf(service, 'user_account_id=u1'), []);

  const importId = String(execution.parameters.document_import_id);
  const reverted = await run('revert', execution.id, '--import', importId);
  assert.equal(reverted.code, 0, reverted.stderr);
  assert.match(reverted.stdout, /^revert of execution 2: execution 3, SUCCEEDED\n {2}1 {2}put back\n/);
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
  const again = await run('revert', execution.id, '--import', importId);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /reverted already/);
  const misused = await run('import', '--no-wait', '--revert-on-failure', 'good.ndjson');
  assert.match(misused.stderr, /--revert-on-failure cannot be combined with --no-wait/);
});
