import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { wholeFile } from '../../src/documents/documents.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { type ImportJob, importDocument } from '../../src/import/import-document.ts';
import { type Checkpoint, type Execution, errorPartsOf } from '../../src/model/execution.ts';
import { openStore } from '../../src/store/open-store.ts';
import { textOf } from '../documents/contract.ts';
import { LIMITS, receive } from '../documents/receive.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { readErrorFile } from '../properties/error-file.ts';

const NOW = Date.now();
const LINES = 500;

/** A store and documents with one file, each line of which is bad. */
async function setUp(t: TestContext) {
  const dir = await makeFolder();
  const of = { memoryBytes: 256 * 1024 * 1024, threads: 1, now: NOW };
  const store = await openStore({ url: null, data: dir, connections: 0, ...of });
  const documents = await openDocumentsFolder(path.join(dir, 'documents'), LIMITS);
  t.after(async () => {
    await store.close();
    await discardFolder(t, dir);
  });
  const import_ = await store.documentImports.create({
    ...{ datamartId: '1', documentType: 'USER_SEGMENT', mimeType: 'APPLICATION_X_NDJSON', encoding: 'utf-8' },
    ...{ name: 'import', priority: 'MEDIUM', creationTs: NOW },
  });
  const content = Array.from({ length: LINES }, (_, i) => `{"operation":"KEEP","email_hash":"${i}"}\n`).join(
    '',
  );
  await store.executions.create({
    ...{
      organisationId: '1',
      datamartId: '1',
      job: { type: 'DOCUMENT_IMPORT', documentImportId: import_.id },
    },
    ...{ mimeType: 'APPLICATION_X_NDJSON', priority: 'MEDIUM', userId: null, creationDate: NOW },
    document: { ...(await receive(documents, Readable.from([Buffer.from(content)]))), fileName: 'a.ndjson' },
  });

  /** Takes the execution as a worker whose lease ends at an instant. */
  const claim = async (worker: string, now: number, leaseUntil: number): Promise<Execution> => {
    const [claimed] = await store.executions.claim({
      worker,
      now,
      leaseUntil,
      most: { documents: 1, bytes: 0 },
    });
    assert.ok(claimed !== undefined);
    return claimed;
  };
  const jobOf = (execution: Execution, worker: string, more: Partial<ImportJob> = {}): ImportJob => ({
    execution,
    openInput: () => documents.open(execution.document.folder, wholeFile('input')),
    addErrors: (part) => documents.addErrors(execution.document.folder, part),
    worker,
    limits: { bytes: 4096, rows: 100 },
    signal: new AbortController().signal,
    onCheckpoint: () => {},
    ...more,
  });
  return { dir, store, documents, claim, jobOf };
}

test('a worker that wakes up after another one took over adds nothing to the error file', async (t) => {
  const { dir, store, documents, claim, jobOf } = await setUp(t);
  const first = await claim('first', NOW, NOW + 1_000);
  const { folder } = first.document;
  // it stands still before it writes its third part, for longer than its lease
  let parts = 0;
  let wake: () => void = () => {};
  let stands: () => void = () => {};
  const asleep = new Promise<void>((resolve) => {
    stands = resolve;
  });
  const awake = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const addErrors = async (part: Buffer) => {
    parts += 1;
    if (parts === 3) {
      stands();
      await awake;
    }
    return documents.addErrors(folder, part);
  };
  const sleeping = importDocument(jobOf(first, 'first', { addErrors }), store);
  await asleep;
  const second = await claim('second', NOW + 2_000, NOW + 60_000);
  assert.equal(second.id, first.id);
  assert.ok(second.checkpoint.offset > 0);
  let half: Checkpoint | null = null;
  const taken = jobOf(second, 'second', {
    onCheckpoint: (checkpoint) => {
      half ??= checkpoint;
      wake();
    },
  });
  assert.equal(await importDocument(taken, store), 'DONE');
  assert.ok(half !== null);
  assert.equal(await sleeping, 'LEASE_LOST');

  const { checkpoint } = (await store.executions.get(first.id)) as Execution;
  const text = await textOf(documents, folder, errorPartsOf(checkpoint));
  assert.equal(text?.length, checkpoint.errorFileBytes);
  assert.deepEqual(
    readErrorFile('NDJSON', text ?? '').map(({ line }) => line),
    Array.from({ length: LINES }, (_, i) => i + 1),
  );
  const names = async () => (await readdir(path.join(dir, 'documents', 'kept', folder))).sort();
  const counting = errorPartsOf(checkpoint).map(({ name }) => name);
  assert.equal((await names()).length, counting.length + 2, 'its part lies beside those that count');
  await documents.removeOtherErrors(folder, errorPartsOf(checkpoint));
  assert.deepEqual(await names(), [...counting, 'input'].sort());
});

test('an error file of before it had parts is gone on with, and read as far as it counts', async (t) => {
  const { store, documents, claim, jobOf } = await setUp(t);
  const execution = await claim('first', NOW, NOW + 60_000);
  const stop = new AbortController();
  const job = jobOf(execution, 'first', { signal: stop.signal, onCheckpoint: () => stop.abort() });
  assert.equal(await importDocument(job, store), 'STOPPED');
  const before = (await store.executions.get(execution.id)) as Execution;
  const { folder } = before.document;
  // as it was: one file, with the lines of a chunk behind it that was not merged when the process ended
  const text = await textOf(documents, folder, errorPartsOf(before.checkpoint));
  const { errorParts: _, ...checkpoint } = before.checkpoint;
  const old = Buffer.from(`${text}{"error_line":4711}\n`);
  const asErrors = (content: Buffer) => documents.replace(folder, 'errors', Readable.from([content]));
  assert.equal(await asErrors(old), false);
  const name = await documents.addErrors(folder, old);
  const parts = [{ name, bytes: checkpoint.errorFileBytes }];
  const gone = jobOf({ ...before, checkpoint: { ...checkpoint, errorParts: parts } }, 'first');
  assert.equal(await importDocument(gone, store), 'DONE');
  const { checkpoint: ended } = (await store.executions.get(execution.id)) as Execution;
  assert.deepEqual(ended.errorParts?.[0], parts[0]);
  const lines = readErrorFile('NDJSON', (await textOf(documents, folder, errorPartsOf(ended))) ?? '');
  assert.deepEqual(
    lines.map(({ line }) => line),
    Array.from({ length: LINES }, (_, i) => i + 1),
  );
  assert.deepEqual(errorPartsOf({ errorFileBytes: 7 }), [{ name: 'errors', bytes: 7 }]);
  assert.deepEqual(errorPartsOf({ errorFileBytes: 0 }), []);
});
