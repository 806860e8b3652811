import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import { type Checkpoint, type Execution, START } from '../../src/model/execution.ts';
import { type Identifier, NO_COMPARTMENT, type UserSelector } from '../../src/model/identifier.ts';
import { userKey } from '../../src/model/user-key.ts';
import { membershipsOfMany } from '../../src/store/duckdb/look-up-many.ts';
import { type DuckDbStoreOptions, openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import type { ServingLog } from '../../src/store/duckdb/serving.ts';
import { GROUP_LINES, type MergeOutcome, type StagedChunk } from '../../src/store/merges.ts';
import type { ServingLimits } from '../../src/store/serving/serving-limits.ts';
import { openConnection } from '../../src/store/staging/duckdb-connection.ts';
import type { Store } from '../../src/store/store.ts';
import { createExecution, NOW, type Pair } from './contract.ts';

/**
 * So little that a few users already need files, several runs, parts of a base, and merges of all
 * kinds.
 */
export const TINY: ServingLimits = {
  inlineBytes: 300,
  mostRuns: { BUSY: 5, IDLE: 3 },
  fewestMerged: 2,
  alwaysSmallBytes: 4_000,
  rowsPerRange: 12,
  usersAtOpen: 8,
  erasedAfterMs: 20,
  quietMs: 15,
  retryMs: 20,
};

/** An embedded store over a folder; `errors` are those that it has logged. */
export async function openServed(
  dir: string,
  { limits = {}, ...more }: Partial<DuckDbStoreOptions> & { readonly limits?: Partial<ServingLimits> } = {},
): Promise<{ store: Store; errors: string[] }> {
  const errors: string[] = [];
  const log: ServingLog = {
    info: () => undefined,
    warn: () => undefined,
    error: (of: unknown, text?: string) => void errors.push(`${text}: ${messageOf(of)}`),
  };
  const store = await openDuckDbStore({
    ...{ dir, memoryBytes: 256 * 1024 * 1024, threads: 2, now: NOW, log, clock: () => NOW },
    ...{ rowsAtATime: { reverted: 4, replaced: 5 }, servingLimits: limits },
    ...more,
  });
  return { store, errors };
}

function messageOf(of: unknown): string {
  const { reason, err } = of as { readonly reason?: string; readonly err?: Error };
  return reason ?? String(err?.message);
}

export const email = (value: string): Identifier => ({
  kind: 'USER_EMAIL',
  compartmentId: NO_COMPARTMENT,
  value,
});
export const byIdentifier = (identifier: Identifier): UserSelector => ({ by: 'identifier', identifier });
export const byPoint = (identifier: Identifier, datamartId = '1'): UserSelector => ({
  by: 'user_point_id',
  userPointId: userKey(datamartId, identifier),
});

export async function createDatamart(store: Store): Promise<string> {
  const created = await store.datamarts.create({
    ...{ organisationId: '1', name: 'other', token: 'other', timeZone: 'UTC' },
    ...{ compartmentId: null, now: NOW },
  });
  assert.ok(created !== null && created !== 'TOKEN_TAKEN');
  return created.id;
}

type When = { readonly now: number; readonly datamartId?: string };

/** Executes a file of one chunk; resolves to the execution, which has ended. */
export async function merge(store: Store, pairs: readonly Pair[], of: When): Promise<Execution> {
  const chunk = await claimAndStage(store, pairs, of);
  assertMerged(await store.mergeChunk(chunk.staged));
  return end(store, chunk.execution, of.now);
}

/** Executes a file of one chunk that replaces what a segment holds. */
export async function replace(
  store: Store,
  pairs: readonly Pair[],
  of: When & { readonly segmentIds: readonly string[] | null },
): Promise<Execution> {
  const chunk = await claimAndStage(store, pairs, of);
  const replacement = await store.openReplacement();
  assertMerged(await replacement.mergeChunk(chunk.staged));
  const applied = await replacement.apply({
    ...{ purpose: 'APPLY', segmentIds: of.segmentIds, judge: () => null },
  });
  await replacement.close();
  assert.equal(applied.type, 'MERGED');
  return end(store, chunk.execution, of.now);
}

/** Executes some files as one group. */
export async function mergeGroup(
  store: Store,
  documents: readonly (readonly Pair[])[],
  { now, datamartId = '1' }: When,
): Promise<readonly Execution[]> {
  for (const _ of documents) await createExecution(store, { datamartId, creationDate: now });
  const most = { documents: 100, bytes: 1_000_000 };
  const claimed = await store.executions.claim({ worker: 'w', now, leaseUntil: now + 1000, most });
  assert.equal(claimed.length, documents.length);
  const table = await openStagingTable(store.staging, datamartId);
  for (const [position, pairs] of documents.entries())
    for (const [i, pair] of pairs.entries()) table.append(position * GROUP_LINES + i + 1, commandOf(pair));
  const outcome = await store.mergeGroup({
    ...{ table: await table.finish(), datamartId, startDate: claimed[0]?.startDate ?? now, worker: 'w' },
    catalogueVersion: await catalogueVersion(store, datamartId),
    documents: documents.map((pairs, i) => ({ executionId: claimed[i]?.id ?? '', to: checkpointOf(pairs) })),
    ending: () => ({ status: 'SUCCEEDED', failure: null, now }),
  });
  assert.equal(outcome.type, 'MERGED');
  return claimed;
}

/** Takes back what an execution has done, in as many parts as that has. */
export async function revert(
  store: Store,
  { id }: Execution,
  { now, datamartId = '1' }: When,
): Promise<void> {
  const made = await store.executions.revert(id, {
    ...{ folder: `reverted-${id}-${now}-${Math.random()}`, userId: null, now },
    author: { tokenId: '1', tokenName: 'n', requestId: null, at: now },
  });
  // it has changed nothing, or was reverted before
  if (typeof made === 'string' || made === null) return;
  const claimed = await claim(store, now);
  let from = made.checkpoint;
  while (from.offset < made.document.bytes) {
    const outcome = await store.revertPart({
      execution: { id: made.id, datamartId, startDate: claimed.startDate ?? now },
      ...{ worker: 'w', reverted: id, changes: made.document.bytes, from },
    });
    from = assertMerged(outcome);
  }
  await end(store, claimed, now);
}

async function claim(store: Store, now: number): Promise<Execution> {
  const most = { documents: 1, bytes: 0 };
  const [claimed] = await store.executions.claim({ worker: 'w', now, leaseUntil: now + 1000, most });
  return claimed ?? assert.fail('nothing to claim');
}

async function end(store: Store, execution: Execution, now: number): Promise<Execution> {
  const ending = { worker: 'w', status: 'SUCCEEDED', failure: null, now } as const;
  assert.equal(await store.executions.finish({ id: execution.id, ...ending }), true);
  return execution;
}

/** A chunk that is to be merged, of an execution that was claimed. */
export async function claimAndStage(
  store: Store,
  pairs: readonly Pair[],
  { now, datamartId = '1' }: When,
): Promise<{ execution: Execution; staged: StagedChunk }> {
  await createExecution(store, { datamartId, creationDate: now });
  const execution = await claim(store, now);
  const table = await openStagingTable(store.staging, datamartId);
  for (const [i, pair] of pairs.entries()) table.append(i + 1, commandOf(pair));
  return {
    execution,
    staged: {
      table: await table.finish(),
      execution: { id: execution.id, datamartId, startDate: execution.startDate ?? now },
      worker: 'w',
      catalogueVersion: await catalogueVersion(store, datamartId),
      from: START,
      to: checkpointOf(pairs),
    },
  };
}

function commandOf({ identifier, operation, dataBag, segmentId, expiresAt }: Pair) {
  return { identifier, operation, dataBag, targets: [{ segmentId, expiresAt }] };
}

function checkpointOf({ length }: readonly Pair[]): Checkpoint {
  return { ...START, offset: 10, line: length, successes: length, pairs: length };
}

async function catalogueVersion(store: Store, datamartId: string): Promise<number> {
  return (await store.datamarts.catalogue(datamartId))?.version ?? -1;
}

function assertMerged(outcome: MergeOutcome): Checkpoint {
  return outcome.type === 'MERGED' ? outcome.checkpoint : assert.fail(outcome.type);
}

/** Who is asked for, and when. */
export type Question = {
  readonly users: readonly UserSelector[];
  readonly segmentIds: readonly string[];
  readonly datamartIds: readonly string[];
  readonly instants: readonly number[];
};

/**
 * Compares what the store answers with what its tables say, user by user and all at once, with and
 * without a filter.
 */
export async function compareAnswers(store: Store, question: Question): Promise<void> {
  const { users, segmentIds, datamartIds, instants } = question;
  const known = await Promise.all(segmentIds.map((id) => store.segments.get(id)));
  const segments = new Map(known.flatMap((segment) => (segment ? [[segment.id, segment] as const] : [])));
  const { sql, close } = await openConnection(store.staging, 'muster');
  try {
    for (const datamartId of datamartIds)
      for (const now of instants)
        for (const filter of [{}, { segmentIds: segmentIds.filter((_, i) => i % 2 === 0) }]) {
          const asked = { datamartId, users, ...filter, now };
          const stored = await membershipsOfMany(sql, { ...asked, most: 100_000, segments });
          assert.ok(stored !== 'TOO_MANY');
          const alone = await Promise.all(
            users.map((user) => store.listMemberships({ ...asked, user, page: ALL })),
          );
          assert.deepEqual(
            alone.map((listed) => listed?.elements ?? null),
            stored,
            `one by one at ${now} in datamart ${datamartId}`,
          );
          const together = await store.listMembershipsOfMany({ ...asked, most: 100_000 });
          assert.deepEqual(together, stored, `together at ${now} in datamart ${datamartId}`);
        }
  } finally {
    close();
  }
}

const ALL = { firstResult: 0, maxResults: 1_000 };

/** What `checkContent` finds, as text. */
export async function violationsOf(store: Store, now: number): Promise<readonly string[]> {
  const results = await store.checkContent(now);
  return results.flatMap(({ name, examples }) => examples.map((example) => `${name}: ${example}`));
}

/** The runs that the manifest names, the newest first. */
export async function runsOf(
  store: Store,
): Promise<readonly { id: string; first: number; last: number; bytes: number; isFile: boolean }[]> {
  const { sql, close } = await openConnection(store.staging, 'muster');
  try {
    const rows = await sql.query('select * from serving_run order by last_step desc');
    return rows.map((row) => ({
      id: String(row.id),
      first: Number(row.first_step),
      last: Number(row.last_step),
      bytes: Number(row.bytes),
      isFile: row.content === null,
    }));
  } finally {
    close();
  }
}

/** The files of runs in the folder of a store. */
export function runFilesOf(dir: string): Promise<readonly string[]> {
  return readdir(path.join(dir, 'serving'));
}

/** Makes of a store's snapshot what a backup holds, in another folder. */
export async function restoreInto(store: Store, dir: string): Promise<void> {
  const snapshot = await store.snapshot();
  await snapshot.finish();
  await mkdir(dir, { recursive: true });
  await copyFile(snapshot.file, path.join(dir, 'muster.duckdb'));
  await snapshot.discard();
}
