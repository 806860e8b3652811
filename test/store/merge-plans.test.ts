import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { BY_INDEX } from '../../src/store/postgres/merge-pairs.ts';
import { PostgresDatabase } from '../../src/store/postgres/postgres-database.ts';
import { statement } from '../../src/store/postgres/staged-pairs.ts';
import { postgresServer, runSql, storeOf } from '../postgres.ts';
import { NOW } from './contract.ts';

/** How PostgreSQL finds what there is of a chunk: what a plan does not say, no result shows. */

after(async () => (await postgresServer()).stop());

const PAIRS = 4_000;

type Plan = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Plan[];
};

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

for (const statistics of ['before autovacuum has seen the tables', 'after it']) {
  test(`finding what there is looks for no user who has the membership, and takes no parallel workers, ${statistics}`, async (t) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-merge-plans-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const url = await storeOf(folder, NOW);
    const db = new PostgresDatabase({ url, connections: 4, patienceMs: 1_000 });
    t.after(() => db.close());
    // half of the users have the membership, and of the others every second one is known
    await runSql(
      url,
      `insert into user_point select md5(i::text)::uuid, 1, 1, 1, 1, i::text from generate_series(1, ${PAIRS}) i where i % 4 < 3;
       insert into membership select md5(i::text)::uuid, 1, 1, 1, null, 1, null from generate_series(1, ${PAIRS}) i where i % 2 = 0;
       ${statistics === 'after it' ? 'analyze user_point; analyze membership;' : ''}`,
    );
    const plan = await db.merge('1', async (sql) => {
      await sql.query(
        `insert into staged_key_0 select md5(i::text)::uuid, 1, i, true from generate_series(1, ${PAIRS}) i;
         set local min_parallel_table_scan_size = 0; set local parallel_setup_cost = 0;
         set local parallel_tuple_cost = 0; ${BY_INDEX}`,
      );
      const find = statement('find-existing', { slot: 0, same_shard: '' });
      const [row] = await sql.query(`explain (analyze, format json) ${find}`);
      assert.ok(row);
      return (row['QUERY PLAN'] as unknown as readonly [{ readonly Plan: Plan }])[0].Plan;
    });
    const nodes = nodesOf(plan);
    assert.ok(
      nodes.every((node) => !node['Node Type'].startsWith('Gather')),
      'no parallel workers',
    );
    const users = nodes.find((node) => node['Relation Name'] === 'user_point');
    assert.ok(users);
    const found = Math.round(users['Actual Rows'] * users['Actual Loops']);
    assert.equal(found, PAIRS / 4, 'of the users without the membership those who are known');
    assert.equal(plan['Actual Rows'], (PAIRS * 3) / 4);
  });
}
