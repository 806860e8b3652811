import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { postgresServer, runSql, storeOf } from '../postgres.ts';
import { accessContract } from './access-contract.ts';
import { callContract } from './call-contract.ts';
import { changeSetContract } from './change-set-contract.ts';
import { noteFiles, noteStatements, notPushedDown, settingsOfTransactions } from './citus-statements.ts';
import { account, createSegment, NOW, type OpenStore, openFor, storeContract, update } from './contract.ts';
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

const open: OpenStore = async (dir, events) =>
  openPostgresStore({
    url: await storeOf(dir, NOW),
    scratchDir: path.join(dir, 'scratch'),
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
    connections: 9,
    patienceMs: 10_000,
    now: NOW,
    events: events ?? null,
    rowsAtATime: { reverted: 4 },
  });

after(async () => (await postgresServer()).stop());

noteStatements();
storeContract('PostgreSQL', open);
groupContract('PostgreSQL', open);
callContract('PostgreSQL', open);
accessContract('PostgreSQL', open);
lookUpContract('PostgreSQL', open);
exportContract('PostgreSQL', open);
changeSetContract('PostgreSQL', open);
overlapAnalysisContract('PostgreSQL', open);
mappingContract('PostgreSQL', open);
webhookContract('PostgreSQL', open);
expectedContract('PostgreSQL', open);
sourceContract('PostgreSQL', open);
executionListContract('PostgreSQL', open);
eventContract('PostgreSQL', open);

test('what merges have left of a user in their staging tables goes with the user', async (t) => {
  let url = '';
  const context = await openFor(t, async (dir) => {
    url = await storeOf(dir, NOW);
    return open(dir);
  });
  const { id } = await createSegment(context.store);
  await context.run([update('a', id), update('b', id)]);
  await context.run([update('a', id, { dataBag: '{"k":1}' }), update('b', id)]);
  const left = async () => {
    const slots = Array.from({ length: 16 }, (_, slot) => slot);
    const all = ['staged_key', 'staged_membership'].flatMap((table) =>
      slots.map((slot) => `select user_point_id from ${table}_${slot}`),
    );
    const rows = await runSql(
      url,
      `select distinct user_point_id from (${all.join(' union all ')}) as left_over`,
    );
    return rows.length;
  };
  assert.equal(await left(), 2, 'the last merge has left both');
  const user = { by: 'identifier', identifier: account('a') } as const;
  await context.store.eraseUser({ datamartId: '1', user, now: NOW });
  assert.equal(await left(), 1);
});

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
  const { begun, keptBack } = settingsOfTransactions();
  assert.ok(begun > 0, 'transactions were seen');
  assert.deepEqual(keptBack, []);
});
