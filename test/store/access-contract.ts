import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { KEY_LIFE_MS } from '../../src/model/execution.ts';
import { NO_COMPARTMENT } from '../../src/model/identifier.ts';
import type { Store } from '../../src/store/store.ts';
import {
  createExecution,
  createSegment,
  NONE,
  NOW,
  type OpenStore,
  openFor,
  type StoreTest,
  update,
} from './contract.ts';

const ALL = { firstResult: 0, maxResults: 1000 };
const AUTHOR = { tokenId: '7', tokenName: 'nightly', requestId: 'r', at: NOW };

/** What the contract says of the audit log, of keys and of erasures, as tests, for any driver. */
export function accessContract(name: string, open: OpenStore): void {
  describe(`store contract, access: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('a change is noted with its author, or not made', async ({ store }) => {
      const segment = await createSegment(store, { technicalName: 'vip' });
      const by = { now: NOW, author: AUTHOR };
      await store.segments.update(segment.id, { name: 'other', defaultTtlMs: 5 }, by);
      const second = await createSegment(store, {});
      assert.equal(
        await store.segments.update(second.id, { technicalName: 'vip' }, by),
        'TECHNICAL_NAME_TAKEN',
      );
      assert.equal(await store.segments.update('404', { name: 'x' }, by), null);
      const { elements, total } = await store.auditLog.list({ filter: { datamartIds: null }, page: ALL });
      assert.equal(total, 1);
      assert.deepEqual(elements[0]?.author, AUTHOR);
      assert.deepEqual(elements[0]?.change, {
        ...{ action: 'UPDATE', resourceType: 'segment', resourceId: segment.id, datamartId: '1' },
        details: { members: ['default_ttl', 'name'] },
      });
    });

    withStore('the first token is one, however many ask for it', async ({ store }) => {
      const token = (i: number) =>
        ({
          name: `first ${i}`,
          role: 'admin',
          datamartIds: null,
          creationDate: NOW,
          expirationDate: null,
          valueHash: String(i).padStart(64, '0'),
        }) as const;
      const made = await Promise.all([1, 2, 3, 4].map((i) => store.tokens.createFirst(token(i), AUTHOR)));
      assert.equal(made.filter((each) => each !== null).length, 1);
      assert.equal((await store.tokens.list(ALL)).total, 1);
      assert.equal(await store.tokens.createFirst(token(5), AUTHOR), null);
    });

    withStore('the last admin token for all datamarts stays, however many go at once', async ({ store }) => {
      const admin = (of: { hash: number; datamartIds?: readonly string[]; expirationDate?: number }) =>
        store.tokens.create({
          ...{ name: 'admin', role: 'admin', creationDate: NOW, datamartIds: of.datamartIds ?? null },
          expirationDate: of.expirationDate ?? null,
          valueHash: String(of.hash).padStart(64, '0'),
        });
      const admins = await Promise.all([1, 2, 3, 4].map((hash) => admin({ hash })));
      const ofOne = await admin({ hash: 5, datamartIds: ['1'] });
      const expired = await admin({ hash: 6, expirationDate: NOW });
      const removed = await Promise.all(admins.map(({ id }) => store.tokens.remove(id, { now: NOW })));
      assert.equal(removed.filter((each) => each === 'LAST_ADMIN').length, 1);
      assert.equal(removed.filter((each) => typeof each === 'object' && each !== null).length, 3);
      for (const { id } of [ofOne, expired]) {
        const gone = await store.tokens.remove(id, { now: NOW });
        assert.equal(typeof gone === 'object' ? gone?.id : gone, id);
      }
      const [last] = (await store.tokens.list(ALL)).elements;
      assert.equal(await store.tokens.remove(last?.id ?? '', { now: NOW }), 'LAST_ADMIN');
      assert.equal(await store.tokens.remove('404', { now: NOW }), null);
    });

    withStore('the audit log forgets what is older', async ({ store }) => {
      const change = {
        action: 'DOWNLOAD',
        resourceType: 'execution',
        resourceId: '1',
        datamartId: '1',
      } as const;
      for (const at of [NOW, NOW + 1, NOW + 2]) await store.auditLog.note({ ...AUTHOR, at }, change);
      assert.equal(await store.auditLog.removeBefore(NOW + 2), 2);
      const { elements } = await store.auditLog.list({ filter: { datamartIds: ['1'] }, page: ALL });
      assert.deepEqual(
        elements.map(({ author }) => author.at),
        [NOW + 2],
      );
    });

    withStore('a key is known for a day, and no longer than its execution', async ({ store }) => {
      const documentImportId = await createImport(store);
      const create = (creationDate: number, sha256 = 'a', of = documentImportId) =>
        createUnderKey(store, { creationDate, sha256, documentImportId: of });
      const first = await create(NOW);
      assert.equal(await create(NOW + KEY_LIFE_MS - 1), first);
      assert.equal(await create(NOW + KEY_LIFE_MS - 1, 'b'), 'KEY_REUSED');
      const second = await create(NOW + KEY_LIFE_MS, 'b');
      assert.notEqual(second, first);
      assert.equal(await create(NOW + KEY_LIFE_MS + 1, 'b'), second);

      assert.equal(await store.executions.removeKeysBefore(NOW), 0);
      assert.equal(await store.executions.removeKeysBefore(NOW + KEY_LIFE_MS), 1);
      assert.notEqual(await create(NOW + KEY_LIFE_MS + 2, 'b'), second);

      await store.documentImports.remove(documentImportId);
      assert.equal(await create(NOW + KEY_LIFE_MS + 3, 'b'), null);
    });

    withStore('a user who is erased is gone, and another is not', async ({ store, ...context }) => {
      const segment = await createSegment(store, {});
      await context.run([update('a', segment.id), update('b', segment.id)]);
      const erased = await store.eraseUser({ datamartId: '1', user: userOf('a'), now: NOW, author: AUTHOR });
      assert.deepEqual([erased?.identifiersRemoved, erased?.membershipsRemoved, erased?.userId], [1, 1, '7']);
      assert.equal(await context.pointOf('a'), null);
      assert.notEqual(await context.pointOf('b'), null);
      const sizes = await store.countMembers({ segmentIds: [segment.id], now: NOW });
      assert.equal(sizes.get(segment.id)?.userPoints, 1);
      const unknown = { by: 'user_point_id', userPointId: { hi: 1n, lo: 1n } } as const;
      assert.equal(await store.eraseUser({ datamartId: '1', user: unknown, now: NOW }), null);
    });

    withStore('an execution whose file was there leaves an erased user out', async (context) => {
      const { store } = context;
      const segment = await createSegment(store, {});
      const execution = await context.claimed();
      const erased = await store.eraseUser({ datamartId: '1', user: userOf('a'), now: NOW });
      assert.deepEqual([erased?.status, erased?.executionsLeft], ['PENDING', 1]);
      await context.reopen();
      // a store of several nodes keeps the lease of whoever is gone
      await context.store.executions.release({ id: execution.id, worker: 'w', now: NOW });
      const [running] = await context.store.executions.claim({
        ...{ worker: 'w', now: NOW, leaseUntil: NOW + 1000 },
        most: { documents: 1, bytes: 1 },
      });
      assert.equal(running?.id, execution.id);
      const outcome = await context.store.mergeChunk(
        await context.stage(running, [
          update('a', segment.id),
          update('b', segment.id),
          update('a', segment.id),
        ]),
      );
      assert.equal(outcome.type, 'MERGED');
      const { effects } = (outcome as { checkpoint: { effects: typeof NONE } }).checkpoint;
      assert.deepEqual(effects, { ...NONE, membershipsCreated: 1, userPointsCreated: 1, unchanged: 2 });
      assert.equal(await context.pointOf('a'), null);

      // what comes later is another matter, and the erasure is done when the files have been gone
      // through
      await context.endRunning();
      const { effects: later } = await context.run([update('a', segment.id)]);
      assert.deepEqual(later, { ...NONE, membershipsCreated: 1, userPointsCreated: 1 });
      const next = await context.store.erasures.nextFiles('0');
      assert.equal(next?.executionId, execution.id);
      assert.deepEqual(next.sought, [{ erasureId: erased?.id, ...userOf('a').identifier }]);
      assert.equal(await context.store.erasures.nextFiles(execution.id), null);
      const checked = [{ erasureId: erased?.id ?? '', filesRewritten: 1, linesRemoved: 2 }];
      await context.store.erasures.noteFiles({ executionId: execution.id, checked, now: NOW + 5 });
      const done = await context.store.erasures.get(erased?.id ?? '');
      assert.deepEqual(
        [done?.status, done?.endDate, done?.executionsLeft, done?.filesRewritten, done?.linesRemoved],
        ['DONE', NOW + 5, 0, 1, 2],
      );
      assert.equal(await context.store.erasures.nextFiles('0'), null);
    });

    withStore('an erasure waits for executions that have not ended', async ({ store }) => {
      const execution = await createExecution(store, {});
      const erased = await store.eraseUser({ datamartId: '1', user: userOf('a'), now: NOW });
      assert.equal(erased?.status, 'PENDING');
      assert.equal(await store.erasures.nextFiles('0'), null);
      await store.executions.cancel(execution.id, NOW);
      assert.equal((await store.erasures.nextFiles('0'))?.executionId, execution.id);
      const other = await store.eraseUser({ datamartId: '1', user: userOf('b'), now: NOW });
      const next = await store.erasures.nextFiles('0');
      assert.deepEqual(next?.sought.map(({ value }) => value).sort(), ['a', 'b']);
      const { elements } = await store.erasures.list({ datamartId: '1', page: ALL });
      assert.deepEqual(
        elements.map(({ id }) => id),
        [other?.id, erased?.id],
      );
    });

    withStore('without files an erasure is done at once, and remembers nobody', async ({ store }) => {
      const user = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'h' } as const;
      const of = { datamartId: '1', now: NOW, user: { by: 'identifier', identifier: user } } as const;
      const erased = await store.eraseUser(of);
      assert.deepEqual([erased?.status, erased?.endDate, erased?.identifiersRemoved], ['DONE', NOW, 0]);
    });
  });
}

function userOf(value: string) {
  return { by: 'identifier', identifier: { kind: 'USER_ACCOUNT', compartmentId: '1', value } } as const;
}

async function createImport(store: Store): Promise<string> {
  const created = await store.documentImports.create({
    ...{ datamartId: '1', mimeType: 'TEXT_CSV', encoding: 'utf-8' },
    ...{ name: 'import', priority: 'MEDIUM', creationTs: NOW },
  });
  return created.id;
}

async function createUnderKey(
  store: Store,
  of: { creationDate: number; sha256: string; documentImportId: string },
): Promise<string | null> {
  const made = await store.executions.create({
    ...{ organisationId: '1', datamartId: '1', mimeType: 'TEXT_CSV', priority: 'MEDIUM', userId: null },
    job: { type: 'DOCUMENT_IMPORT', documentImportId: of.documentImportId },
    document: { folder: randomUUID(), fileName: 'a.csv', bytes: 1, sha256: of.sha256 },
    creationDate: of.creationDate,
    key: { value: 'key', parameters: '[]' },
  });
  return typeof made === 'string' ? made : (made?.id ?? null);
}
