import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type DuckDbSql, openConnection } from '../staging/duckdb-connection.ts';
import { keepBom } from '../staging/keep-bom.ts';

/**
 * The DuckDB of this node, which holds nothing for longer than a file is imported, and files on
 * their way to PostgreSQL or from it.
 */
export interface Scratch {
  readonly instance: DuckDBInstance;
  /** A connection to it, for as long as `work` takes; it has temporary tables of its own. */
  use<T>(work: (sql: DuckDbSql) => Promise<T>): Promise<T>;
  /** The same until it is closed. */
  connect(): Promise<{ readonly sql: DuckDbSql; readonly close: () => void }>;
  /** The path of a file that is not there; it is removed after `work`. */
  withFile<T>(work: (file: string) => Promise<T>): Promise<T>;
  /** A folder that stays until it is removed. */
  keepFolder(): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }>;
  close(): Promise<void>;
}

/** What a node that was killed has left is so old at least. */
const ABANDONED_MS = 86_400_000;

export async function openScratch(options: {
  readonly dir: string;
  readonly memoryBytes: number;
  readonly threads: number;
}): Promise<Scratch> {
  keepBom();
  await removeAbandoned(options.dir);
  const dir = path.join(options.dir, randomUUID());
  await mkdir(dir, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: `${Math.floor(options.memoryBytes / 1024)}KiB`,
    temp_directory: path.join(dir, 'spill'),
    // never: after a transaction of more than this DuckDB puts what lies in memory in order and
    // compresses it, half a second that is lost on tables that are gone in the next one
    checkpoint_threshold: '1TiB',
  });
  const setup = await instance.connect();
  await setup.run(`attach ':memory:' as staging`);
  setup.closeSync();
  return {
    instance,
    use: async (work) => {
      const { sql, close } = await openConnection(instance, 'memory');
      try {
        return await work(sql);
      } finally {
        close();
      }
    },
    connect: () => openConnection(instance, 'memory'),
    withFile: async (work) => {
      const file = path.join(dir, randomUUID());
      try {
        return await work(file);
      } finally {
        await rm(file, { force: true });
      }
    },
    keepFolder: async () => {
      const folder = path.join(dir, randomUUID());
      await mkdir(folder);
      return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
    },
    close: async () => {
      instance.closeSync();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Other nodes may have the same folder by mistake: what is young is left alone. */
async function removeAbandoned(dir: string): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    const folder = path.join(dir, name);
    const found = await stat(folder).catch(() => null);
    if (found !== null && found.mtimeMs < Date.now() - ABANDONED_MS)
      await rm(folder, { recursive: true, force: true });
  }
}
