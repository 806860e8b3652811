import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Author } from '../../src/model/audit.ts';
import { PLAIN_IMPORT } from '../../src/model/execution.ts';
import type { SourceRun, SourceSettings } from '../../src/model/source.ts';
import type { NewSource } from '../../src/store/source-records.ts';
import type { Store } from '../../src/store/store.ts';
import { createExecution, NOW, type OpenStore, openFor, type StoreTest } from './contract.ts';

const AUTHOR: Author = { tokenId: '1', tokenName: 't', requestId: null, at: NOW + 5 };
const ALL = { firstResult: 0, maxResults: 1000 };
const { dryRun: _, ...OPTIONS } = PLAIN_IMPORT;
export const SETTINGS: SourceSettings = {
  location: { kind: 'LOCAL', folder: '/in' },
  ...{ pattern: '*.csv', order: 'name', maxFiles: 10, after: 'leave', afterFolder: 'taken' },
  ...{ schedule: { intervalMs: 60_000 }, enabled: true, options: OPTIONS, allowEmpty: true },
};
const RUN: SourceRun = {
  ...{ startDate: NOW, endDate: NOW + 10, trigger: 'SCHEDULE', dryRun: false },
  ...{ status: 'SUCCEEDED', error: null, filesTaken: 1, filesRefused: 0 },
};

async function newImport(store: Store): Promise<string> {
  const { job } = await createExecution(store, {});
  assert.ok(job.type === 'DOCUMENT_IMPORT');
  return job.documentImportId;
}

const fresh = (documentImportId: string, of: Partial<NewSource> = {}): NewSource => ({
  ...{ documentImportId, datamartId: '1', settings: SETTINGS, credentials: null, forgetHostKey: false },
  ...{ nextRunTs: NOW + 100, now: NOW },
  ...of,
});

/** What the contract says of sources, as tests, for any driver. */
export function sourceContract(name: string, open: OpenStore): void {
  describe(`store contract, sources: ${name}`, () => {
    const withStore = (title: string, run: (context: StoreTest) => Promise<void>) =>
      test(title, async (t) => run(await openFor(t, open)));

    withStore('an import has one source, which goes with it', async (context) => {
      const { store } = context;
      const importId = await newImport(store);
      assert.equal(await store.sources.put(fresh('404')), null);
      assert.equal(await store.sources.put(fresh(importId, { datamartId: '2' })), null);
      assert.equal(await store.sources.get(importId), null);
      const put = await store.sources.put(fresh(importId, { credentials: 'sealed' }), AUTHOR);
      assert.deepEqual(put?.settings, SETTINGS);
      assert.deepEqual(
        [put?.hasCredentials, put?.status, put?.nextRunTs, put?.lastRun],
        [true, 'IDLE', NOW + 100, null],
      );
      assert.equal(await store.sources.credentials(importId), 'sealed');
      await store.sources.noteHostKey(importId, 'SHA256:a');
      assert.equal(await store.sources.noteHostKey(importId, 'SHA256:b'), 'SHA256:a', 'the first stays');
      const settings = { ...SETTINGS, pattern: null, enabled: false };
      const again = fresh(importId, { settings, credentials: 'KEEP', nextRunTs: null, now: NOW + 1 });
      const changed = await store.sources.put(again, AUTHOR);
      assert.deepEqual(
        [
          changed?.settings.pattern,
          changed?.hasCredentials,
          changed?.knownHostKey,
          changed?.creationTs,
          changed?.lastModifiedTs,
        ],
        [null, true, 'SHA256:a', NOW, NOW + 1],
      );
      await store.sources.put({ ...again, credentials: null, forgetHostKey: true });
      assert.deepEqual(
        [await store.sources.credentials(importId), (await store.sources.get(importId))?.knownHostKey],
        [null, null],
      );
      await context.reopen();
      const listed = await context.store.sources.list({ datamartId: '1', page: ALL });
      assert.deepEqual(
        listed.elements.map(({ documentImportId }) => documentImportId),
        [importId],
      );
      assert.equal((await context.store.sources.list({ datamartId: '2', page: ALL })).total, 0);
      const log = await context.store.auditLog.list({ filter: { datamartIds: null }, page: ALL });
      const ofSources = log.elements.filter(({ change }) => change.resourceType === 'source');
      assert.deepEqual(
        ofSources.map(({ change }) => change.action),
        ['UPDATE', 'CREATE'],
      );
      assert.doesNotMatch(JSON.stringify(ofSources), /sealed/);
      await context.store.documentImports.remove(importId);
      assert.equal(await context.store.sources.get(importId), null);
      assert.equal(await context.store.sources.remove(importId), null);
    });

    withStore('credentials are replaced only while they are what they were', async ({ store }) => {
      const importId = await newImport(store);
      await store.sources.put(fresh(importId, { credentials: 'old' }));
      await store.sources.replaceCredentials({
        documentImportId: importId,
        before: 'other',
        credentials: 'new',
      });
      assert.deepEqual(await store.sources.listCredentials(), new Map([[importId, 'old']]));
      await store.sources.replaceCredentials({
        documentImportId: importId,
        before: 'old',
        credentials: 'new',
      });
      assert.equal(await store.sources.credentials(importId), 'new');
    });

    withStore('a run is claimed when it is due, by one worker at a time', async (context) => {
      const { store } = context;
      const importId = await newImport(store);
      await store.sources.put(fresh(importId));
      const claim = (worker: string, now: number) =>
        store.sources.claim({ worker, now, leaseUntil: now + 1_000 });
      assert.equal(await claim('a', NOW + 99), null);
      const both = await Promise.all([claim('a', NOW + 100), claim('b', NOW + 100)]);
      const [claimed, ...others] = both.filter((each) => each !== null);
      assert.ok(claimed && others.length === 0);
      assert.deepEqual(
        [claimed.trigger, claimed.dryRun, claimed.source.status],
        ['SCHEDULE', false, 'RUNNING'],
      );
      const worker = both[0] === null ? 'b' : 'a';
      const other = worker === 'a' ? 'b' : 'a';
      const of = { documentImportId: importId, leaseUntil: NOW + 2_000 };
      assert.deepEqual(
        [
          await store.sources.renewLease({ ...of, worker: other }),
          await store.sources.renewLease({ ...of, worker }),
        ],
        [false, true],
      );
      assert.equal(await claim(other, NOW + 1_500), null);
      assert.ok(await claim(other, NOW + 2_001), 'a lease that is over is another one’s');
      const end = { documentImportId: importId, run: RUN, nextRunTs: NOW + 5_000 };
      assert.equal(await store.sources.finish({ ...end, worker }), false);
      assert.equal(await store.sources.finish({ ...end, worker: other }), true);
      const ended = await store.sources.get(importId);
      assert.deepEqual(
        [ended?.status, ended?.nextRunTs, ended?.lastRun, ended?.failures],
        ['IDLE', NOW + 5_000, RUN, 0],
      );
    });

    withStore('a run that is asked for is due at once, also while one is under way', async ({ store }) => {
      const importId = await newImport(store);
      await store.sources.put(
        fresh(importId, { settings: { ...SETTINGS, schedule: null, enabled: false }, nextRunTs: null }),
      );
      const claim = (now: number) => store.sources.claim({ worker: 'a', now, leaseUntil: now + 1_000 });
      assert.equal(await claim(NOW + 10_000), null);
      assert.equal(
        (await store.sources.request(importId, { dryRun: true, now: NOW, author: AUTHOR }))?.status,
        'PENDING',
      );
      const claimed = await claim(NOW);
      assert.deepEqual([claimed?.trigger, claimed?.dryRun], ['REQUEST', true]);
      await store.sources.request(importId, { dryRun: false, now: NOW + 5 });
      const end = { documentImportId: importId, worker: 'a', nextRunTs: null };
      await store.sources.finish({ ...end, run: { ...RUN, status: 'FAILED', error: 'no' } });
      const failed = await store.sources.get(importId);
      assert.deepEqual([failed?.failures, failed?.lastRun?.error], [1, 'no']);
      assert.equal((await claim(NOW + 5))?.dryRun, false, 'what was asked for meanwhile is still to be done');
      assert.equal(await store.sources.countFailing(1), 1);
      assert.equal(await store.sources.countFailing(2), 0);
      assert.equal(await store.sources.request('404', { dryRun: false, now: NOW }), null);
    });

    withStore(
      'a run that is broken off is due again, and one whose source changes loses its lease',
      async ({ store }) => {
        const importId = await newImport(store);
        await store.sources.put(fresh(importId));
        const claim = () => store.sources.claim({ worker: 'a', now: NOW + 100, leaseUntil: NOW + 1_000 });
        assert.ok(await claim());
        await store.sources.finish({
          documentImportId: importId,
          worker: 'a',
          run: null,
          nextRunTs: NOW + 100,
        });
        assert.equal((await claim())?.source.lastRun, null);
        await store.sources.put(fresh(importId));
        assert.equal(
          await store.sources.renewLease({
            documentImportId: importId,
            worker: 'a',
            leaseUntil: NOW + 9_000,
          }),
          false,
        );
      },
    );

    withStore('a file is noted as taken with its execution, and by its name and version', async (context) => {
      const { store } = context;
      const importId = await newImport(store);
      await store.sources.put(fresh(importId));
      const version = { bytes: 5, etag: 'e1', modifiedTs: NOW };
      const seen = { name: 'a.csv', ...version };
      const rejected = {
        status: 'REFUSED',
        ...{ sha256: null, executionId: null, reason: 'bad', date: NOW, toPutAway: false },
      } as const;
      await store.sources.noteFile({ ...seen, ...rejected, documentImportId: importId });
      await store.sources.noteFile({ ...seen, ...rejected, reason: 'worse', documentImportId: importId });
      const listed = () => store.sources.listFiles({ documentImportId: importId, page: ALL });
      assert.deepEqual(
        (await listed()).elements.map(({ reason }) => reason),
        ['worse'],
        'the same version is one row',
      );

      const upload = {
        job: { type: 'DOCUMENT_IMPORT', documentImportId: importId },
        ...{ organisationId: '1', datamartId: '1', userId: null, creationDate: NOW + 1 },
        mimeType: 'TEXT_CSV',
        priority: 'MEDIUM',
        key: { value: 'k', parameters: '' },
        sourceFile: { ...seen, etag: 'e2', toPutAway: true },
      } as const;
      const document = (folder: string) => ({ folder, fileName: 'a.csv', bytes: 5, sha256: 'f'.repeat(64) });
      const made = await Promise.all(
        ['f1', 'f2'].map((folder) => store.executions.create({ ...upload, document: document(folder) })),
      );
      const [first, second] = made;
      assert.ok(first && first !== 'KEY_REUSED' && second && second !== 'KEY_REUSED');
      assert.equal(first.id, second.id);
      await context.reopen();
      const { sources } = context.store;
      const all = (await sources.listFiles({ documentImportId: importId, page: ALL })).elements;
      assert.deepEqual(
        all.map(({ status, executionId, sha256, toPutAway }) => [status, executionId, sha256, toPutAway]),
        [
          ['TAKEN', first.id, 'f'.repeat(64), true],
          ['REFUSED', null, null, false],
        ],
      );
      const taken = await sources.lastTaken(importId, 'a.csv');
      assert.equal(taken?.etag, 'e2');
      await sources.notePutAway(String(taken?.id));
      assert.equal((await sources.lastTaken(importId, 'a.csv'))?.toPutAway, false);
      await sources.noteFile({ ...seen, ...rejected, etag: 'e3', documentImportId: importId });
      const last = await sources.lastFiles(importId, ['a.csv', 'b.csv']);
      assert.deepEqual(
        [...last.entries()].map(([name, { etag }]) => [name, etag]),
        [['a.csv', 'e3']],
      );
      const refusedOnes = await sources.listFiles({
        documentImportId: importId,
        statuses: ['REFUSED'],
        page: ALL,
      });
      assert.equal(refusedOnes.total, 2);
      assert.equal((await sources.lastFiles('404', ['a.csv'])).size, 0);
    });
  });
}
