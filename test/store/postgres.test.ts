import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { postgresServer, runSql, storeOf } from '../postgres.ts';
import { accessContract } from './access-contract.ts';
import { changeSetContract } from './change-set-contract.ts';
import { noteFiles, noteStatements, notPushedDown, settingsKeptBack } from './citus-statements.ts';
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

noteStatements();
storeContract('PostgreSQL', open);
groupContract('PostgreSQL', open);
accessContract('PostgreSQL', open);
lookUpContract('PostgreSQL', open);
exportContract('PostgreSQL', open);
changeSetContract('PostgreSQL', open);
overlapAnalysisContract('PostgreSQL', open);
webhookContract('PostgreSQL', open);
executionListContract('PostgreSQL', open);

test('every statement of the contract is one that Citus does where the rows are', async () => {
  const tables = await runSql(
    await storeOf('tables', NOW),
    `select table_name from information_schema.tables where table_schema = 'public'`,
  );
  for (const folder of ['postgres/sql/', 'records/sql/'])
    noteFiles(new URL(`../../src/store/${folder}`, import.meta.url));
  const found = notPushedDown(tables.map(({ table_name }) => String(table_name)));
  assert.deepEqual(found, []);
});

test('the settings of every transaction reach the workers of a Citus cluster', () => {
  assert.deepEqual(settingsKeptBack(), []);
});
