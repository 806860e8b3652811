import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { getSegment } from '../client.ts';
import { makeFolder } from '../folder.ts';
import type { ServiceProcess } from '../process.ts';
import { rawZstd } from '../zstd-samples.ts';
import { muster, start, untilPrinted } from './run.ts';
import { sharedService } from './shared.ts';

const MAX_UPLOAD_BYTES = 100_000;
const shared = sharedService({
  segments: ['vip'],
  env: { MUSTER_MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES) },
});
let service: ServiceProcess;

const line = (user: string, operation = 'UPDATE') =>
  `${JSON.stringify({ operation, user_account_id: user, segment_technical_name: 'vip', expiration_duration: 0 })}\n`;
const members = async () => (await getSegment(service, '1')).user_points_count;

type Report = {
  readonly file: string;
  readonly exit_code: number;
  readonly moved_to: string;
  readonly execution: {
    readonly result: { readonly total_success: number; readonly total_failure: number };
  } | null;
  readonly error: { readonly code: string | null; readonly text: string } | null;
};

/** A folder to watch. */
async function openDrop() {
  service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const args = ['watch', folder, '--settle', '1', '--json'];
  const names = (where: string) => readdir(path.join(folder, where), 'buffer').catch(() => []);
  return {
    ...{ folder, args, env, names },
    once: () => muster([...args, '--once'], { env }),
    put: (name: string | Buffer, content: string | Uint8Array) =>
      writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]), content),
    listed: async (where: string) => (await names(where)).map(String).sort(),
    /** The reports in `done/` or `failed/`, by the name of the file they are about. */
    reports: async (where: string) => {
      const found = new Map<string, Report>();
      for (const name of await names(where)) {
        if (!name.toString('latin1').endsWith('.report.json')) continue;
        const text = await readFile(Buffer.concat([Buffer.from(`${folder}/${where}/`), name]), 'utf8');
        const report = JSON.parse(text) as Report;
        found.set(path.basename(report.file), report);
      }
      return found;
    },
  };
}

test('names of any length and in any bytes are imported, and each has a report of its own', async () => {
  const { put, once, reports, names, listed, folder } = await openDrop();
  const before = await members();
  const long = Array.from({ length: 13 }, (_, at) => `${'n'.repeat(243 + at - 7)}.ndjson`);
  for (const name of long) await put(name, line(`long-${name.length}`));
  // two that begin alike and are no longer apart when they are cut
  const twins = ['x', 'y'].map((last) => `${'é'.repeat(123)}${last}.ndjson`);
  for (const name of twins) await put(name, line(name) + line(name, 'upsert'));
  const latin = Buffer.from('caf\xe9.ndjson', 'latin1');
  const other = Buffer.from('caf\xe8.ndjson', 'latin1');
  await put(latin, line('latin'));
  await put(other, line('other'));
  await put('new\nline.ndjson', line('newline'));
  await put('"quoted" \\ and spaced.ndjson', line('quoted'));

  const { code, stdout, stderr } = await once();
  assert.equal(code, 2, stderr);
  assert.equal(stdout.trimEnd().split('\n').length, long.length + twins.length + 4);
  assert.equal((await members()) - before, long.length + twins.length + 4);
  const done = await reports('done');
  assert.equal(done.size, long.length + 4);
  for (const { exit_code, execution } of done.values())
    assert.deepEqual([exit_code, execution?.result.total_success], [0, 1]);
  assert.ok(done.has('caf\\xE9.ndjson') && done.has('caf\\xE8.ndjson'));
  assert.ok((await names('done')).some((name) => name.equals(latin)));
  for (const { moved_to } of (await reports('failed')).values()) {
    assert.match(await readFile(`${moved_to}.errors`, 'utf8'), /INVALID_OPERATION/);
    assert.match(moved_to, /~[0-9a-f]{12}\.ndjson$/);
  }
  assert.equal((await listed('failed')).length, 3 * twins.length);
  assert.deepEqual(await listed('.working'), []);
  assert.deepEqual(await readdir(folder), ['.working', 'done', 'failed']);
});

test('marks and empty parts of exports are no failures, an empty file otherwise is one', async () => {
  const { put, once, reports, listed, folder } = await openDrop();
  for (const name of ['_SUCCESS', '._SUCCESS.crc', '.part-00000.crc', '_committed_17']) await put(name, '');
  await put('part-00000-1f-c000.ndjson', line('part'));
  await put('part-00001-1f-c000.ndjson', '');
  await put('0001_part_00.gz', gzipSync(''));
  await put('export.ndjson', '');
  const { code, stderr } = await once();
  assert.equal(code, 2, stderr);
  assert.match(stderr, /_SUCCESS: ignored \(names that begin with _ are not data\)/);
  const done = await reports('done');
  assert.deepEqual([...done.keys()].sort(), [
    '0001_part_00.gz',
    'part-00000-1f-c000.ndjson',
    'part-00001-1f-c000.ndjson',
  ]);
  const empty = done.get('part-00001-1f-c000.ndjson');
  assert.deepEqual([empty?.exit_code, empty?.execution, empty?.error?.code], [0, null, 'EMPTY_FILE']);
  assert.deepEqual(await listed('failed'), ['export.ndjson', 'export.ndjson.report.json']);
  assert.ok((await readdir(folder)).includes('_SUCCESS'));
});

test('a part whose rows were glued to its header is no empty one', async () => {
  const { put, once, reports, listed } = await openDrop();
  const header = 'operation,user_account_id,segment_technical_name,expiration_duration';
  const glued = {
    'part-1.csv': `${header}UPDATE,u1,vip,0`,
    'part-2.csv': `${header}\rUPDATE,u1,vip,0\r`,
    'part-3.csv': `${header},loyalty_level\n`,
    'part-4.csv.gz': gzipSync(`${header}UPDATE,u1,vip,0`),
  };
  const empty = {
    'part-5.csv': '\ufeff\n \n',
    'part-6.ndjson.gz': gzipSync('\n\n'),
    'part-7.csv.zst': rawZstd(Buffer.from('\ufeff')),
    'part-00008': '\n',
  };
  for (const [name, content] of Object.entries({ ...glued, ...empty })) await put(name, content);
  const { code, stderr } = await once();
  assert.equal(code, 2, stderr);
  const failed = await reports('failed');
  assert.deepEqual([...failed.keys()].sort(), Object.keys(glued));
  for (const { exit_code, error } of failed.values()) {
    assert.equal(exit_code, 1);
    assert.match(error?.code ?? '', /^(EMPTY_FILE|INVALID_HEADER)$/);
  }
  assert.equal(failed.get('part-3.csv')?.error?.code, 'EMPTY_FILE');
  assert.deepEqual([...(await reports('done')).keys()].sort(), Object.keys(empty).sort());
  assert.ok((await listed('failed')).includes('part-1.csv'));
});

test('a file that has the name of a folder of the watch is named, without a stack', async () => {
  for (const name of ['done', 'failed', '.working']) {
    const { put, once, folder } = await openDrop();
    await put(name, 'a file');
    const { code, stderr } = await once();
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error: ${path.join(folder, name)}: expected a folder, this is a file: muster watch needs the name, move the file away\n`,
    );
  }
});

test('what is no file never stops the others: links are refused, the rest is left where it is', async () => {
  const { put, once, reports, folder } = await openDrop();
  const at = (name: string) => path.join(folder, name);
  await writeFile(`${folder}.secret`, line('secret'));
  shared.discard(`${folder}.secret`);
  await symlink(`${folder}.secret`, at('link.ndjson'));
  await symlink('nowhere', at('dangling.ndjson'));
  await mkdir(at('folder.ndjson'));
  await promisify(execFile)('mkfifo', [at('pipe.ndjson')]);
  const socket = createServer().listen(at('socket.ndjson'));
  await symlink('/dev/zero', at('zero.ndjson'));
  await put('good.ndjson', line('good'));
  const { code, stderr } = await once();
  socket.close();
  assert.equal(code, 2);
  for (const [name, why] of [
    ['folder', 'a folder'],
    ['pipe', 'a named pipe'],
    ['socket', 'a socket'],
    ['zero', 'a device'],
  ])
    assert.match(stderr, new RegExp(`^${name}\\.ndjson: ignored \\(this is ${why}\\)$`, 'm'));
  assert.deepEqual([...(await reports('done')).keys()], ['good.ndjson']);
  const failed = await reports('failed');
  assert.deepEqual([...failed.keys()].sort(), ['dangling.ndjson', 'link.ndjson']);
  assert.equal(failed.get('link.ndjson')?.error?.code, 'SYMBOLIC_LINK');
});

test('names that are taken, reports that are dropped, and a file that is too large', async () => {
  const { put, once, listed, reports, folder } = await openDrop();
  for (const where of ['done', 'failed']) await mkdir(path.join(folder, where));
  await writeFile(path.join(folder, 'failed', 'a.ndjson.report.json'), 'mine');
  await writeFile(path.join(folder, 'failed', 'b.2.ndjson'), 'mine');
  await symlink('nowhere', path.join(folder, 'failed', 'b.ndjson'));
  await put('a.ndjson', line('a', 'upsert'));
  await put('b.ndjson', line('b', 'upsert'));
  await put('large.ndjson', line('large').repeat(MAX_UPLOAD_BYTES / 50));
  assert.equal((await once()).code, 2);
  assert.equal(await readFile(path.join(folder, 'failed', 'a.ndjson.report.json'), 'utf8'), 'mine');
  const names = await listed('failed');
  for (const name of ['a.2.ndjson', 'b.3.ndjson', 'large.ndjson'])
    assert.ok(names.includes(name) && names.includes(`${name}.report.json`), name);
  const report = JSON.parse(
    await readFile(path.join(folder, 'failed', 'large.ndjson.report.json'), 'utf8'),
  ) as Report;
  assert.equal(report.error?.code, 'FILE_TOO_LARGE');

  // failed lines that are dropped as they were left
  await put('a.2.ndjson.errors', await readFile(path.join(folder, 'failed', 'a.2.ndjson.errors')));
  assert.equal((await once()).code, 2);
  const again = await listed('failed');
  for (const name of ['a.2.ndjson.errors.2', 'a.2.ndjson.errors.2.report.json', 'a.2.ndjson.errors.3'])
    assert.ok(again.includes(name), again.join());
  assert.ok(
    again.every((name) => !/errors.*\.errors/.test(name)),
    again.join(),
  );
  assert.equal((await reports('done')).size, 0);
});

test('what a watch wrote is not taken when failed/ is moved back, own files with such names are', async () => {
  const { put, once, listed, reports, folder } = await openDrop();
  await put('a.ndjson', line('back', 'upsert'));
  await put('b.csv', 'operation,user_account_id,segment_technical_name\nupsert,back,vip\n');
  assert.equal((await once()).code, 2);
  const written = ['a.ndjson', 'b.csv'].flatMap((name) => [name, `${name}.errors`, `${name}.report.json`]);
  assert.deepEqual(await listed('failed'), written);
  for (const name of written) await rename(path.join(folder, 'failed', name), path.join(folder, name));
  await put('a.ndjson.report.2.json', '{}');
  await put('c.ndjson', line('c'));
  await put('c.ndjson.errors', line('mine'));

  const { code, stderr } = await once();
  assert.equal(code, 2);
  const left = written.filter((name) => /errors|report/.test(name));
  for (const name of [...left, 'a.ndjson.report.2.json'])
    assert.equal(stderr.split(`${name}: ignored `).length, 2, name);
  assert.ok(left.every((name) => existsSync(path.join(folder, name))));
  assert.deepEqual([...(await reports('failed')).keys()].sort(), ['a.ndjson', 'b.csv']);
  assert.deepEqual([...(await reports('done')).keys()].sort(), ['c.ndjson', 'c.ndjson.errors']);
});

test('the names that are left alone are those that the help says', async () => {
  const { put, once, folder } = await openDrop();
  const help = (await muster(['watch', '--help'])).stdout;
  const ends = ['.part', '.partial', '.tmp', '.crdownload', '.filepart', '~'];
  for (const end of ends) assert.ok(help.includes(` ${end}`), end);
  assert.match(
    help,
    /begin with a dot or _,.*Symbolic links .* move to failed\/.* moves to done\/ .*part-00003\.csv/s,
  );
  for (const end of ends) await put(`a.ndjson${end}`, line('half'));
  assert.equal((await once()).code, 0);
  assert.equal((await readdir(folder)).filter((name) => name.startsWith('a.ndjson')).length, ends.length);
});

test('folders that take nothing keep nobody waiting, and the file is moved when they do', async (t) => {
  const { put, args, env, folder, listed } = await openDrop();
  await writeFile(path.join(folder, 'failed'), 'a file where a folder is needed');
  const refused = await muster([...args, '--once'], { env });
  assert.equal(refused.code, 1);
  await rm(path.join(folder, 'failed'));

  const watching = start(args, { env });
  t.after(() => watching.child.kill('SIGKILL'));
  await untilMade(path.join(folder, 'failed'));
  await rm(path.join(folder, 'failed'), { recursive: true });
  await writeFile(path.join(folder, 'failed'), '');
  await put('bad.ndjson', line('bad', 'upsert'));
  await put('good.ndjson', line('good'));
  await untilPrinted(watching, /"moved_to":"[^"]*done\/good\.ndjson"/);
  await rm(path.join(folder, 'failed'));
  await untilPrinted(watching, /"moved_to":"[^"]*failed\/bad\.ndjson"/);
  assert.match(watching.output.stderr, /bad\.ndjson: it cannot be moved away: /);
  watching.child.kill('SIGTERM');
  await watching.ended;
  assert.deepEqual(await listed('failed'), ['bad.ndjson', 'bad.ndjson.errors', 'bad.ndjson.report.json']);
});

test('files are moved to another file system too', { skip: !existsSync('/dev/shm') }, async () => {
  const { put, once, folder, listed } = await openDrop();
  for (const where of ['done', 'failed']) {
    const elsewhere = await mkdtemp('/dev/shm/muster-test-');
    shared.discard(elsewhere);
    await symlink(elsewhere, path.join(folder, where));
  }
  await put('good.ndjson', line('moved'));
  await put('bad.ndjson', line('moved', 'upsert'));
  await symlink('nowhere', path.join(folder, 'link.ndjson'));
  assert.equal((await once()).code, 2);
  assert.deepEqual(await listed('done'), ['good.ndjson', 'good.ndjson.report.json']);
  assert.deepEqual(await listed('failed'), [
    'bad.ndjson',
    'bad.ndjson.errors',
    'bad.ndjson.report.json',
    'link.ndjson',
    'link.ndjson.report.json',
  ]);
  assert.equal(await readFile(path.join(folder, 'done', 'good.ndjson'), 'utf8'), line('moved'));
  assert.deepEqual(await listed('.working'), []);
});

test('a service that is away is waited for', async (t) => {
  const { put, args, env, listed } = await openDrop();
  await put('early.ndjson', line('early'));
  const away = { ...env, MUSTER_URL: 'http://no-such-host.invalid' };
  const watching = start(args, { env: away });
  t.after(() => watching.child.kill('SIGKILL'));
  await untilPrinted(watching, /"text":"no service at .*"moved_to":"\.working"/);
  watching.child.kill('SIGTERM');
  await watching.ended;
  assert.deepEqual(await listed('failed'), []);
  assert.equal((await muster([...args, '--once'], { env })).code, 0);
  assert.deepEqual(await listed('done'), ['early.ndjson', 'early.ndjson.report.json']);
});

test('a file that may not be read is told of', { skip: process.getuid?.() === 0 }, async () => {
  const { put, once, reports, folder } = await openDrop();
  await put('secret.ndjson', line('secret'));
  await chmod(path.join(folder, 'secret.ndjson'), 0);
  await put('good.ndjson', line('good'));
  assert.equal((await once()).code, 2);
  assert.match((await reports('failed')).get('secret.ndjson')?.error?.text ?? '', /permission denied/);
  assert.equal((await reports('done')).size, 1);
});

async function untilMade(file: string): Promise<void> {
  while ((await readdir(file).catch(() => null)) === null) await new Promise((done) => setTimeout(done, 20));
}
