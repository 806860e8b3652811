import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { storeContract } from './contract.ts';

storeContract('DuckDB', (dir) =>
  openDuckDbStore({ dir, memoryBytes: 256 * 1024 * 1024, threads: 2, now: 1_800_000_000_000 }),
);
