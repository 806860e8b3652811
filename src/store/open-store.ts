import path from 'node:path';
import { StoreUnusableError } from '../errors.ts';
import { type DuckDbStoreOptions, openDuckDbStore } from './duckdb/open-duckdb-store.ts';
import { type DuckDbCheckOptions, openDuckDbStoreToCheck } from './duckdb/open-to-check.ts';
import { takePostgresSnapshot } from './move/postgres-snapshot.ts';
import { openPostgresStore } from './postgres/open-postgres-store.ts';

export { preparePostgresStore } from './postgres/prepare-store.ts';

import type { Store, StoreToCheck } from './store.ts';

export type StoreOptions = Pick<
  DuckDbStoreOptions,
  'memoryBytes' | 'threads' | 'now' | 'expected' | 'onLost' | 'log' | 'clock' | 'events'
> & {
  /** Of a PostgreSQL; null: the store embedded in this process. */
  readonly url: string | null;
  /** Folder of this process: its store lies there, or what is on its way to PostgreSQL. */
  readonly data: string;
  /** To PostgreSQL, at most. */
  readonly connections: number;
};

/** How long what is asked of a PostgreSQL that cannot be reached is tried again. */
const PATIENCE_MS = 20_000;

/** Opens the store that the options name; the one place that knows the drivers. */
export function openStore(options: StoreOptions): Promise<Store> {
  const { url, data, memoryBytes, threads, now, connections, events = null } = options;
  if (url === null) return openDuckDbStore({ ...options, dir: path.join(data, 'store') });
  return openPostgresStore({
    ...{ url, memoryBytes, threads, now, connections, events },
    scratchDir: path.join(data, 'staging'),
    patienceMs: PATIENCE_MS,
    takeSnapshot: takePostgresSnapshot,
  }).catch((cause: Error) => {
    if (cause instanceof StoreUnusableError) throw cause;
    throw new StoreUnusableError(`store: the PostgreSQL cannot be used: ${cause.message}`, { cause });
  });
}

/** Opens a store that no process has open, to look at it; nothing in it is changed. */
export function openStoreToCheck(options: DuckDbCheckOptions): Promise<StoreToCheck> {
  return openDuckDbStoreToCheck(options);
}
