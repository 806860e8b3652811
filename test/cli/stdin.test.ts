import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { getSegment } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { peakMemoryBytes, type ServiceProcess } from '../process.ts';
import { openProxy } from './proxy.ts';
import { CLI, type Run } from './run.ts';
import { sharedService } from './shared.ts';

const run = promisify(execFile);
const shared = sharedService({ segments: ['vip'] });
let service: ServiceProcess;

const line = (user: string, operation = 'UPDATE') =>
  `${JSON.stringify({ operation, user_account_id: user, segment_technical_name: 'vip', expiration_duration: 0 })}\n`;
const members = async () => (await getSegment(service, '1')).user_points_count;

/** A folder to run in, with one of its own for temporary files. */
async function openFolder() {
  service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const tmp = path.join(folder, 'tmp');
  await mkdir(tmp);
  const start = (args: readonly string[], url = service.baseUrl) =>
    spawn(process.execPath, [CLI, ...args], {
      cwd: folder,
      env: { ...process.env, MUSTER_URL: url, MUSTER_TOKEN: service.token, TMPDIR: tmp },
      stdio: 'pipe',
    });
  return {
    folder,
    start,
    temporary: () => readdir(tmp),
    /**
     * `muster` with something on its standard input, which is a socket here and a pipe in a shell.
     */
    feed: async (input: string | Uint8Array, args: readonly string[], url?: string) =>
      endOf(start(args, url), input),
    shell: (script: string) =>
      run('bash', ['-c', script], {
        cwd: folder,
        env: { ...process.env, MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token, TMPDIR: tmp, CLI },
      }),
  };
}

async function endOf(child: ReturnType<typeof spawn>, input: string | Uint8Array): Promise<Run> {
  const output = { code: null as number | null, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  child.stdin?.on('error', () => undefined).end(input);
  [output.code] = (await once(child, 'close')) as [number | null];
  return output;
}

test('- reads standard input, by its first bytes, compressed or not, and leaves nothing behind', async () => {
  const { feed, temporary } = await openFolder();
  const first = await feed(line('s1'), ['import', '-']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^-: 1 line in /);
  const csv = 'operation,user_account_id,segment_technical_name,expiration_duration\nUPDATE,s2,vip,0\n';
  assert.equal((await feed(gzipSync(csv), ['import', '/dev/stdin'])).code, 0);
  assert.equal((await feed('user_account_id\ns3\n', ['import', '--segment', 'vip', '/dev/fd/0'])).code, 0);
  assert.equal(await members(), 3);
  const forced = await feed(csv, ['import', '--format', 'ndjson', '-']);
  assert.notEqual(forced.code, 0);
  const empty = await feed('', ['import', '-']);
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /^error: -: the file is empty \(EMPTY_FILE\)\n$/);
  for (const blank of ['\n\n', '\ufeff', gzipSync(' \n')]) {
    const { code, stderr } = await feed(blank, ['import', '-']);
    assert.equal(code, 1);
    assert.match(stderr, /^error: -: .*nothing but blanks \(EMPTY_FILE\)\n$/);
  }
  for (const cut of ['1f8b', '1f8b08', '28b52ffd']) {
    const { stderr } = await feed(Buffer.from(cut, 'hex'), ['import', '-']);
    assert.match(stderr, /^error: -: .*\(INVALID_COMPRESSION\)\n$/);
  }
  assert.match((await feed(csv, ['import', '-', '-'])).stderr, /standard input can be read only once/);
  assert.deepEqual(await temporary(), []);
});

test('failed lines of standard input are saved here, or where --errors says', async () => {
  const { feed, folder } = await openFolder();
  const { code, stdout } = await feed(line('s1', 'upsert'), ['import', '-']);
  assert.equal(code, 2);
  assert.match(stdout, /error file +stdin\.errors\.ndjson\n/);
  await feed(line('s2', 'upsert'), ['import', '--errors', 'mine', '-']);
  assert.match(await readFile(path.join(folder, 'mine'), 'utf8'), /"s2"/);
  await writeFile(path.join(folder, 'stdin.errors.ndjson'), 'corrected');
  const again = await feed(line('s3', 'upsert'), ['import', '-']);
  assert.match(again.stdout, /error file +stdin\.errors\.2\.ndjson\n/);
});

test('a shell can pipe, redirect and substitute, and a named pipe is read to its end', async () => {
  const { shell, temporary } = await openFolder();
  const write = (user: string) => `echo '${line(user).trim()}'`;
  const before = await members();
  await shell(`${write('p1')} | node "$CLI" import -`);
  await shell(`${write('p2')} > f; node "$CLI" import /dev/stdin < f`);
  await shell(`node "$CLI" import <(${write('p3')}) <(${write('p4')})`);
  await shell(`mkfifo pipe; ${write('p5')} > pipe & node "$CLI" import pipe`);
  // what was read before is not sent again
  await shell(`(${write('p1')}; ${write('p6')}) > g; { read -r first; node "$CLI" import -; } < g`);
  assert.equal((await members()) - before, 6);
  assert.deepEqual(await temporary(), []);
});

test('an answer that was lost is asked for again with the same bytes, and applied once', async (t) => {
  const { feed } = await openFolder();
  const fates = ['DROP_ANSWER', 'ANSWER_503'] as ('DROP_ANSWER' | 'ANSWER_503')[];
  const url = await openProxy(t, { target: service.baseUrl, fates });
  const { code, stdout, stderr } = await feed(line('once'), ['import', '--json', '-'], url);
  assert.equal(code, 0, stderr);
  assert.equal(fates.length, 0, 'every fate came true');
  assert.equal(JSON.parse(stdout).files[0].execution.result.user_points_created, 1);
});

test('what comes in is never held in memory, is for nobody else, and is gone when it is stopped', async () => {
  const { start, temporary, folder } = await openFolder();
  const child = start(['import', '-']);
  child.stdin.on('error', () => undefined);
  const chunk = Buffer.alloc(1024 * 1024, line('many'));
  for (let written = 0; written < 150; written++)
    if (!child.stdin.write(chunk)) await once(child.stdin, 'drain');
  // already without a name
  assert.deepEqual(await temporary(), []);
  const fds = `/proc/${child.pid}/fd`;
  const modes = await Promise.all(
    (await readdir(fds)).map(async (fd) => {
      const handle = await open(path.join(fds, fd), 'r').catch(() => null);
      const stats = await handle?.stat();
      await handle?.close();
      return stats?.isFile() && stats.size > 100 * 1024 * 1024 ? (stats.mode & 0o777).toString(8) : [];
    }),
  );
  assert.deepEqual(modes.flat(), ['600']);
  assert.ok(peakMemoryBytes(child.pid ?? 0) < 300 * 1024 * 1024);
  child.kill('SIGINT');
  const ended = await Promise.race([once(child, 'close'), sleep(20_000, ['late'])]);
  assert.deepEqual(ended, [1, null]);
  await promisify(execFile)('mkfifo', [path.join(folder, 'waits')]);
  const waiting = start(['import', 'waits']);
  await sleep(1_000);
  waiting.kill('SIGINT');
  assert.deepEqual(await Promise.race([once(waiting, 'close'), sleep(20_000, ['late'])]), [1, null]);
});
