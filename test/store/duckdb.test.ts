import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { accessContract } from './access-contract.ts';
import { callContract } from './call-contract.ts';
import { changeSetContract } from './change-set-contract.ts';
import { type OpenStore, storeContract } from './contract.ts';
import { eventContract } from './event-contract.ts';
import { executionListContract } from './execution-list-contract.ts';
import { expectedContract } from './expected-contract.ts';
import { exportContract } from './export-contract.ts';
import { groupContract } from './group-contract.ts';
import { lookUpContract } from './look-up-contract.ts';
import { mappingContract } from './mapping-contract.ts';
import { overlapAnalysisContract } from './overlap-analysis-contract.ts';
import { sourceContract } from './source-contract.ts';
import { webhookContract } from './webhook-contract.ts';

const OPTIONS = { memoryBytes: 256 * 1024 * 1024, threads: 2, now: 1_800_000_000_000 };
const open: OpenStore = (dir, events) => openDuckDbStore({ dir, ...OPTIONS, events: events ?? null });
/** What it does part by part it does in several parts, however few rows there are. */
const openInParts: OpenStore = (dir) =>
  openDuckDbStore({ dir, ...OPTIONS, rowsAtATime: { reverted: 4, replaced: 5, compared: 30 } });
/** What a merge has written it puts behind the ordered rows before the next one. */
const openAppending: OpenStore = (dir) => openDuckDbStore({ dir, ...OPTIONS, mostRecentRuns: 0 });

storeContract('DuckDB', open);
groupContract('DuckDB', open);
callContract('DuckDB', open);
accessContract('DuckDB', open);
lookUpContract('DuckDB', openInParts);
exportContract('DuckDB', open);
changeSetContract('DuckDB', open);
changeSetContract('DuckDB, in parts', openInParts);
overlapAnalysisContract('DuckDB', open);
mappingContract('DuckDB', open);
webhookContract('DuckDB', open);
expectedContract('DuckDB', open);
sourceContract('DuckDB', open);
executionListContract('DuckDB', open);
eventContract('DuckDB', open);

groupContract('DuckDB, rows appended before each merge', openAppending);
callContract('DuckDB, rows appended before each merge', openAppending);
changeSetContract('DuckDB, rows appended before each merge', openAppending);
