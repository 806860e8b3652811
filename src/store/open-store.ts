import { type DuckDbStoreOptions, openDuckDbStore } from './duckdb/open-duckdb-store.ts';
import { type DuckDbCheckOptions, openDuckDbStoreToCheck } from './duckdb/open-to-check.ts';
import type { Store, StoreToCheck } from './store.ts';

export type StoreOptions = DuckDbStoreOptions;

/** Opens the store that the options name; the one place that knows the drivers. */
export function openStore(options: StoreOptions): Promise<Store> {
  return openDuckDbStore(options);
}

/** Opens a store that no process has open, to look at it; nothing in it is changed. */
export function openStoreToCheck(options: DuckDbCheckOptions): Promise<StoreToCheck> {
  return openDuckDbStoreToCheck(options);
}
