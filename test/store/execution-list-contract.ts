import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  EXECUTION_KINDS,
  EXECUTION_STATUSES,
  type Execution,
  type ImportOptions,
  type Job,
  PLAIN_IMPORT,
  START,
} from '../../src/model/execution.ts';
import type { ExecutionFilter } from '../../src/store/execution-records.ts';
import type { Store } from '../../src/store/store.ts';
import { shareOfRuns } from '../tiers.ts';
import { createExecution, createSegment, NOW, type OpenStore, openFor, remove, update } from './contract.ts';

const FILES = ['nightly.csv', 'Nightly 100%.ndjson', 'a_b.csv', 'axb.csv'] as const;
const HOUR_MS = 3_600_000;
/** How many are made beside one that changed something and its revert. */
const MADE = 42;
const OPTIONS: readonly (ImportOptions | undefined)[] = [
  undefined,
  { ...PLAIN_IMPORT, maxFailureRatio: 0.5 },
  { ...PLAIN_IMPORT, dryRun: true },
  { ...PLAIN_IMPORT, maxFailureRatio: 0, replace: { segmentIds: null, maxShrinkRatio: 0.5 } },
  {
    dryRun: true,
    maxFailureRatio: 0,
    replace: { segmentIds: ['1'], maxShrinkRatio: 1 },
    createMissingSegments: true,
  },
];

/** The contract of the list of executions and its filters as tests, for any driver. */
export function executionListContract(name: string, open: OpenStore): void {
  describe(`list of executions: ${name}`, () => {
    test('a list has the executions that pass all of its filters, newest first', async (t) => {
      const { store, all } = await openFilled(t, open);
      await fc.assert(
        fc.asyncProperty(filterOf(all), async (filter) => {
          const expected = all.filter((execution) => passes(execution, filter)).map(({ id }) => id);
          const page = { firstResult: 1, maxResults: 3 };
          const listed = await store.executions.list({ filter, page });
          assert.equal(listed.total, expected.length);
          assert.deepEqual(
            listed.elements.map(({ id }) => id),
            expected.slice(1, 4),
          );
        }),
        { numRuns: Math.ceil(300 * shareOfRuns()) },
      );
    });

    test('activity spreads the lines of a run over its time, and tells what segments gained and lost', async (t) => {
      const context = await openFor(t, open);
      const { store } = context;
      const [grown, shrunk] = [await createSegment(store), await createSegment(store)];
      const old = NOW - 5 * HOUR_MS;
      await context.run([update('a', shrunk.id), update('b', shrunk.id)], old);
      await context.run([remove('a', shrunk.id), update('a', grown.id)], NOW - 1000);
      const { id } = await createExecution(store, { creationDate: NOW - 3 * HOUR_MS });
      // NOW is the begin of an hour: half an hour, an hour, and half an hour
      const start = NOW - 2.5 * HOUR_MS;
      const most = { documents: 1, bytes: 0 };
      await store.executions.claim({ worker: 'w', now: start, leaseUntil: NOW, most });
      const checkpoint = { ...START, offset: 1, line: 1, successes: 400, failures: 40 };
      const end = { worker: 'w', status: 'SUCCEEDED', failure: null, checkpoint } as const;
      await store.executions.finish({ id, ...end, now: start + 2 * HOUR_MS });
      const from = NOW - 4 * HOUR_MS;
      const activity = await store.countActivity({ datamartId: '1', from, now: NOW });
      assert.deepEqual(activity.segments, [
        { segmentId: grown.id, entries: 1, exits: 0 },
        { segmentId: shrunk.id, entries: 0, exits: 1 },
      ]);
      assert.deepEqual(activity.executions, [{ status: 'SUCCEEDED', executions: 3, withFailedLines: 1 }]);
      assert.deepEqual(
        activity.hours.map((hour) => [hour.from - NOW, hour.to - NOW, hour.applied, hour.failed]),
        [
          [-4 * HOUR_MS, -3 * HOUR_MS, 0, 0],
          [-3 * HOUR_MS, -2 * HOUR_MS, 100, 10],
          [-2 * HOUR_MS, -HOUR_MS, 200, 20],
          // beside the two lines of the run a second ago
          [-HOUR_MS, 0, 102, 10],
        ],
      );
      const none = await store.countActivity({ datamartId: '404', from, now: NOW });
      assert.deepEqual([none.executions, none.segments], [[], []]);
      assert.ok(none.hours.every(({ applied, failed }) => applied + failed === 0));
    });
  });
}

/** A store with executions of every kind, in every status; the newest first. */
async function openFilled(
  t: TestContext,
  open: OpenStore,
): Promise<{ readonly store: Store; readonly all: readonly Execution[] }> {
  const context = await openFor(t, open);
  const { store } = context;
  const segment = await createSegment(store);
  await context.run([update('a', segment.id)]);
  const [ran] = await listAll(store);
  const author = { tokenId: '1', tokenName: 'a', requestId: null, at: NOW };
  const revert = await store.executions.revert(ran?.id ?? '', {
    ...{ folder: 'f-revert', userId: '1', now: NOW, author },
  });
  assert.ok(typeof revert === 'object' && revert !== null);
  await store.executions.cancel(revert.id, NOW);
  const jobs = await createJobs(store, segment.id);
  for (let at = 0; at < MADE; at++) {
    const options = OPTIONS[at % OPTIONS.length];
    const created = await store.executions.create({
      ...{ organisationId: '1', datamartId: '1', mimeType: 'TEXT_CSV', priority: 'MEDIUM' },
      job: jobs[at % jobs.length] ?? assert.fail(),
      userId: [null, '1', '12', '2'][at % 4] ?? null,
      creationDate: NOW + 1000 * at,
      document: { folder: `f-${at}`, fileName: FILES[at % FILES.length] ?? '', bytes: 1, sha256: 'x' },
      ...(options === undefined ? {} : { options }),
    });
    assert.ok(created !== null && created !== 'KEY_REUSED');
    if (at < MADE - 1) await end(store, { id: created.id, at });
  }
  const all = await listAll(store);
  assert.equal(all.length, MADE + 2);
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set(EXECUTION_STATUSES));
  return { store, all };
}

async function listAll(store: Store): Promise<readonly Execution[]> {
  const page = { firstResult: 0, maxResults: 100 };
  return (await store.executions.list({ filter: { datamartId: '1' }, page })).elements;
}

async function createJobs(store: Store, segmentId: string): Promise<readonly Job[]> {
  const imports: Job[] = [];
  for (const name of ['one', 'other']) {
    const { id } = await store.documentImports.create({
      ...{ datamartId: '1', mimeType: 'TEXT_CSV', encoding: 'utf-8' },
      ...{ name, priority: 'MEDIUM', creationTs: NOW },
    });
    imports.push({ type: 'DOCUMENT_IMPORT', documentImportId: id });
  }
  return [...imports, { type: 'USER_SEGMENT_IMPORT', segmentId }];
}

/**
 * Has the only execution that waits end, in one way or another; the last but one goes on running.
 */
async function end(store: Store, { id, at }: { readonly id: string; readonly at: number }): Promise<void> {
  if (at % 3 === 0) {
    await store.executions.cancel(id, NOW);
    return;
  }
  const most = { documents: 1, bytes: 0 };
  const claimed = await store.executions.claim({ worker: 'w', now: NOW, leaseUntil: NOW + 1000, most });
  assert.deepEqual(
    claimed.map((execution) => execution.id),
    [id],
  );
  if (at === MADE - 2) return;
  const checkpoint = { ...START, offset: 1, line: 1, failures: at % 2, successes: 1 - (at % 2) };
  const status = at % 4 === 1 ? 'FAILED' : 'SUCCEEDED';
  await store.executions.finish({ id, worker: 'w', status, failure: null, checkpoint, now: NOW });
}

/** Filters of which each has a few of the members that a filter can have. */
function filterOf(all: readonly Execution[]): fc.Arbitrary<ExecutionFilter> {
  const importIds = all.flatMap(({ job }) => (job.type === 'DOCUMENT_IMPORT' ? [job.documentImportId] : []));
  const instant = fc.constantFrom(...all.map(({ creationDate }) => creationDate), 0, NOW + 10_000_000);
  return fc.record(
    {
      datamartId: fc.constant('1'),
      documentImportId: fc.constantFrom(...new Set(importIds), '404'),
      segmentId: fc.constantFrom('1', '404'),
      statuses: fc.subarray([...EXECUTION_STATUSES]),
      kinds: fc.subarray([...EXECUTION_KINDS]),
      isDryRun: fc.boolean(),
      mode: fc.constantFrom('update', 'replace'),
      hasFailedLines: fc.boolean(),
      userId: fc.constantFrom('1', '12', '3'),
      fileName: fc.constantFrom('NIGHTLY', '%', '_', 'a_b.csv', '.csv', '\\', ''),
      createdFrom: instant,
      createdBefore: instant,
    },
    { requiredKeys: ['datamartId'] },
  );
}

/** What the contract says a filter is. */
function passes(execution: Execution, filter: ExecutionFilter): boolean {
  const { job, options, reverts, status, userId, document, creationDate, checkpoint } = execution;
  const kind = reverts === null ? job.type : 'REVERT';
  const mode = options.replace === null ? 'update' : 'replace';
  const ownId = job.type === 'DOCUMENT_IMPORT' ? job.documentImportId : job.segmentId;
  const isOf = (type: Job['type'], id: string | undefined) =>
    id === undefined || (job.type === type && ownId === id);
  return (
    isOf('DOCUMENT_IMPORT', filter.documentImportId) &&
    isOf('USER_SEGMENT_IMPORT', filter.segmentId) &&
    (filter.statuses === undefined || filter.statuses.includes(status)) &&
    (filter.kinds === undefined || filter.kinds.includes(kind)) &&
    (filter.isDryRun === undefined || filter.isDryRun === options.dryRun) &&
    (filter.mode === undefined || (reverts === null && filter.mode === mode)) &&
    (filter.hasFailedLines === undefined || filter.hasFailedLines === checkpoint.failures > 0) &&
    (filter.userId === undefined || filter.userId === userId) &&
    document.fileName.toLowerCase().includes((filter.fileName ?? '').toLowerCase()) &&
    creationDate >= (filter.createdFrom ?? 0) &&
    creationDate < (filter.createdBefore ?? Number.POSITIVE_INFINITY)
  );
}
