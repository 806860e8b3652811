import assert from 'node:assert/strict';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { pino } from 'pino';
import { openIntake } from '../../src/content/intake.ts';
import { openDocumentsFolder } from '../../src/documents/folder.ts';
import { createProgressBoard } from '../../src/progress-board.ts';
import { MOST_RETRIES } from '../../src/runner/retry.ts';
import { runExecution } from '../../src/runner/run-execution.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { postgresServer, storeOf } from '../postgres.ts';
import { createSegment, NOW } from '../store/contract.ts';

after(async () => (await postgresServer()).stop());

const MIB = 1024 * 1024;
const WORKER = 'worker';
/** KiB. */
const [TOO_LITTLE, ENOUGH] = [32, 128 * 1024];

/**
 * An execution of one line that is claimed and can be run. `onRetry` is told of each fault that is
 * tried again.
 */
async function setUp(t: TestContext, onRetry: (reasons: readonly string[]) => void) {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const url = await storeOf(folder, NOW);
  const scratchDir = path.join(folder, 'scratch');
  const store = await openPostgresStore({
    ...{ url, scratchDir, now: NOW, patienceMs: 1 },
    ...{ memoryBytes: 128 * MIB, threads: 2, connections: 5 },
  });
  t.after(() => store.close());
  const documents = await openDocumentsFolder(path.join(folder, 'documents'), {
    ...{ maxUploadBytes: MIB, uploadIdleMs: 1_000, minFreeBytes: 0, openIntake },
  });
  const segment = await createSegment(store);
  const { id: documentImportId } = await store.documentImports.create({
    ...{ datamartId: '1', mimeType: 'APPLICATION_X_NDJSON', encoding: 'utf-8' },
    ...{ name: 'import', priority: 'MEDIUM', creationTs: NOW },
  });
  const line = `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segment.id}","expiration_duration":0}\n`;
  const document = await documents.receive({
    ...{ stream: Readable.from([Buffer.from(line)]), contentEncoding: null },
    ...{ mimeType: 'APPLICATION_X_NDJSON', profile: 'COMMANDS' },
  });
  await store.executions.create({
    ...{ organisationId: '1', datamartId: '1', job: { type: 'DOCUMENT_IMPORT', documentImportId } },
    ...{ mimeType: 'APPLICATION_X_NDJSON', priority: 'MEDIUM', userId: null, creationDate: NOW },
    document: { ...document, fileName: 'a.ndjson' },
  });
  const [claimed] = await store.executions.claim({
    ...{ worker: WORKER, now: NOW, leaseUntil: NOW + 600_000, most: { documents: 1, bytes: 0 } },
  });
  assert.ok(claimed);

  const reasons: string[] = [];
  const write = (text: string) => {
    const { msg, reason } = JSON.parse(text) as { msg: string; reason: string };
    if (msg !== 'execution met a fault and is tried again') return;
    reasons.push(reason);
    onRetry(reasons);
  };
  const staging = await store.staging.connect();
  t.after(() => staging.closeSync());
  return {
    reasons,
    /** What DuckDB may take to stage a file: with too little of it the file may be at fault. */
    setMemory: (kib: number) => staging.run(`set memory_limit = '${kib}KiB'`),
    /** Whether the database lets anybody in; who is in is put out. */
    allowConnections: (isAllowed: boolean) => allowConnections(url, isAllowed),
    run: async () => {
      const context = {
        ...{ store, documents, worker: WORKER, clock: () => NOW, logger: pino({ level: 'warn' }, { write }) },
        limits: { bytes: MIB, rows: 1_000, errorFile: { lines: 10, bytes: MIB } },
        ...{ turnMs: 60_000, retryMs: 5, maxFaultWaitMs: 0, pace: { beforeChunk: async () => {} } },
        ...{ progress: createProgressBoard(() => undefined), closing: new AbortController().signal },
      };
      await runExecution(claimed, context, new AbortController());
      return (await store.executions.get(claimed.id)) ?? assert.fail();
    },
  };
}

async function allowConnections(url: string, isAllowed: boolean): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const client = new Client({ connectionString: (await postgresServer()).url('postgres') });
  await client.connect();
  await client.query(`alter database ${name} allow_connections ${isAllowed}`);
  if (!isAllowed)
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  await client.end();
}

test('faults of a PostgreSQL that lets nobody in are waited out, and leave a file all its tries', async (t) => {
  const database = MOST_RETRIES + 2;
  const set = await setUp(t, async (reasons) => {
    if (reasons.length === database) {
      await set.setMemory(TOO_LITTLE);
      await set.allowConnections(true);
    }
    if (reasons.filter((reason) => reason === 'NO_MEMORY').length === MOST_RETRIES)
      await set.setMemory(ENOUGH);
  });
  await set.allowConnections(false);
  const { status, failure, checkpoint } = await set.run();
  assert.deepEqual([status, failure, checkpoint.successes], ['SUCCEEDED', null, 1]);
  const ofDatabase = set.reasons.lastIndexOf('NO_STORE') + 1;
  assert.ok(ofDatabase >= database);
  assert.deepEqual(set.reasons.slice(ofDatabase), Array(MOST_RETRIES).fill('NO_MEMORY'));
});

test('a fault that may be the fault of a file is tried four times more', async (t) => {
  const set = await setUp(t, () => undefined);
  await set.setMemory(TOO_LITTLE);
  const { status, failure } = await set.run();
  await set.setMemory(ENOUGH);
  assert.equal(status, 'FAILED');
  assert.match(failure ?? '', /failed to allocate data.*; nothing of the file was applied$/s);
  assert.deepEqual(set.reasons, Array(4).fill('NO_MEMORY'));
});
