import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { summarizeChangeRanges } from '../../src/store/postgres/citus.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { PostgresDatabase } from '../../src/store/postgres/postgres-database.ts';
import { takeSlot } from '../../src/store/postgres/staged-pairs.ts';
import type { Store } from '../../src/store/store.ts';
import { whileNotAborted } from '../../src/store/while-not-aborted.ts';
import { postgresServer, runSql, storeOf } from '../postgres.ts';
import { account, contextOf, createSegment, NOW, remove, update } from './contract.ts';
import { standInForCitus } from './stand-in-citus.ts';

/** What a distributed store does beside what every store on PostgreSQL does. */

after(async () => (await postgresServer()).stop());

const USERS = ['a', 'b', 'c', 'd'] as const;

async function setUp(t: TestContext) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-citus-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const url = await storeOf(folder, NOW);
  await standInForCitus(url);
  const open = async (as = url): Promise<Store> => {
    const store = await openPostgresStore({
      ...{ url: as, scratchDir: path.join(folder, 'scratch'), now: NOW, patienceMs: 5_000 },
      ...{ memoryBytes: 128 * 1024 * 1024, threads: 2, connections: 9 },
    });
    t.after(() => store.close());
    return store;
  };
  const store = await open();
  const segment = await createSegment(store);
  const context = contextOf(store);
  await context.run(USERS.map((name) => update(name, segment.id)));
  const membersAt = async (now: number) =>
    (await store.countMembers({ segmentIds: [segment.id], now })).get(segment.id)?.userPoints ?? 0;
  return {
    ...{ url, folder, open, store, segment, context, membersAt },
    /**
     * As if the COMMIT PREPARED of a worker had not arrived: half of the memberships are not seen.
     */
    loseCommit: async () => {
      const [lost] = await runSql(
        url,
        `with lost as (delete from membership where user_point_id in
           (select user_point_id from membership order by user_point_id limit 2) returning *)
         insert into prepared_membership select * from lost;
         select count(*)::int as rows from prepared_membership`,
      );
      assert.equal(lost?.rows, 2);
    },
    stored: async () => {
      const [row] = await runSql(
        url,
        'select (select count(*) from membership)::int as seen, (select count(*) from prepared_membership)::int as prepared',
      );
      return row;
    },
  };
}

test('a file takes out users whose memberships a worker has prepared and not committed', async (t) => {
  const { segment, context, loseCommit, stored, membersAt } = await setUp(t);
  await loseCommit();
  const { effects } = await context.run(
    USERS.map((name) => remove(name, segment.id)),
    NOW + 1,
  );
  assert.deepEqual([effects.membershipsDeleted, effects.unchanged], [4, 0]);
  assert.deepEqual(await stored(), { seen: 0, prepared: 0 });
  assert.equal(await membersAt(NOW + 1), 0);
});

test('so do a chunk that was prepared ahead, an erasure and a sweep', async (t) => {
  const { store, segment, context, loseCommit, stored } = await setUp(t);
  await context.run(
    USERS.map((name) => update(name, segment.id, { expiresAt: NOW + 10 })),
    NOW + 1,
  );
  const execution = await context.claimed(NOW + 2);
  const chunk = await context.stage(execution, [update('a', segment.id, { expiresAt: NOW + 10 })]);
  const prepared = await store.prepareChunk?.(chunk);
  await loseCommit();
  assert.equal((await prepared?.merge(chunk))?.type, 'MERGED');
  await prepared?.close();
  await context.endRunning();
  assert.deepEqual(await stored(), { seen: 4, prepared: 0 });

  await loseCommit();
  const user = { by: 'identifier', identifier: account('a') } as const;
  assert.ok(await store.eraseUser({ datamartId: '1', user, now: NOW + 3 }));
  assert.deepEqual(await stored(), { seen: 3, prepared: 0 });

  await loseCommit();
  assert.equal(await store.removeExpired(NOW + 10), 3);
  assert.deepEqual(await stored(), { seen: 0, prepared: 0 });
});

test('a merge waits for a worker that nobody knows the prepared transactions of', async (t) => {
  const { url, segment, context, loseCommit } = await setUp(t);
  await loseCommit();
  await runSql(url, `select setval('unreachable', 3, true)`);
  const { effects } = await context.run(
    USERS.map((name) => remove(name, segment.id)),
    NOW + 1,
  );
  assert.equal(effects.membershipsDeleted, 4);
  const [left] = await runSql(url, 'select last_value::int as times from unreachable');
  assert.equal(left?.times, 0, 'it was tried again until the worker was there');
});

test('merges of different datamarts do not wait for the recovery of each other', async (t) => {
  const { url } = await setUp(t);
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 1_000 });
  t.after(() => db.close());
  const done = await db.merge('1', async () => {
    // would wait for the first one's lock, and that one for this
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5_000, 'late').unref());
    return Promise.race([db.merge('2', async () => 'done'), late]);
  });
  assert.equal(done, 'done');
});

test('the leader recovers again and again, for those who read', async (t) => {
  const { store, loseCommit, stored } = await setUp(t);
  await loseCommit();
  const lead = (worker: string) => store.lead({ worker, now: NOW, until: NOW + 1000 });
  assert.equal(await lead('w1'), true);
  assert.equal(await lead('w2'), false);
  for (let i = 0; i < 200 && (await stored())?.prepared !== 0; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(await stored(), { seen: 4, prepared: 0 });
});

test('a role that may not recover is told what it lacks at the start', async (t) => {
  const { url, open } = await setUp(t);
  const role = `${new URL(url).pathname.slice(1)}_node`;
  await runSql(
    url,
    `create role ${role} login password 'node'; grant all on all tables in schema public to ${role};
     grant all on all sequences in schema public to ${role}`,
  );
  const as = new URL(url);
  as.username = role;
  as.password = 'node';
  await assert.rejects(open(as.href), /grant execute on function recover_prepared_transactions\(\) to/);
  await runSql(url, `grant execute on function recover_prepared_transactions() to ${role}`);
  const store = await open(as.href);
  const segment = await createSegment(store);
  const { effects } = await contextOf(store).run([update('a', segment.id)]);
  assert.equal(effects.membershipsCreated, 1);
});

test('sizes are told while no worker answers, unless members leave within the quarter of an hour', async (t) => {
  const { url, store, segment, context, membersAt } = await setUp(t);
  const byName = { by: 'user_points_count', descending: true } as const;
  const list = async () => {
    const page = { firstResult: 0, maxResults: 10 };
    const { elements } = await store.segments.list({
      filter: { datamartIds: null },
      order: byName,
      page,
      now: NOW,
    });
    return elements.map(({ id }) => id);
  };
  await runSql(url, 'alter table membership rename to gone');
  assert.equal(await membersAt(NOW), 4);
  assert.deepEqual(await list(), [segment.id]);
  await runSql(url, 'alter table gone rename to membership');
  await context.run([update('a', segment.id, { expiresAt: NOW + 10 })]);
  assert.deepEqual([await membersAt(NOW + 9), await membersAt(NOW + 10)], [4, 3]);
  assert.deepEqual(await list(), [segment.id]);
});

test('a slot is emptied of what is going to be used, and of nothing else', async (t) => {
  const { url } = await setUp(t);
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 1_000 });
  t.after(() => db.close());
  const tables = ['staged_key', 'staged_membership'] as const;
  const rowsAfter = async (used?: Parameters<typeof takeSlot>[1]) => {
    for (const slot of Array.from({ length: 16 }, (_, i) => i))
      await runSql(
        url,
        `truncate ${tables.map((table) => `${table}_${slot}`).join(', ')};
         insert into staged_key_${slot} (user_point_id, segment_id, pair, names_user) values (gen_random_uuid(), 1, 1, true);
         insert into staged_membership_${slot} (user_point_id, segment_id, point_kinds, puts_in)
           values (gen_random_uuid(), 1, 1, true)`,
      );
    return db.merge('1', async (sql) => {
      const slot = await takeSlot(sql, used);
      const counts = tables.map((table) => `(select count(*)::int from ${table}_${slot}) as ${table}`);
      return (await sql.query(`select ${counts.join(', ')}`))[0];
    });
  };
  assert.deepEqual(await rowsAfter(), { staged_key: 0, staged_membership: 0 });
  assert.deepEqual(await rowsAfter(['staged_membership']), {
    staged_key: 1,
    staged_membership: 0,
  });
});

test('workers that do not answer are told, and what the shards take counts', async (t) => {
  const { url, store } = await setUp(t);
  const told = async (isExpected: (down: readonly string[]) => boolean) => {
    for (let i = 0; i < 200 && !isExpected(store.workersDown?.() ?? []); i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return store.workersDown?.();
  };
  // one that the coordinator cannot ask, and one that another worker cannot reach
  await runSql(
    url,
    `update worker_check set result = null where from_nodename = 'w2';
     update worker_check set result = false where from_nodename = 'w1' and to_nodename = 'w3'`,
  );
  assert.deepEqual(await told((down) => down.length > 0), ['w2:5432', 'w3:5432']);
  assert.ok((await store.sizeBytes()) > 3000 * 2 ** 40);
});

test('the ranges of the change log are found on the shards', async (t) => {
  const { url } = await setUp(t);
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 1_000 });
  t.after(() => db.close());
  await db.apart(summarizeChangeRanges);
  const [ran] = await runSql(url, 'select count(result)::int as shards from ran_on_shards');
  assert.equal(ran?.shards, 1);
});

test('what is under way is ended for who does not wait for it any longer', async (t) => {
  const { url } = await setUp(t);
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 1_000 });
  t.after(() => db.close());
  const signal = AbortSignal.timeout(100);
  const read = db.atOneMoment((sql) => whileNotAborted(signal, sql, () => sql.query('select pg_sleep(20)')));
  await assert.rejects(read, /canceling statement/);
});

test('a transaction that a worker alone has a part of has a number to ask for', async (t) => {
  const { url } = await setUp(t);
  const db = new PostgresDatabase({ url, connections: 9, patienceMs: 1_000 });
  t.after(() => db.close());
  const before = await numberOf(url);
  await db.apart((sql) => sql.query('select 1'));
  assert.ok(
    (await numberOf(url)) > before,
    'this coordinator has written nothing, and counts it all the same',
  );
});

/** The number that the next transaction of a PostgreSQL gets. */
async function numberOf(url: string): Promise<bigint> {
  const [row] = await runSql(url, 'select pg_snapshot_xmax(pg_current_snapshot())::text as number');
  return BigInt(String(row?.number));
}
