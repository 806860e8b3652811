import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { accessContract } from './access-contract.ts';
import { type OpenStore, storeContract } from './contract.ts';
import { exportContract } from './export-contract.ts';
import { groupContract } from './group-contract.ts';
import { lookUpContract } from './look-up-contract.ts';

const options = { memoryBytes: 256 * 1024 * 1024, threads: 2, now: 1_800_000_000_000 };
const open: OpenStore = (dir) => openDuckDbStore({ ...options, dir });
/** Puts behind the ordered rows what a merge has written, before the next one. */
const openAppending: OpenStore = (dir) => openDuckDbStore({ ...options, dir, mostRecentRuns: 0 });

storeContract('DuckDB', open);
groupContract('DuckDB', open);
accessContract('DuckDB', open);
lookUpContract('DuckDB', open);
exportContract('DuckDB', open);

storeContract('DuckDB, rows appended before each merge', openAppending);
groupContract('DuckDB, rows appended before each merge', openAppending);
lookUpContract('DuckDB, rows appended before each merge', openAppending);
