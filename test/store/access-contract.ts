import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { KEY_LIFE_MS } from '../../src/model/execution.ts';
import type { Store } from '../../src/store/store.ts';
import { createSegment, NOW, type OpenStore, openFor, type StoreTest } from './contract.ts';

const ALL = { firstResult: 0, maxResults: 1000 };
const AUTHOR = { tokenId: '7', tokenName: 'nightly', requestId: 'r', at: NOW };

/** What the contract says of the audit log and of keys, as tests, for any driver. */
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
  });
}

async function createImport(store: Store): Promise<string> {
  const created = await store.documentImports.create({
    ...{ datamartId: '1', documentType: 'USER_SEGMENT', mimeType: 'TEXT_CSV', encoding: 'utf-8' },
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
