/**
 * Where the CPU of an import goes: `node --import tsx bench/profile.ts`. The steps of a chunk are
 * done one after the other here, not side by side, so that each one's time is its own. A million
 * lines into an empty store, then the same again.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DuckDBAppender, DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { errorFilePositionOf } from '../src/import/error-file.ts';
import { ndjsonFormat } from '../src/import/ndjson.ts';
import { readPartHere } from '../src/import/stage/read-part.ts';
import { stageChunk } from '../src/import/stage/stage-chunk.ts';
import { dropStagingTable } from '../src/import/stage/staging-table.ts';
import type { Checkpoint, Execution } from '../src/model/execution.ts';
import { openDuckDbStore } from '../src/store/duckdb/open-duckdb-store.ts';
import { RunDraft } from '../src/store/serving/run-draft.ts';
import type { Store } from '../src/store/store.ts';
import { type CommandFile, withFile } from './files.ts';
import type { Workload } from './workload.ts';
import { MILLION, REPEATED_PER_MILLE } from './workloads.ts';

const WORKER = 'profile';
const LIMITS = { bytes: 64 * 1024 * 1024, rows: 500_000 };
const NEVER = 9e15;

/** Seconds of CPU by step. */
const steps = new Map<string, number>();

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function note(step: string, seconds: number): void {
  steps.set(step, (steps.get(step) ?? 0) + seconds);
}

/** What a statement is for, by the table it makes or changes. */
function stepOf(statement: string): string {
  if (/temp table chunk_new_user/.test(statement)) return 'find new users';
  if (/temp table chunk_effect/.test(statement)) return 'fold commands, find memberships';
  if (/insert into user_identifier/.test(statement)) return 'insert identifiers';
  if (/delete from membership/.test(statement)) return 'delete memberships';
  if (/insert into membership_change/.test(statement)) return 'insert changes';
  if (/insert into membership/.test(statement)) return 'insert memberships';
  if (/^select\s+point_hi/.test(statement)) return 'rows of the serving run';
  if (/temp table chunk_put/.test(statement)) return 'put rows';
  if (/^commit/.test(statement)) return 'commit';
  return 'other statements';
}

/** Makes the driver note what each statement and each flush takes. */
function watchDriver(): void {
  const connection = DuckDBConnection.prototype;
  const run = connection.run;
  connection.run = async function (statement, ...rest) {
    const before = cpuSeconds();
    const result = await run.call(this, statement, ...rest);
    note(stepOf(statement), cpuSeconds() - before);
    return result;
  };
  const fetch = DuckDBResult.prototype.fetchChunk;
  const stream = connection.stream;
  for (const [owner, method, of] of [
    [connection, 'stream', stream],
    [DuckDBResult.prototype, 'fetchChunk', fetch],
  ] as const)
    Object.assign(owner, {
      async [method](this: unknown, ...rest: unknown[]) {
        const before = cpuSeconds();
        const result = await (of as (...of: unknown[]) => Promise<unknown>).apply(this, rest);
        note('rows of the serving run', cpuSeconds() - before);
        return result;
      },
    });
  const draft = RunDraft.prototype;
  const { addRows, finish } = draft;
  draft.addRows = async function (rows) {
    const before = cpuSeconds();
    await addRows.call(this, rows);
    note('write the serving run', cpuSeconds() - before);
  };
  draft.finish = async function () {
    const before = cpuSeconds();
    const made = await finish.call(this);
    note('write the serving run', cpuSeconds() - before);
    return made;
  };
  const appender = DuckDBAppender.prototype;
  for (const method of ['appendDataChunk', 'flushSync'] as const) {
    const original = appender[method] as (...args: unknown[]) => void;
    appender[method] = function (this: DuckDBAppender, ...args: unknown[]) {
      const before = cpuSeconds();
      original.apply(this, args);
      note('cross into DuckDB', cpuSeconds() - before);
    };
  }
}

async function nextExecution(store: Store): Promise<Execution> {
  const created = await store.executions.create({
    organisationId: '1',
    datamartId: '1',
    job: { type: 'DOCUMENT_IMPORT', documentImportId: '1' },
    mimeType: 'APPLICATION_X_NDJSON',
    priority: 'MEDIUM',
    userId: null,
    creationDate: Date.now(),
    document: { folder: `${Date.now()}`, fileName: 'profile.ndjson', bytes: 0, sha256: '' },
  });
  if (!created) throw new Error('there is no document import 1');
  const [claimed] = await store.executions.claim({
    worker: WORKER,
    now: Date.now(),
    leaseUntil: NEVER,
    most: { documents: 1, bytes: 0 },
  });
  if (!claimed) throw new Error('the execution cannot run');
  return claimed;
}

async function importFile(store: Store, file: CommandFile): Promise<void> {
  const execution = await nextExecution(store);
  const startDate = execution.startDate ?? 0;
  const handle = await open(file.path, 'r');
  const read = async (position: number, length: number) => {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  };
  let checkpoint: Checkpoint = execution.checkpoint;
  for (let isLast = false; !isLast; ) {
    const catalogue = await store.datamarts.catalogue('1');
    if (!catalogue) throw new Error('there is no datamart 1');
    const before = cpuSeconds();
    const noted = () => [...steps.values()].reduce((sum, seconds) => sum + seconds, 0);
    const notedBefore = noted();
    const chunk = await stageChunk({
      source: { file: { read }, bytes: file.bytes, format: ndjsonFormat, job: execution.job },
      from: checkpoint,
      errorsFrom: errorFilePositionOf(checkpoint),
      limits: LIMITS,
      context: { catalogue, startDate },
      staging: store.staging,
      keepsNamed: false,
      // in a thread it would be done beside the rest
      read: readPartHere,
    });
    note('read the file, find commands', cpuSeconds() - before - (noted() - notedBefore));
    const { offset, line } = chunk.to;
    const outcome = await store.mergeChunk({
      table: chunk.table,
      execution: { id: execution.id, datamartId: '1', startDate },
      worker: WORKER,
      catalogueVersion: chunk.catalogueVersion,
      from: checkpoint,
      to: { ...checkpoint, offset, line, pairs: checkpoint.pairs + chunk.pairs },
    });
    if (outcome.type !== 'MERGED') throw new Error(outcome.type);
    if (chunk.table !== null) await dropStagingTable(store.staging, chunk.table);
    checkpoint = outcome.checkpoint;
    isLast = chunk.isLast;
  }
  await handle.close();
  await store.executions.finish({
    id: execution.id,
    worker: WORKER,
    status: 'SUCCEEDED',
    failure: null,
    now: Date.now(),
  });
}

function print(title: string): void {
  console.log(`\n${title}: seconds of CPU\n`);
  for (const [step, seconds] of [...steps].sort(([, a], [, b]) => b - a)) {
    if (seconds >= 0.005) console.log(`  ${step.padEnd(36)} ${seconds.toFixed(2)}`);
  }
  const sum = [...steps.values()].reduce((all, seconds) => all + seconds, 0);
  console.log(`  ${'together'.padEnd(36)} ${sum.toFixed(2)}`);
  steps.clear();
}

const scratch = await mkdtemp(path.join(os.tmpdir(), 'muster-profile-'));
const store = await openDuckDbStore({
  dir: path.join(scratch, 'store'),
  memoryBytes: 768 * 1024 * 1024,
  threads: os.availableParallelism(),
  now: Date.now(),
});
try {
  const segmentIds: string[] = [];
  for (let i = 0; i < 10; i++) {
    const created = await store.segments.create({
      organisationId: '1',
      datamartId: '1',
      type: 'USER_LIST',
      feedType: 'FILE_IMPORT',
      subtype: 'STANDARD',
      name: `segment ${i}`,
      shortDescription: null,
      technicalName: null,
      defaultTtlMs: null,
      persisted: true,
      paused: false,
      now: Date.now(),
    });
    if (typeof created === 'string') throw new Error(created);
    segmentIds.push(created.id);
  }
  await store.documentImports.create({
    datamartId: '1',
    mimeType: 'APPLICATION_X_NDJSON',
    encoding: 'utf-8',
    name: 'import',
    priority: 'MEDIUM',
    creationTs: Date.now(),
  });
  watchDriver();
  const workload: Workload = {
    format: 'NDJSON',
    lines: MILLION,
    users: 10 * MILLION,
    segmentIds,
    badPerMille: 0,
    repeatedPerMille: REPEATED_PER_MILLE,
    seed: 1,
  };
  await withFile(scratch, workload, async (file) => {
    for (const title of ['1 M lines, empty store', 'the same file again', 'and again']) {
      steps.clear();
      await importFile(store, file);
      print(title);
    }
  });
} finally {
  await store.close();
  await rm(scratch, { recursive: true });
}
