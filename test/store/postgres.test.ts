import path from 'node:path';
import { after } from 'node:test';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { postgresServer, storeOf } from '../postgres.ts';
import { accessContract } from './access-contract.ts';
import { changeSetContract } from './change-set-contract.ts';
import { NOW, type OpenStore, storeContract } from './contract.ts';
import { executionListContract } from './execution-list-contract.ts';
import { exportContract } from './export-contract.ts';
import { groupContract } from './group-contract.ts';
import { lookUpContract } from './look-up-contract.ts';
import { overlapAnalysisContract } from './overlap-analysis-contract.ts';
import { webhookContract } from './webhook-contract.ts';

const open: OpenStore = async (dir) =>
  openPostgresStore({
    url: await storeOf(dir, NOW),
    scratchDir: path.join(dir, 'scratch'),
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
    connections: 9,
    patienceMs: 10_000,
    now: NOW,
    rowsAtATime: { reverted: 4 },
  });

after(async () => (await postgresServer()).stop());

storeContract('PostgreSQL', open);
groupContract('PostgreSQL', open);
accessContract('PostgreSQL', open);
lookUpContract('PostgreSQL', open);
exportContract('PostgreSQL', open);
changeSetContract('PostgreSQL', open);
overlapAnalysisContract('PostgreSQL', open);
webhookContract('PostgreSQL', open);
executionListContract('PostgreSQL', open);
