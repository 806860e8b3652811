import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import type { Checkpoint, Execution } from '../../src/model/execution.ts';
import type { PreparedChunk, StagedChunk } from '../../src/store/merges.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { postgresServer, storeOf } from '../postgres.ts';
import { account, contextOf, createSegment, NOW, type Pair, remove, update } from './contract.ts';

/** Merges on PostgreSQL that begin while the one before is under way. */

after(async () => (await postgresServer()).stop());

type Scene = {
  readonly store: Store;
  readonly context: ReturnType<typeof contextOf>;
  readonly segmentId: string;
  /** Connections of transactions that are open and wait. */
  readonly waiting: () => Promise<readonly number[]>;
  readonly endConnection: (pid: number) => Promise<void>;
};

async function setUp(t: TestContext, { connections = 12, options = '' } = {}): Promise<Scene> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-merge-ahead-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const url = await storeOf(folder, NOW);
  const store = await openPostgresStore({
    url: options === '' ? url : `${url}?options=${encodeURIComponent(options)}`,
    scratchDir: path.join(folder, 'scratch'),
    memoryBytes: 128 * 1024 * 1024,
    threads: 2,
    connections,
    patienceMs: 5_000,
    now: NOW,
  });
  t.after(() => store.close());
  const client = new Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  return {
    store,
    context: contextOf(store),
    segmentId: (await createSegment(store)).id,
    waiting: async () => {
      const { rows } = await client.query(
        `select pid from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`,
      );
      return rows.map(({ pid }) => pid as number);
    },
    endConnection: async (pid) => {
      await client.query('select pg_terminate_backend($1::integer)', [pid]);
    },
  };
}

/** The next chunk of an execution, prepared before the one before it is merged. */
async function prepareNext(
  { store, context }: Scene,
  execution: Execution,
  pairs: readonly Pair[],
): Promise<{ chunk: StagedChunk; prepared: PreparedChunk }> {
  const chunk = await context.stage(execution, pairs);
  assert.ok(store.prepareChunk, 'this store prepares merges');
  return { chunk, prepared: await store.prepareChunk(chunk) };
}

/** The same chunk as the one after a checkpoint. */
function following(chunk: StagedChunk, from: Checkpoint): StagedChunk {
  const { to } = chunk;
  return {
    ...chunk,
    from,
    to: { ...to, offset: from.offset + 10, line: from.line + to.line, pairs: from.pairs + to.pairs },
  };
}

async function mergeFirst({ store, context }: Scene, execution: Execution, pairs: readonly Pair[]) {
  const outcome = await store.mergeChunk(await context.stage(execution, pairs));
  assert.equal(outcome.type, 'MERGED');
  return (outcome as { checkpoint: Checkpoint }).checkpoint;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail('it did not come to that in five seconds');
}

test('a merge that was begun ahead sees what the chunk before it has done', async (t) => {
  const scene = await setUp(t);
  const { store, context, segmentId } = scene;
  const execution = await context.claimed();
  const { chunk, prepared } = await prepareNext(scene, execution, [
    update('a', segmentId),
    remove('b', segmentId),
    update('c', segmentId),
  ]);
  await until(async () => (await scene.waiting()).length === 1);
  const first = await mergeFirst(scene, execution, [update('a', segmentId), update('b', segmentId)]);
  const outcome = await prepared.merge(following(chunk, first));
  await prepared.close();
  assert.equal(outcome.type, 'MERGED');
  const { effects } = (outcome as { checkpoint: Checkpoint }).checkpoint;
  assert.deepEqual(
    [effects.membershipsCreated, effects.membershipsUpdated, effects.membershipsDeleted],
    [3, 1, 1],
    'a and b by the first, c by the second, which finds a and takes b out',
  );
  assert.equal(effects.userPointsCreated, 3);
  assert.equal((await store.executions.get(execution.id))?.checkpoint.offset, 20);
  const isIn = async (name: string) => (await context.membershipsOf(name)).length;
  assert.deepEqual([await isIn('a'), await isIn('b'), await isIn('c')], [1, 0, 1]);
  assert.deepEqual(
    (await store.checkContent(NOW)).filter(({ violations }) => violations > 0),
    [],
  );
});

async function losesConnection(scene: Scene, lose: () => Promise<void>): Promise<void> {
  const { context, segmentId } = scene;
  const execution = await context.claimed();
  const { chunk, prepared } = await prepareNext(scene, execution, [update('a', segmentId)]);
  await until(async () => (await scene.waiting()).length === 1);
  const first = await mergeFirst(scene, execution, [update('b', segmentId)]);
  await lose();
  const outcome = await prepared.merge(following(chunk, first));
  await prepared.close();
  assert.equal(outcome.type, 'MERGED');
  assert.equal((outcome as { checkpoint: Checkpoint }).checkpoint.effects.membershipsCreated, 2);
  assert.equal((await context.membershipsOf('a')).length, 1);
}

test('one whose connection is lost while it waits is done all the same, once', async (t) => {
  const scene = await setUp(t);
  await losesConnection(scene, async () => {
    for (const pid of await scene.waiting()) await scene.endConnection(pid);
  });
});

test('one that the database ends since it waits for too long is done all the same, once', async (t) => {
  const scene = await setUp(t, { options: '-c idle_in_transaction_session_timeout=300' });
  await losesConnection(scene, () => until(async () => (await scene.waiting()).length === 0));
});

test('one that is not wanted any more leaves nothing, and its place to others', async (t) => {
  const scene = await setUp(t);
  const { context, segmentId } = scene;
  const execution = await context.claimed();
  for (let i = 0; i < 20; i++) {
    const { prepared } = await prepareNext(scene, execution, [update(`user ${i}`, segmentId)]);
    await prepared.close();
  }
  assert.deepEqual(await scene.waiting(), []);
  assert.equal(await context.pointOf('user 0'), null);
  await mergeFirst(scene, execution, [update('a', segmentId)]);
  assert.equal((await context.membershipsOf('a')).length, 1);
});

test('what has changed since is seen: the catalogue, and an erasure', async (t) => {
  const scene = await setUp(t);
  const { store, context, segmentId } = scene;
  const execution = await context.claimed();
  const stale = await prepareNext(scene, execution, [update('a', segmentId)]);
  await store.segments.update(segmentId, { technicalName: 'another' }, { now: NOW });
  assert.equal((await stale.prepared.merge(stale.chunk)).type, 'STALE_CATALOGUE');
  await stale.prepared.close();
  assert.equal(await context.pointOf('a'), null);
  await mergeFirst(scene, execution, [update('a', segmentId)]);
  await context.endRunning();
  const other = await context.claimed();
  const { chunk, prepared } = await prepareNext(scene, other, [update('a', segmentId)]);
  const user = { by: 'identifier', identifier: account('a') } as const;
  assert.ok(await store.eraseUser({ datamartId: '1', user, now: NOW }));
  assert.equal((await prepared.merge(chunk)).type, 'STALE_CATALOGUE');
  await prepared.close();
  assert.equal(await context.pointOf('a'), null);
});

test('with few connections none is begun ahead, and all is merged in turn', async (t) => {
  const scene = await setUp(t, { connections: 4 });
  const { context, segmentId } = scene;
  const execution = await context.claimed();
  const { chunk, prepared } = await prepareNext(scene, execution, [update('a', segmentId)]);
  assert.deepEqual(await scene.waiting(), []);
  assert.equal((await prepared.merge(chunk)).type, 'MERGED');
  await prepared.close();
  assert.equal((await context.membershipsOf('a')).length, 1);
});

test('many that wait do not keep from merging those that they wait for', async (t) => {
  const scene = await setUp(t, { connections: 60 });
  const { store, context, segmentId } = scene;
  const execution = await context.claimed();
  const waiting: PreparedChunk[] = [];
  for (let i = 0; i < 12; i++)
    waiting.push((await prepareNext(scene, execution, [update(`user ${i}`, segmentId)])).prepared);
  await until(async () => (await scene.waiting()).length >= 8);
  await mergeFirst(scene, execution, [update('a', segmentId)]);
  for (const each of waiting) await each.close();
  assert.equal(
    (await store.countMembers({ segmentIds: [segmentId], now: NOW })).get(segmentId)?.userPoints,
    1,
  );
});
