import { type DuckDbStoreOptions, openDuckDbStore } from './duckdb/open-duckdb-store.ts';
import type { Store } from './store.ts';

export type StoreOptions = DuckDbStoreOptions;

/** Opens the store that the options name; the one place that knows the drivers. */
export function openStore(options: StoreOptions): Promise<Store> {
  return openDuckDbStore(options);
}
