import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client as PostgresClient } from 'pg';
import { createImport } from '../../test/client.ts';
import { peakMemoryBytes, resetPeakMemory } from '../../test/process.ts';
import type { Bench } from '../bench.ts';
import { withFile, withLines } from '../files.ts';
import { createSegments, importFile } from '../import-file.ts';
import { countMemberships, importManyFiles, type Store, untilInOrder } from '../large-store.ts';
import type { Load } from '../lookups/load.ts';
import { LOOK_UP_PATH } from '../lookups/look-up.ts';
import { percentile } from '../lookups/percentile.ts';
import { ROUTE_PATH, type Route } from '../lookups/route.ts';
import { runLoad } from '../lookups/run-load.ts';
import { startRoute } from '../lookups/start-route.ts';
import { openPostgres } from '../postgres/open-postgres.ts';
import { type Server, startServer, watching } from '../server.ts';
import type { Measured } from '../table.ts';
import { mulberry32, userId } from '../workload.ts';
import { MILLION, SEGMENTS, userCount, workloadOf } from '../workloads.ts';
import { createTables, loadByHand, statement } from './postgres.ts';
import { encode, type Redis, sendCommands, startRedis, writeCommands } from './redis.ts';

/**
 * Far from what saturates a core, so that the time of a look-up is measured and not that of a
 * queue.
 */
export const PER_SECOND = 100;
const UNKNOWN_PER_MILLE = 100;
/** More than are ever needed at that rate, so that no look-up waits inside the client. */
const CONNECTIONS = 64;
const SATURATING_CONNECTIONS = 16;
const MANY_FILES = 20;
const GROUPS = 3;
const GROUP_SEGMENTS = 3;
/** A prime: its multiples visit each user once, in no order that a store could use. */
const STRIDE = 6_180_341;
const BLOCK_LINES = 1_000;
const BULK_USERS = 1_000;
const BULK_CALLS = 50;
const BLOCK_FILE_BYTES = 256 * 1024 * 1024;
const INSERT_USERS = 1_000_000;

/** Each user is in one segment of each of three groups. */
type Size = { readonly id: string; readonly memberships: string; readonly users: number };
const SIZES: readonly Size[] = [
  { id: '3', memberships: '3 M', users: MILLION },
  { id: '30', memberships: '30 M', users: 10 * MILLION },
];

/**
 * Whom look-ups are compared with: one client, the same users in the same segments, a small store
 * and a large one.
 */
export async function measureLookups(bench: Bench): Promise<void> {
  await measureFileRoute(bench);
  for (const size of SIZES) {
    await measureMuster(bench, size);
    await measureRedisRoutes(bench, size);
    await measurePostgresRoute(bench, size);
  }
}

/** As long as look-ups are measured while there is nothing else to do. */
export function idleFor({ options }: Bench): Promise<void> {
  return sleep(options.seconds * 1000);
}

/** Looks users of Muster up for as long as `meanwhile` takes. */
export function lookUp(
  bench: Bench,
  { server }: Pick<Store, 'server'>,
  of: { load: Partial<Load>; meanwhile: () => Promise<unknown> },
): Promise<Measured> {
  const load: Partial<Load> = {
    baseUrl: server.baseUrl,
    token: server.token,
    path: LOOK_UP_PATH,
    ...of.load,
  };
  return watching(server, () => putLoad(bench, { ...of, load }));
}

async function putLoad(
  bench: Bench,
  of: { load: Partial<Load>; meanwhile: () => Promise<unknown> },
): Promise<Measured> {
  const load: Load = {
    baseUrl: '',
    path: ROUTE_PATH,
    token: '',
    users: userCount(bench),
    unknownPerMille: UNKNOWN_PER_MILLE,
    connections: CONNECTIONS,
    segmentGroups: [],
    perSecond: PER_SECOND,
    ...of.load,
  };
  const { requests, seconds, p50Ms, p99Ms, mostMs, ...rest } = await runLoad(load, of.meanwhile);
  assert.equal(rest.failed, 0, `${rest.failed} look-ups failed, the first: ${rest.firstFailure}`);
  const unanswered = rest.unanswered === 0 ? '' : `; ${rest.unanswered} had no answer in the end`;
  const remark = `slowest ${mostMs.toFixed(0)} ms${unanswered}`;
  return { count: requests, seconds, perSecond: requests / seconds, p50Ms, p99Ms, remark };
}

/** Rows of one system; what it cannot be measured for is said in each of them. */
type Rows = { row(id: string, what: string, run: () => Promise<Measured>): Promise<void> };

async function withRows(
  bench: Bench,
  of: { id: string; what: string },
  use: (rows: Rows) => Promise<void>,
): Promise<void> {
  const row: Rows['row'] = async (id, what, run) => {
    await bench.measure({ id: `lookup-${of.id}-${id}`, what: `${of.what}: ${what}` }, run);
  };
  await use({ row }).catch((error: unknown) => row('open', 'all rows', () => Promise.reject(error)));
}

const AT_RATE = `look-ups ${PER_SECOND}/s`;
const WITHOUT_PAUSE = `look-ups, ${SATURATING_CONNECTIONS} connections without a pause`;
const SATURATING = { perSecond: null, connections: SATURATING_CONNECTIONS } as const;

async function measureMuster(bench: Bench, { id, memberships, users: fullUsers }: Size): Promise<void> {
  const users = bench.scaled(fullUsers);
  await withRows(bench, { id: `muster-${id}`, what: `Muster, ${memberships} memberships` }, ({ row }) =>
    bench.using(
      () => startServer(bench.scratch),
      async (server) => {
        const segmentIds = await createSegments(server);
        const to = { datamartId: '1', documentImportId: await createImport(server, { format: 'NDJSON' }) };
        const segmentGroups = groupsOf(segmentIds);
        for (const segments of segmentGroups) {
          const file = { format: 'NDJSON', lines: users, blocks: linesOf(users, segments) } as const;
          await withLines(bench.scratch, file, (file) =>
            importFile(server, { file, to, timeoutMs: bench.leftMs() }),
          );
        }
        const imported = segmentIds.slice(GROUPS * GROUP_SEGMENTS);
        const store: Store = { server, segmentIds: imported, imports: { NDJSON: to, CSV: to } };
        if (bench.options.scale === 1) await untilInOrder(store);
        const base = { users, segmentGroups };
        const idle = (load: Partial<Load>) => () =>
          lookUp(bench, store, { load: { ...base, ...load }, meanwhile: () => idleFor(bench) });
        const beside = (count: number, seed: number) => () =>
          importManyFiles(bench, store, {
            count,
            seed,
            users,
            during: (runImports) => lookUp(bench, store, { load: base, meanwhile: runImports }),
          });

        await row(
          'live',
          'GET /health/live, 16 connections without a pause',
          idle({ ...LIVE, ...SATURATING }),
        );
        await row('idle', `${AT_RATE}, idle`, idle({}));
        await row('most', `${WITHOUT_PAUSE}, idle`, idle(SATURATING));
        await row('bulk', `${BULK_USERS.toLocaleString('en-US')} users in one call`, () =>
          lookUpMany(server, users),
        );
        await row('import', `${AT_RATE}, beside one import of 1 M lines`, beside(1, 200));
        await row('many', `${AT_RATE}, beside ${MANY_FILES} imports of 1 M lines`, beside(MANY_FILES, 300));
        await row('after', `${AT_RATE}, right after these ${MANY_FILES}`, async () => {
          const measured = await idle({})();
          const count = await countMemberships({ ...store, segmentIds });
          return { ...measured, remark: `${measured.remark}; ${count} memberships` };
        });
      },
    ),
  );
}

const LIVE: Partial<Load> = { path: '/health/live', users: 0, unknownPerMille: 0, segmentGroups: [] };

/** Random known users, one call after the other. */
function lookUpMany(server: Server, users: number): Promise<Measured> {
  const random = mulberry32(55);
  return watching(server, async () => {
    const times: number[] = [];
    for (let call = 0; call < BULK_CALLS; call++) {
      const asked = Array.from({ length: BULK_USERS }, () => ({
        user_account_id: userId(Math.floor(random() * users)),
      }));
      const startedAt = performance.now();
      const answer = await server.call('POST', '/v1/datamarts/1/user_segments/search', { users: asked });
      times.push(performance.now() - startedAt);
      assert.equal(answer.status, 200, answer.text.slice(0, 200));
      const { data } = answer.json as { data: readonly { user_segments: readonly object[] }[] };
      assert.ok(data.every(({ user_segments }) => user_segments.length >= GROUPS));
    }
    const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
    const sorted = Float64Array.from(times).sort();
    const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
    return { count: BULK_CALLS, seconds, perSecond: BULK_CALLS / seconds, p50Ms, p99Ms };
  });
}

async function measureRedisRoutes(bench: Bench, size: Size): Promise<void> {
  const users = bench.scaled(size.users);
  const what = (server: string) => `Redis behind ${server}, ${size.memberships} memberships`;
  await withRows(bench, { id: `redis-${size.id}`, what: what('a bare route') }, () =>
    bench.using(
      () => startRedis(bench.scratch),
      async (redis) => {
        await fillRedis(redis, users);
        const source = { of: 'redis', socket: redis.socket } as const;
        for (const server of ['fastify', 'node:http'] as const) {
          const names = { id: `${server}-${size.id}`, what: what(server) };
          await withRows(bench, names, ({ row }) =>
            withRoute(bench, { server, source }, async (look) => {
              const watched = (run: () => Promise<Measured>) => () => watchingRedis(redis, run);
              const load = { users, segmentGroups: groupsOf(SEGMENT_IDS) };
              const idle = (more: Partial<Load>) =>
                watched(() => look({ ...load, ...more }, () => idleFor(bench)));
              await row('idle', `${AT_RATE}, idle`, idle({}));
              await row('most', `${WITHOUT_PAUSE}, idle`, idle(SATURATING));
              if (server === 'fastify') return;
              const million = importOf(bench, users, 201);
              await withFile(bench.scratch, million, async (file) => {
                const commands = path.join(redis.folder, 'beside');
                await pipeline(Readable.from(writeCommands(file)), createWriteStream(commands));
                const insert = () => sendCommands(redis, { file: commands, count: file.lines });
                await row(
                  'import',
                  `${AT_RATE}, beside one mass insertion of 1 M lines`,
                  watched(() => look(load, insert)),
                );
                const many = async () => {
                  for (let turn = 0; turn < MANY_FILES; turn++) await insert();
                };
                await row(
                  'many',
                  `${AT_RATE}, beside ${MANY_FILES} of them`,
                  watched(() => look(load, many)),
                );
                await row('after', `${AT_RATE}, right after these ${MANY_FILES}`, idle({}));
              });
            }),
          );
        }
      },
    ),
  );
}

async function watchingRedis({ pid }: Redis, work: () => Promise<Measured>): Promise<Measured> {
  if (process.platform !== 'linux') return work();
  resetPeakMemory(pid);
  return { ...(await work()), peakBytes: peakMemoryBytes(pid) };
}

async function fillRedis(redis: Redis, users: number): Promise<void> {
  const file = path.join(redis.folder, 'fill');
  await pipeline(Readable.from(hashesOf(users)), createWriteStream(file));
  await sendCommands(redis, { file, count: users });
  await rm(file);
}

function* hashesOf(users: number): Generator<string> {
  const groups = groupsOf(SEGMENT_IDS);
  for (let from = 0; from < users; from += BLOCK_LINES) {
    let block = '';
    for (let at = from; at < Math.min(users, from + BLOCK_LINES); at++) {
      const user = (at * STRIDE) % users;
      const fields = groups.flatMap((group) => [segmentOf(group, user), `0 ${bagOf(user) ?? ''}`]);
      block += encode(['HSET', `user:${userId(user)}`, ...fields]);
    }
    yield block;
  }
}

async function measurePostgresRoute(bench: Bench, size: Size): Promise<void> {
  const users = bench.scaled(size.users);
  const what = `PostgreSQL behind fastify, ${size.memberships} memberships`;
  await withRows(bench, { id: `postgres-${size.id}`, what }, ({ row }) =>
    bench.using(
      () => openPostgres(bench),
      async ({ client, socketDir, memoryBytes }) => {
        await createTables(client);
        for (let from = 0; from < users; from += INSERT_USERS)
          await client.query(statement('fill'), [from, Math.min(users, from + INSERT_USERS)]);
        await client.query('vacuum analyze user_account, membership');
        const { user, password, port } = client as PostgresClient & { password: string };
        const connection = `postgres://${user}:${password}@localhost:${port}/postgres?host=${encodeURIComponent(socketDir)}`;
        await withRoute(
          bench,
          { server: 'fastify', source: { of: 'postgres', connection } },
          async (look) => {
            const load = { users, segmentGroups: groupsOf(SEGMENT_IDS) };
            const measured = async (more: Partial<Load>, meanwhile: () => Promise<unknown>) => {
              const of = await look({ ...load, ...more }, meanwhile);
              const peakBytes = memoryBytes();
              return { ...of, ...(peakBytes === undefined ? {} : { peakBytes }) };
            };
            const idle = (more: Partial<Load>) => () => measured(more, () => idleFor(bench));
            await row('idle', `${AT_RATE}, idle`, idle({}));
            await row('most', `${WITHOUT_PAUSE}, idle`, idle(SATURATING));
            await withFile(bench.scratch, importOf(bench, users, 202), (file) =>
              row('import', `${AT_RATE}, beside one load by hand of 1 M lines`, () =>
                measured({}, () => loadByHand(client, file)),
              ),
            );
            await row('after', `${AT_RATE}, right after it`, idle({}));
          },
        );
      },
    ),
  );
}

/** The floor: a route that reads one block. */
async function measureFileRoute(bench: Bench): Promise<void> {
  await withRows(
    bench,
    { id: 'file', what: 'Bare node:http route that reads 4 KiB of a file' },
    async ({ row }) => {
      const bytes = Math.max(4096, bench.scaled(BLOCK_FILE_BYTES));
      const file = path.join(bench.scratch, 'blocks');
      const handle = await open(file, 'w');
      for (let at = 0; at < bytes; at += 1024 * 1024)
        await handle.write(Buffer.alloc(Math.min(1024 * 1024, bytes - at), 1));
      await handle.close();
      const source = { of: 'file', path: file, bytes } as const;
      await withRoute(bench, { server: 'node:http', source }, async (look) => {
        const load = { unknownPerMille: 0 };
        await row('idle', `${PER_SECOND}/s, idle`, () => look(load, () => idleFor(bench)));
        await row('most', `${SATURATING_CONNECTIONS} connections without a pause`, () =>
          look({ ...load, ...SATURATING }, () => idleFor(bench)),
        );
      });
    },
  );
}

type Look = (load: Partial<Load>, meanwhile: () => Promise<unknown>) => Promise<Measured>;

function withRoute(bench: Bench, route: Route, use: (look: Look) => Promise<void>): Promise<void> {
  return bench.using(
    () => startRoute(route),
    ({ baseUrl }) => use((load, meanwhile) => putLoad(bench, { load: { baseUrl, ...load }, meanwhile })),
  );
}

const SEGMENT_IDS = Array.from({ length: SEGMENTS }, (_, index) => String(index + 1));

/** A file of 1 M lines for the segment that is in no group. */
function importOf(bench: Bench, users: number, seed: number) {
  const segmentIds = SEGMENT_IDS.slice(GROUPS * GROUP_SEGMENTS);
  return { ...workloadOf(bench, { lines: MILLION, segmentIds, seed }), users };
}

function groupsOf(segmentIds: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: GROUPS }, (_, group) =>
    segmentIds.slice(group * GROUP_SEGMENTS, (group + 1) * GROUP_SEGMENTS),
  );
}

function segmentOf(group: readonly string[], user: number): string {
  return group[user % group.length] ?? '';
}

/** Every fifth user has a data bag. */
function bagOf(user: number): string | null {
  return user % 5 === 0 ? `{"score":${user % 100},"tier":"gold"}` : null;
}

function* linesOf(users: number, group: readonly string[]): Generator<string> {
  for (let from = 0; from < users; from += BLOCK_LINES) {
    let block = '';
    for (let at = from; at < Math.min(users, from + BLOCK_LINES); at++) {
      const user = (at * STRIDE) % users;
      const bag = bagOf(user);
      block += `${JSON.stringify({
        operation: 'UPDATE',
        user_account_id: userId(user),
        segment_id: segmentOf(group, user),
        expiration_duration: 0,
        ...(bag === null ? {} : { data_bag: bag }),
      })}\n`;
    }
    yield block;
  }
}
