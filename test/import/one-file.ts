import assert from 'node:assert/strict';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { wholeFile } from '../../src/documents/documents.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import type { ImportJob } from '../../src/import/import-document.ts';
import type { Execution } from '../../src/model/execution.ts';
import { openStore } from '../../src/store/open-store.ts';
import { LIMITS, receive } from '../documents/receive.ts';
import { discardFolder, makeFolder } from '../folder.ts';

export const NOW = Date.now();
export const LINES = 500;

/** Lines each of which is bad. */
const BAD_LINES = Array.from({ length: LINES }, (_, i) => `{"operation":"KEEP","email_hash":"${i}"}\n`);

/** A store and documents with one file, by default with lines each of which is bad. */
export async function setUp(t: TestContext, content = BAD_LINES.join('')) {
  const dir = await makeFolder();
  const of = { memoryBytes: 256 * 1024 * 1024, threads: 1, now: NOW };
  const store = await openStore({ url: null, data: dir, connections: 0, ...of });
  const documents = await openDocumentsFolder(path.join(dir, 'documents'), LIMITS);
  t.after(async () => {
    await store.close();
    await discardFolder(t, dir);
  });
  const import_ = await store.documentImports.create({
    ...{ datamartId: '1', mimeType: 'APPLICATION_X_NDJSON', encoding: 'utf-8' },
    ...{ name: 'import', priority: 'MEDIUM', creationTs: NOW },
  });
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
