import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { clientOf, dataOf, getSegment, membershipsOf } from '../client.ts';
import { startService } from '../helper.ts';
import {
  briefly,
  executionsOf,
  filesOf,
  folderFor,
  getSource,
  nameOf,
  openImport,
  putSource,
  runSource,
  sourcePath,
  testSource,
  untilRun,
} from '../sources/source-world.ts';
import { rawZstd } from '../zstd-samples.ts';
import { missing, refused } from './refusals.ts';

const FAST = { sourceSettleMs: 100, sourceRetryMs: 200 } as const;

async function open(t: TestContext, more: object = {}) {
  const folder = await folderFor(t);
  const service = await startService(t, { ...FAST, sourceFolders: [folder], ...more });
  return { folder, service, ...(await openImport(service)) };
}

test('files of a folder become executions, each once, and are known by what they hold', async (t) => {
  const { folder, service, segmentId, importId, line } = await open(t);
  const put = (name: string, body: string | Buffer) => writeFile(path.join(folder, name), body);
  await put('b.ndjson', line('b'));
  await put('a.ndjson.gz', gzipSync(`${line('a')}{}\n`));
  await put('c.txt', line('no'));
  await put('d.ndjson.part', line('no'));
  await put('bad.csv', 'operation\n');
  await put('e.ndjson', '');
  await mkdir(path.join(folder, 'sub.ndjson'));
  await putSource(service, importId, { kind: 'LOCAL', folder, pattern: '*.{ndjson,ndjson.gz,csv}' });
  assert.deepEqual(
    (await getSource(service, importId)).last_run,
    null,
    'without a schedule nothing runs by itself',
  );

  const first = await runSource(service, importId);
  assert.deepEqual(
    [first.status, first.trigger, first.files_taken, first.files_refused],
    ['SUCCEEDED', 'REQUEST', 2, 1],
  );
  const executions = await executionsOf(service, importId);
  assert.deepEqual(executions.map(nameOf), ['a.ndjson', 'b.ndjson']);
  assert.deepEqual(
    executions.map(({ result }) => [result.total_success, result.total_failure]),
    [
      [1, 1],
      [1, 0],
    ],
  );
  assert.equal((await getSegment(service, segmentId)).user_points_count, 2);
  const files = await filesOf(service, importId);
  assert.deepEqual(briefly(files), ['a.ndjson.gz TAKEN', 'b.ndjson TAKEN', 'e.ndjson REFUSED']);
  assert.equal(files[0]?.execution_id, executions[0]?.id);
  assert.match(files[2]?.reason ?? '', /empty|nothing/);

  // nothing has changed: nothing is taken; the refused one is tried since somebody asks
  await runSource(service, importId);
  assert.deepEqual(briefly(await filesOf(service, importId)), briefly(files));
  // another time, the same bytes; other bytes under the same name; the bytes of before again
  await put('a.ndjson.gz', gzipSync(`${line('a')}{}\n`, { level: 1 }));
  await put('b.ndjson', line('b2'));
  await runSource(service, importId);
  await put('b.ndjson', line('b'));
  await runSource(service, importId);
  assert.deepEqual(briefly(await filesOf(service, importId)), [
    'a.ndjson.gz TAKEN',
    'b.ndjson TAKEN',
    'a.ndjson.gz SAME',
    'b.ndjson TAKEN',
    'b.ndjson TAKEN',
    'e.ndjson REFUSED',
  ]);
  assert.equal((await executionsOf(service, importId)).length, 4);
});

test('a test tells of each file whether it would be taken and why, and takes none', async (t) => {
  const { folder, service, importId, line } = await open(t);
  await writeFile(path.join(folder, 'new.ndjson'), line('u'));
  await writeFile(path.join(folder, 'other.csv'), 'x');
  await writeFile(path.join(folder, '_SUCCESS'), '');
  await writeFile(path.join(folder, '.hidden'), '');
  await symlink('/etc/passwd', path.join(folder, 'link.ndjson'));
  await sleep(150);
  await putSource(service, importId, { kind: 'LOCAL', folder });
  const told = await testSource(service, importId);
  assert.equal(told.connected, true, told.error ?? '');
  const reasons = Object.fromEntries(
    told.files.map(({ name, would_be_taken, reason }) => [name, [would_be_taken, reason]]),
  );
  assert.deepEqual(reasons, {
    'new.ndjson': [true, 'it is new'],
    'other.csv': [false, 'its name says that it is not of the format of the import, APPLICATION_X_NDJSON'],
    _SUCCESS: [false, 'names that begin with _ are not data'],
    '.hidden': [false, 'its name begins with a dot: hidden files are not data'],
    'link.ndjson': [false, 'it is a link, and links are not followed'],
  });
  assert.deepEqual(await filesOf(service, importId), []);
  await runSource(service, importId);
  const again = await testSource(service, importId);
  assert.match(
    again.files.find(({ name }) => name === 'new.ndjson')?.reason ?? '',
    /^it was taken as execution \d+$/,
  );
  for (let i = 0; i < 30; i++) await writeFile(path.join(folder, `n${i}.ndjson`), line(`${i}`));
  assert.equal((await testSource(service, importId)).files.length, 20);
  await rm(folder, { recursive: true });
  assert.deepEqual(await testSource(service, importId), {
    connected: false,
    error: 'the folder is not there',
    files: [],
  });
});

test('a file that is still being written waits, and is taken whole', async (t) => {
  const { folder, service, importId, line } = await open(t, { sourceSettleMs: 600 });
  const file = path.join(folder, 'growing.ndjson');
  await writeFile(file, line('u0'));
  await putSource(service, importId, { kind: 'LOCAL', folder, schedule: { interval: 1_000 } });
  const until = Date.now() + 2_500;
  let lines = 1;
  while (Date.now() < until) {
    await appendFile(file, line(`u${lines++}`));
    await sleep(100);
  }
  assert.deepEqual(await executionsOf(service, importId), []);
  await untilRun(service, importId, ({ last_run }) => last_run?.files_taken === 1);
  const [execution, ...others] = await executionsOf(service, importId);
  assert.deepEqual([execution?.result.total_success, others.length], [lines, 0]);
});

test('what was taken is moved or deleted, and nothing else', async (t) => {
  const { folder, service, importId, line } = await open(t);
  const names = async (of = '') => (await readdir(path.join(folder, of))).sort();
  const source = { kind: 'LOCAL', folder };
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  await writeFile(path.join(folder, 'bad.ndjson'), '');
  await putSource(service, importId, { ...source, after: 'move' });
  await runSource(service, importId);
  const [first] = await executionsOf(service, importId);
  assert.deepEqual(await names(), ['bad.ndjson', 'taken']);
  assert.deepEqual(await names('taken'), [`${first?.id}-a.ndjson`]);
  // it comes again with what it had: nothing is to be done but to put it away
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  await runSource(service, importId);
  assert.deepEqual(await names(), ['bad.ndjson', 'taken']);
  assert.equal((await executionsOf(service, importId)).length, 1);

  await putSource(service, importId, { ...source, after: 'delete' });
  await writeFile(path.join(folder, 'a.ndjson'), line('a2'));
  const dry = await runSource(service, importId, { dry_run: true });
  assert.deepEqual([dry.dry_run, dry.files_taken], [true, 1]);
  assert.deepEqual(await names(), ['a.ndjson', 'bad.ndjson', 'taken'], 'a dry run leaves what it read');
  assert.equal(await membershipsOf(service, 'user_account_id=a2'), null);
  await runSource(service, importId);
  assert.deepEqual(await names(), ['bad.ndjson', 'taken']);
  const executions = await executionsOf(service, importId);
  assert.deepEqual(
    executions.map(({ dry_run }) => dry_run ?? false),
    [false, true, false],
  );
  assert.equal((await membershipsOf(service, 'user_account_id=a2'))?.length, 1);
});

test('files are taken in order, so many in a run, with the options of the source', async (t) => {
  const { folder, service, importId, segmentId, line } = await open(t);
  for (const name of ['c.ndjson', 'a.ndjson', 'b.ndjson']) {
    await writeFile(path.join(folder, name), line(name));
    await sleep(20);
  }
  const source = { kind: 'LOCAL', folder, max_files: 2, options: { mode: 'replace', max_shrink_ratio: 1 } };
  await putSource(service, importId, { ...source, order: 'time' });
  await runSource(service, importId);
  assert.deepEqual((await executionsOf(service, importId)).map(nameOf), ['c.ndjson', 'a.ndjson']);
  await runSource(service, importId);
  assert.deepEqual((await executionsOf(service, importId)).map(nameOf), ['c.ndjson', 'a.ndjson', 'b.ndjson']);
  assert.equal(
    (await getSegment(service, segmentId)).user_points_count,
    1,
    'each file replaced the one before',
  );
  await writeFile(path.join(folder, 'd.ndjson.zst'), rawZstd(Buffer.from(line('d'))));
  assert.equal((await runSource(service, importId)).files_taken, 1);
  assert.deepEqual((await executionsOf(service, importId)).map(nameOf).at(-1), 'd.ndjson');
});

test('a schedule is kept through stops: what was missed is one run', async (t) => {
  const folder = await folderFor(t);
  let now = Date.parse('2026-11-30T05:00:00Z');
  const since = performance.now();
  const clock = () => now + Math.round(performance.now() - since);
  const service = await startService(t, { ...FAST, sourceFolders: [folder] }, clock);
  const { importId, line } = await openImport(service);
  const schedule = { cron: '0 6 * * *', time_zone: 'Europe/Berlin' };
  const put = await putSource(service, importId, { kind: 'LOCAL', folder, schedule });
  const start = await dataOf<{ next_run_ts: number }>(service.call('GET', sourcePath(importId)));
  assert.equal(start.next_run_ts, Date.parse('2026-12-01T05:00:00Z'));
  assert.deepEqual(put.schedule, schedule);
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  now += 3 * 86_400_000 + 60_000;
  const run = await untilRun(service, importId);
  assert.deepEqual([run.trigger, run.files_taken], ['SCHEDULE', 1]);
  const { next_run_ts } = await getSource(service, importId);
  assert.equal(next_run_ts, Date.parse('2026-12-04T05:00:00Z'), 'three were missed, and one was done');
  await putSource(service, importId, { kind: 'LOCAL', folder, schedule, enabled: false });
  assert.equal((await getSource(service, importId)).next_run_ts, null);
});

test('a run that failed is tried again, later each time, and says why', async (t) => {
  const { folder, service, importId, line } = await open(t);
  const hidden = `${folder}.away`;
  await rename(folder, hidden);
  await putSource(service, importId, { kind: 'LOCAL', folder, schedule: { interval: 3_600_000 } });
  const failed = await untilRun(service, importId, ({ failures }) => failures >= 2);
  assert.deepEqual(
    [failed.status, failed.error, failed.trigger],
    ['FAILED', 'the folder is not there', 'RETRY'],
  );
  await rename(hidden, folder);
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  const run = await untilRun(service, importId, ({ last_run }) => last_run?.status === 'SUCCEEDED');
  assert.equal(run.files_taken, 1);
  const { failures, next_run_ts } = await getSource(service, importId);
  assert.equal(failures, 0);
  assert.ok((next_run_ts ?? 0) > Date.now() + 3_000_000);
});

test('a folder leads nowhere but where the configuration allows, also by links', async (t) => {
  const root = await folderFor(t);
  const outside = await folderFor(t);
  await mkdir(path.join(root, '1'));
  await mkdir(path.join(root, '2'));
  const service = await startService(t, { ...FAST, sourceFolders: [`${root}/{datamart}`] });
  const { importId, line } = await openImport(service);
  const at = sourcePath(importId);
  for (const folder of [
    root,
    `${root}/2`,
    `${root}/1/../2`,
    outside,
    '/',
    'in',
    '',
    `${root}/1\u0000`,
    `${root}/10`,
  ])
    await refused(service.call('PUT', at, { kind: 'LOCAL', folder }), 400, 'INVALID_REQUEST');
  await writeFile(path.join(outside, 'a.ndjson'), line('a'));
  await putSource(service, importId, { kind: 'LOCAL', folder: `${root}/1/way` });
  await symlink(outside, `${root}/1/way`);
  const led = await runSource(service, importId);
  assert.deepEqual(
    [led.status, led.error],
    ['FAILED', 'the folder is a link that leads out of those that are allowed'],
  );
  await rm(`${root}/1/way`);
  await mkdir(`${root}/1/way`);
  await symlink(path.join(outside, 'a.ndjson'), `${root}/1/way/a.ndjson`);
  await symlink(outside, `${root}/1/way/taken`);
  await writeFile(`${root}/1/way/b.ndjson`, line('b'));
  await putSource(service, importId, { kind: 'LOCAL', folder: `${root}/1/way`, after: 'move' });
  const moved = await runSource(service, importId);
  assert.match(moved.error ?? '', /^b\.ndjson: the folder of files that were taken leads out/);
  assert.deepEqual((await executionsOf(service, importId)).map(nameOf), ['b.ndjson']);
  assert.deepEqual(await readdir(outside), ['a.ndjson']);
});

test('what cannot be a source is refused, and says why', async (t) => {
  const { folder, service, importId } = await open(t);
  const at = sourcePath(importId);
  const wrong = async (body: object, why: RegExp, code = 'INVALID_REQUEST', status = 400) =>
    assert.match(await refused(service.call('PUT', at, body), status, code), why);
  const local = { kind: 'LOCAL', folder };
  await wrong({ kind: 'FTP' }, /kind/);
  await wrong({ ...local, url: 'https://x.example/' }, /^url is not for a source of kind LOCAL/);
  await wrong({ ...local, pattern: '{a' }, /^pattern must be a glob/);
  await wrong({ ...local, max_files: 0 }, /max_files/);
  await wrong({ ...local, after_folder: '../x' }, /^after_folder/);
  await wrong({ ...local, schedule: {} }, /^schedule must have cron or interval/);
  await wrong({ ...local, schedule: { cron: '0 6 * * *', interval: 60_000 } }, /and not both/);
  await wrong({ ...local, schedule: { interval: 10 } }, /interval must be/);
  await wrong({ ...local, schedule: { cron: '0 6 * *' } }, /^cron must have five fields/);
  await wrong({ ...local, options: { max_shrink_ratio: 0.1 } }, /mode=replace/);
  await wrong({ ...local, credentials: { password: 'sekret' } }, /has no credentials/);
  const https = { kind: 'HTTPS', url: 'https://files.example.com/u.csv' };
  await wrong({ ...https, after: 'delete' }, /^after must be leave/);
  await wrong(
    { ...https, credentials: { password: 'sekret' } },
    /no key for that.*sourceKey/,
    'CONFLICT',
    409,
  );
  for (const credentials of [
    'sekret',
    ['sekret'],
    { password: 5 },
    { sekret: 'x' },
    { password: 'sekret\n' },
  ]) {
    const text = await refused(service.call('PUT', at, { ...https, credentials }), 400, 'INVALID_REQUEST');
    assert.doesNotMatch(text, /sekret/);
  }
  for (const url of [
    'http://files.example.com/u.csv',
    'https://127.0.0.1/u.csv',
    'https://[::1]/u.csv',
    'https://169.254.169.254/latest',
    'https://localhost/u',
    'https://user:sekret@files.example.com/u.csv',
    'file:///etc/passwd',
  ])
    await wrong({ ...https, url }, /^url: expected/);
  await wrong({ kind: 'S3', bucket: 'Not A Bucket' }, /^bucket must/);
  await wrong({ kind: 'S3', bucket: 'b-1', region: 'x.evil.example/' }, /^region must/);
  await wrong({ kind: 'S3', bucket: 'b-1', endpoint: 'http://10.0.0.9:9000' }, /^endpoint: expected/);
  await wrong({ kind: 'SFTP', host: '10.0.0.9', user: 'u' }, /^host: expected a public address/);
  await wrong({ kind: 'SFTP', host: 'h/x', user: 'u' }, /^host: expected/);
  await wrong({ kind: 'SFTP', host: 'h.example', user: 'u', host_key: 'MD5:x' }, /^host_key must/);
  await missing(service.call('GET', at));
  for (const call of ['test', 'run']) await missing(service.call('POST', `${at}/${call}`));
  await missing(service.call('DELETE', at));
});

test('a source goes with its import, is told in the audit log, and rests where sources are paused', async (t) => {
  const { folder, service, importId, line } = await open(t, { pauseSources: true });
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  await putSource(service, importId, { kind: 'LOCAL', folder, schedule: { interval: 1_000 } });
  await refused(service.call('POST', `${sourcePath(importId)}/run`), 409, 'CONFLICT');
  await sleep(1_500);
  assert.equal((await getSource(service, importId)).last_run, null);
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'r', role: 'reader', datamart_ids: null }),
  );
  await refused(clientOf(service.baseUrl, value).call('GET', sourcePath(importId)), 403, 'FORBIDDEN');
  const listed = await dataOf<{ document_import_id: string }[]>(
    service.call('GET', '/v1/datamarts/1/sources'),
  );
  assert.deepEqual(
    listed.map(({ document_import_id }) => document_import_id),
    [importId],
  );
  await dataOf(service.call('DELETE', `/v1/datamarts/1/document_imports/${importId}`));
  assert.deepEqual(await dataOf(service.call('GET', '/v1/datamarts/1/sources')), []);
  const log = await dataOf<{ action: string; resource_type: string }[]>(
    service.call('GET', '/v1/audit_log?resource_type=source'),
  );
  assert.ok(log.some(({ action, resource_type }) => action === 'CREATE' && resource_type === 'source'));
});

test('an erasure takes identifiers out of names, and their files are known all the same', async (t) => {
  const { folder, service, importId, line } = await open(t);
  await writeFile(path.join(folder, 'of-kunde-4711.ndjson'), line('kunde-4711') + line('other'));
  await putSource(service, importId, { kind: 'LOCAL', folder });
  await runSource(service, importId);
  await executionsOf(service, importId);
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=kunde-4711'));
  const files = await service.call('GET', `${sourcePath(importId)}/files`);
  assert.doesNotMatch(files.text, /kunde|-4711/);
  assert.equal((await runSource(service, importId)).files_taken, 0);
  assert.equal((await executionsOf(service, importId)).length, 1);
});
