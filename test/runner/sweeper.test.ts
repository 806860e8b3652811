import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { pino } from 'pino';
import { openIntake } from '../../src/content/intake.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { RunningJob } from '../../src/runner/job.ts';
import { sweepJob } from '../../src/runner/sweeper.ts';
import { openStore } from '../../src/store/open-store.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();

/**
 * A store and a documents folder with one ended execution and one upload that was never
 * acknowledged.
 */
async function open(t: TestContext) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'muster-sweeper-'));
  const store = await openStore({
    url: null,
    data: dir,
    connections: 0,
    memoryBytes: 256 * 1024 * 1024,
    threads: 1,
    now: NOW,
  });
  t.after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  const documents = await openDocumentsFolder(path.join(dir, 'documents'), {
    maxUploadBytes: 1000,
    uploadIdleMs: 1000,
    minFreeBytes: 0,
    openIntake,
  });
  const receive = () =>
    documents.receive({
      stream: Readable.from([Buffer.from('{}\n')]),
      mimeType: 'APPLICATION_X_NDJSON',
      contentEncoding: null,
      profile: 'COMMANDS',
    });
  const { id: documentImportId } = await store.documentImports.create({
    ...{ datamartId: '1', mimeType: 'APPLICATION_X_NDJSON', encoding: 'utf-8' },
    ...{ name: 'import', priority: 'MEDIUM', creationTs: NOW },
  });
  const execution = await store.executions.create({
    ...{ organisationId: '1', datamartId: '1', job: { type: 'DOCUMENT_IMPORT', documentImportId } },
    ...{ mimeType: 'APPLICATION_X_NDJSON', priority: 'MEDIUM', userId: null, creationDate: NOW },
    document: { ...(await receive()), fileName: 'a.ndjson' },
  });
  assert.ok(execution !== null && execution !== 'KEY_REUSED');
  await store.executions.cancel(execution.id, NOW);
  const orphan = (await receive()).folder;

  /** Sweeps once at an instant; tells which folders are left. */
  const sweepAt = async (now: number, retentionDays: number) => {
    const logger = pino({ level: 'silent' });
    const job = sweepJob({
      store,
      documents,
      logger,
      clock: () => now,
      intervalMs: DAY_MS,
      retentionDays,
      auditRetentionDays: 1,
      historyDays: 1,
    });
    const running = new RunningJob(job);
    await running.begun;
    await running.close();
    const folders: string[] = [];
    for await (const { folder } of documents.listFolders()) folders.push(folder);
    return folders.sort();
  };
  /** As if they had been received some days ago: folders are stamped by the file system. */
  const age = async () => {
    const before = new Date(Date.now() - 2 * DAY_MS);
    for (const folder of [orphan, execution.document.folder])
      await utimes(path.join(dir, 'documents', 'kept', folder), before, before);
  };
  return { store, execution, orphan, sweepAt, age };
}

test('files are removed when their retention has passed, and that is noted', async (t) => {
  const { store, execution, orphan, sweepAt, age } = await open(t);
  const { folder } = execution.document;
  assert.deepEqual(await sweepAt(NOW + DAY_MS / 2, 1), [folder, orphan].sort());
  assert.equal((await store.executions.get(execution.id))?.filesRemovedDate, null);
  const later = NOW + 31 * DAY_MS;
  await age();
  assert.deepEqual(await sweepAt(later, 30), []);
  assert.equal((await store.executions.get(execution.id))?.filesRemovedDate, later);
});

test('without a retention files are kept, but for those of uploads that were never acknowledged', async (t) => {
  const { execution, orphan, sweepAt, age } = await open(t);
  const all = [execution.document.folder, orphan].sort();
  assert.deepEqual(
    await sweepAt(NOW + 1000 * DAY_MS, 0),
    all,
    'the clock alone is ahead: they may be coming in now',
  );
  await age();
  assert.deepEqual(await sweepAt(NOW + 1000 * DAY_MS, 0), [execution.document.folder]);
});
