import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { NO_COMPARTMENT } from '../../src/model/identifier.ts';
import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { exportStore, importStore } from '../../src/store/move/move-store.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { databaseOf, postgresServer } from '../postgres.ts';
import { account, contextOf, createSegment, NOW, remove, update } from './contract.ts';

after(async () => (await postgresServer()).stop());

const LIMITS = { memoryBytes: 256 * 1024 * 1024, threads: 2 };
const PAGE = { firstResult: 0, maxResults: 100 };

/** Some of everything whose rows look different in the two stores. */
async function fill(store: Store): Promise<string> {
  const context = contextOf(store);
  const segment = await createSegment(store, { name: 'nul \0 and \ue000', technicalName: 'moved' });
  const names = [
    'plain',
    '',
    'quote " comma , line\nend',
    'nul\0',
    '\ue0000',
    '\ue000',
    'é😀\r\n',
    "apo'strophe",
  ];
  await context.run([
    ...names.map((name, i) =>
      update(name, segment.id, {
        expiresAt: i % 2 === 0 ? null : NOW + 1_000_000 * i,
        dataBag: i % 3 === 0 ? JSON.stringify({ text: name }) : null,
      }),
    ),
    update('gone', segment.id),
    remove('gone', segment.id),
  ]);
  const point = await store.findUserPoint('1', { by: 'identifier', identifier: account('plain') });
  assert.ok(point !== null);
  const email = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'hash' } as const;
  await store.attachIdentifier({ datamartId: '1', identifier: email, userPointId: point, now: NOW });
  await context.run([update('plain', segment.id, { dataBag: '{}' }), remove('nul\0', segment.id)], NOW + 5);
  return segment.id;
}

/** What can be seen of a store. */
async function seen(store: Store, segmentId: string, folder: string) {
  const file = path.join(folder, 'export');
  const kinds = (['USER_ACCOUNT', 'USER_EMAIL'] as const).map((kind) => ({ kind, compartmentId: null }));
  const counts = await store.writeMembers({
    segmentId,
    mimeType: 'APPLICATION_X_NDJSON',
    kinds,
    file,
    now: NOW + 9,
    signal: new AbortController().signal,
  });
  const { readFile } = await import('node:fs/promises');
  const lines = (await readFile(file, 'utf8')).split('\n').sort();
  await rm(file);
  const users = ['plain', '', 'nul\0', '\ue000', '\ue0000', 'gone'].map((name) => account(name));
  return {
    counts,
    lines,
    members: await store.listMembers({ segmentId, after: null, most: 100, now: NOW + 9 }),
    sizes: await store.countMembers({ segmentIds: [segmentId], now: NOW + 9 }),
    changes: await Promise.all(
      users.map((identifier) =>
        store.listChanges({
          datamartId: '1',
          user: { by: 'identifier', identifier },
          now: NOW + 9,
          page: PAGE,
        }),
      ),
    ),
    memberships: await Promise.all(
      users.map((identifier) =>
        store.listMemberships({
          datamartId: '1',
          user: { by: 'identifier', identifier },
          now: NOW + 9,
          page: PAGE,
        }),
      ),
    ),
    segment: await store.segments.get(segmentId),
    executions: await store.executions.list({ filter: { datamartId: '1' }, page: PAGE }),
    violations: (await store.checkContent(NOW + 9)).filter(({ violations }) => violations > 0),
  };
}

test('a store that is moved to PostgreSQL and back is the same, and goes on', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-move-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const first = path.join(folder, 'first');
  const back = path.join(folder, 'back');
  const url = await databaseOf(folder);
  const moving = { url, ...LIMITS, now: NOW, onMoved: () => undefined };

  const embedded = await openDuckDbStore({ dir: first, ...LIMITS, now: NOW });
  const segmentId = await fill(embedded);
  const before = await seen(embedded, segmentId, folder);
  assert.equal(before.lines.length > 8, true);
  assert.deepEqual(before.violations, []);
  await embedded.close();

  const imported = await importStore({ ...moving, dir: first });
  assert.deepEqual(
    imported.filter(({ isSame }) => !isSame),
    [],
  );
  assert.equal(imported.find(({ table }) => table === 'user_identifier')?.rows, 10);
  await assert.rejects(importStore({ ...moving, dir: first }), /a store is imported into an empty one/);

  const postgres = await openPostgresStore({
    ...{ url, ...LIMITS, now: NOW, connections: 6, patienceMs: 5_000 },
    scratchDir: path.join(folder, 'scratch'),
  });
  assert.deepEqual(await seen(postgres, segmentId, folder), before);
  const next = await createSegment(postgres);
  assert.equal(Number(next.id), Number(segmentId) + 1, 'ids go on');
  await contextOf(postgres).run([update('new', next.id), update('plain', segmentId)], NOW + 20);
  const after = await seen(postgres, segmentId, folder);
  assert.deepEqual(after.violations, []);
  await postgres.close();

  const exported = await exportStore({ ...moving, dir: back });
  assert.deepEqual(
    exported.filter(({ isSame }) => !isSame),
    [],
  );
  const again = await openDuckDbStore({ dir: back, ...LIMITS, now: NOW });
  assert.deepEqual(await seen(again, segmentId, folder), after);
  assert.equal(Number((await createSegment(again)).id), Number(next.id) + 1);
  await contextOf(again).run([update('newer', next.id)], NOW + 30);
  assert.deepEqual(
    (await again.checkContent(NOW + 30)).filter(({ violations }) => violations > 0),
    [],
  );
  await again.close();
});
