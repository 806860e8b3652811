import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import { preparePostgresStore } from '../../src/store/open-store.ts';
import { PostgresDatabase } from '../../src/store/postgres/postgres-database.ts';
import { takeSlot } from '../../src/store/postgres/staged-pairs.ts';
import { startPostgres } from '../postgres.ts';

/**
 * A rollback is written down after ten seconds: by a crash before that it is lost, as it may be on
 * any server.
 */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', wal_writer_delay: '10s' };

test('PostgreSQL that crashes after a dry run or an abandoned merge starts again at once', async (t) => {
  const postgres = await startPostgres(SETTINGS);
  t.after(() => postgres.stop());
  const url = postgres.url('postgres');
  await preparePostgresStore({ url, citus: false, now: 0 });
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 10_000 });
  t.after(() => db.close());

  for (const end of ['DRY_RUN', 'ABANDONED'] as const) {
    const merge = db.merge(
      '1',
      async (sql) => {
        const slot = await takeSlot(sql, ['staged_membership']);
        await sql.query(`insert into staged_membership_${slot} (user_point_id, segment_id, point_kinds, puts_in)
          values (gen_random_uuid(), 1, 1, true)`);
        // somebody else commits meanwhile, which writes down all that was done so far
        await commitAnything(url);
        if (end === 'ABANDONED') throw new Error('abandoned');
      },
      'COUNT',
    );
    if (end === 'ABANDONED') await assert.rejects(merge, /abandoned/);
    else await merge;
    // rejects when the server does not come up
    await postgres.restart('SIGQUIT');
    await db.ping();
  }
});

test('a slot is emptied beside what reads its tables, such as a backup', async (t) => {
  const postgres = await startPostgres({ fsync: 'off' });
  t.after(() => postgres.stop());
  const url = postgres.url('postgres');
  await preparePostgresStore({ url, citus: false, now: 0 });
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 10_000 });
  t.after(() => db.close());
  const fill = () =>
    db.merge('1', async (sql) => {
      const slot = await takeSlot(sql, ['staged_membership']);
      const [found] = await sql.query(`select count(*) as rows from staged_membership_${slot}`);
      await sql.query(`insert into staged_membership_${slot} (user_point_id, segment_id, point_kinds, puts_in)
        values (gen_random_uuid(), 1, 1, true)`);
      return Number(found?.rows);
    });
  const backup = new Client({ connectionString: url });
  await backup.connect();
  await backup.query('begin');
  await backup.query('lock table staged_membership_0 in access share mode');
  // each of the sixteen slots is taken twice
  for (let i = 0; i < 32; i++) assert.equal(await fill(), 0);
  await backup.query('rollback');
  await backup.end();
  assert.equal(await fill(), 0);
});

async function commitAnything(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('update record_version set version = version + 1');
  await client.end();
}
