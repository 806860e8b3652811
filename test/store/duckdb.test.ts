import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { accessContract } from './access-contract.ts';
import { type OpenStore, storeContract } from './contract.ts';
import { exportContract } from './export-contract.ts';
import { groupContract } from './group-contract.ts';
import { lookUpContract } from './look-up-contract.ts';
import { webhookContract } from './webhook-contract.ts';

const open: OpenStore = (dir) =>
  openDuckDbStore({ dir, memoryBytes: 256 * 1024 * 1024, threads: 2, now: 1_800_000_000_000 });

storeContract('DuckDB', open);
groupContract('DuckDB', open);
accessContract('DuckDB', open);
lookUpContract('DuckDB', open);
exportContract('DuckDB', open);
webhookContract('DuckDB', open);
