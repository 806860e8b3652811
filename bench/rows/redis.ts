import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { peakMemoryBytes } from '../../test/process.ts';
import { type Bench, type Closable, NotHere } from '../bench.ts';
import { type CommandFile, lineBlocks, withFile } from '../files.ts';
import type { Measured } from '../table.ts';
import { MILLION, SEGMENTS, workloadOf } from '../workloads.ts';

const MINUTE_MS = 60_000;
const START_TIMEOUT_MS = 10_000;
const SEGMENT_IDS = Array.from({ length: SEGMENTS }, (_, index) => String(index + 1));

export type Redis = Closable & { readonly socket: string; readonly pid: number; readonly folder: string };

/** Mass insertion into Redis: a hash for each user, a field for each segment. */
export async function measureRedis(bench: Bench): Promise<void> {
  const row = { id: 'redis', what: 'Redis mass insertion: `redis-cli --pipe`, 1 M lines, empty store' };
  await bench.measure(row, () =>
    bench.using(
      () => startRedis(bench.scratch, DURABLE),
      (redis) =>
        withFile(bench.scratch, workloadOf(bench, { lines: MILLION, segmentIds: SEGMENT_IDS }), (file) =>
          insert(redis, file),
        ),
    ),
  );
}

/** As durable as the others: each write is on disk before it is answered. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** Starts a Redis of its own; without `flags` it keeps everything in memory alone. */
export async function startRedis(scratch: string, flags: readonly string[] = []): Promise<Redis> {
  const folder = await mkdtemp(path.join(scratch, 'redis-'));
  const socket = path.join(folder, 'socket');
  const own = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''];
  const server = spawn('redis-server', [...own, ...flags], { stdio: 'ignore' });
  const { pid } = server;
  await once(server, 'spawn').catch((cause: unknown) => {
    throw new NotHere('redis-server is not installed (Debian: apt-get install redis-server)', { cause });
  });
  const exited = once(server, 'exit');
  const close = async () => {
    server.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(socket))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await close();
      throw new NotHere('redis-server does not start');
    }
    await sleep(50);
  }
  return { socket, pid: pid ?? -1, folder, close };
}

async function answers(socket: string): Promise<boolean> {
  const { output } = await runCli(['-s', socket, 'ping']);
  return output.includes('PONG');
}

async function insert(redis: Redis, file: CommandFile): Promise<Measured> {
  const commands = path.join(redis.folder, 'commands');
  const preparedAt = performance.now();
  await pipeline(Readable.from(writeCommands(file)), createWriteStream(commands));
  const startedAt = performance.now();
  await sendCommands(redis, { file: commands, count: file.lines });
  const seconds = (performance.now() - startedAt) / 1000;
  const prepareSeconds = (startedAt - preparedAt) / 1000;
  return {
    count: file.lines,
    seconds,
    perSecond: file.lines / seconds,
    ...(process.platform === 'linux' ? { peakBytes: peakMemoryBytes(redis.pid) } : {}),
    remark: `appendfsync always; ${prepareSeconds.toFixed(1)} s more to turn the file into Redis commands`,
  };
}

/** Sends a file of so many commands; rejects when one of them is refused. */
export async function sendCommands(redis: Redis, of: { file: string; count: number }): Promise<void> {
  const { output, code } = await runCli(['-s', redis.socket, '--pipe'], of.file);
  if (code !== 0 || !output.includes(`errors: 0, replies: ${of.count}`))
    throw new Error(`redis-cli ended with ${code}: ${output.slice(-200)}`);
}

/** HSET and HDEL in the protocol of Redis. */
export async function* writeCommands(file: CommandFile): AsyncGenerator<string> {
  const now = Date.now();
  for await (const lines of lineBlocks(file.path)) {
    let block = '';
    for (const line of lines) {
      const command = JSON.parse(line) as Readonly<Record<string, string | number | undefined>>;
      const key = `user:${command.user_account_id}`;
      const minutes = Number(command.expiration_duration ?? 0);
      const value = `${minutes === 0 ? 0 : now + minutes * MINUTE_MS} ${command.data_bag ?? ''}`;
      const segment = String(command.segment_id);
      block += encode(
        command.operation === 'UPDATE' ? ['HSET', key, segment, value] : ['HDEL', key, segment],
      );
    }
    yield block;
  }
}

/** A command in the protocol of Redis. */
export function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

async function runCli(
  args: readonly string[],
  input?: string,
): Promise<{ output: string; code: number | null }> {
  const handle = input === undefined ? null : await open(input);
  try {
    const child = spawn('redis-cli', [...args], { stdio: [handle?.fd ?? 'ignore', 'pipe', 'pipe'] });
    await once(child, 'spawn').catch((cause: unknown) => {
      throw new NotHere('redis-cli is not installed', { cause });
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    const texts = await Promise.all([child.stdout, child.stderr].map(readAll));
    const [code] = await closed;
    return { output: texts.join(''), code };
  } finally {
    await handle?.close();
  }
}

async function readAll(stream: Readable | null): Promise<string> {
  let text = '';
  if (stream) for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}
