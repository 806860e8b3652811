import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { StoreInUseError } from '../../errors.ts';
import { auditRecords } from '../records/audit-log.ts';
import { compartmentRecords } from '../records/compartments.ts';
import { literal } from '../records/database.ts';
import { datamartRecords } from '../records/datamarts.ts';
import { documentImportRecords } from '../records/document-imports.ts';
import { erasureRecords } from '../records/erasures.ts';
import { executionRecords } from '../records/executions.ts';
import { keepRecords } from '../records/keep-records.ts';
import { segmentRecords } from '../records/segments.ts';
import { tokenRecords } from '../records/tokens.ts';
import type { Store } from '../store.ts';
import { readChangeLog, removeChangesBefore } from './change-log.ts';
import { compact, readTail } from './compact.ts';
import { type DuckDbDatabase, openDuckDbDatabase } from './duckdb-database.ts';
import { eraseUser, readPendingErasures, refreshPending } from './erase.ts';
import { keepBom } from './keep-bom.ts';
import { lookUps } from './look-ups.ts';
import { MOST_KEYS_TO_PRUNE_BY, mergeChunk, readUserPoints } from './merge-chunk.ts';
import { mergeGroup } from './merge-group.ts';
import { migrate } from './migrate.ts';
import { openRehearsal } from './rehearsal.ts';
import { openReplacement } from './replacement.ts';
import { revertPart } from './revert-part.ts';
import { segmentSizes } from './segment-sizes.ts';
import { statement } from './statements.ts';

export type DuckDbStoreOptions = {
  /** Folder of the database file and of what DuckDB spills; made when it is not there. */
  readonly dir: string;
  readonly memoryBytes: number;
  readonly threads: number;
  /** For what a fresh store and a migration write. */
  readonly now: number;
};

/** Name of the attached file among the databases of the instance. */
const DATABASE = 'muster';
/**
 * Half of DuckDB's default. A look-up reads in one row group of each run, whichever their size: beside 15 M memberships in
 * one run and 12 runs more, p50 3.1 ms with 122,880 rows, 1.5 with 61,440, 1.7 with 30,720, while full scans took the same.
 * Only an attached file can have its own; row groups of another size that are in it already stay as they are.
 */
const ROWS_PER_ROW_GROUP = 61_440;

/** Opens the embedded store. The process that has the file open is the only one that can: a second one is refused. */
export async function openDuckDbStore({
  dir,
  memoryBytes,
  threads,
  now,
}: DuckDbStoreOptions): Promise<Store> {
  keepBom();
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, 'muster.duckdb');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
    temp_directory: path.join(dir, 'spill'),
    // a checkpoint rewrites what changed and holds up commits: a few large ones cost less than many small ones
    checkpoint_threshold: '256MiB',
    // by default 50: a merge of 100 pairs scanned all keys
    dynamic_or_filter_threshold: String(MOST_KEYS_TO_PRUNE_BY),
  });
  await attach(instance, file);
  const db = await openDuckDbDatabase(instance, DATABASE);
  await migrate(db, now);
  await takeUpExecutions(db);
  const kept = keepRecords(db);
  const sizes = segmentSizes(db);
  const tail = await readTail(db);
  const points = await readUserPoints(db);
  const changes = await readChangeLog(db);
  const users = lookUps(db, { points, changes, segments: kept.segments });
  const erasures = await readPendingErasures(db);
  const closing = new AbortController();

  return {
    staging: instance,
    datamarts: {
      ...datamartRecords(kept.noticing),
      get: kept.getDatamart,
      catalogue: kept.catalogue,
    },
    compartments: { ...compartmentRecords(kept.noticing), listSelections: kept.listSelections },
    segments: {
      ...segmentRecords(kept.noticing, {
        removeMemberships: async (sql, segmentId) => {
          for (const table of ['membership', 'membership_change'])
            await sql.query(`delete from ${table} where segment_id = ${literal(segmentId)}`);
        },
        sizes: (now) => statement('segment-sizes', { now: Math.trunc(now) }),
      }),
      get: kept.getSegment,
    },
    documentImports: { ...documentImportRecords(kept.noticing), get: kept.getDocumentImport },
    executions: executionRecords(db),
    tokens: tokenRecords(db),
    auditLog: auditRecords(db),
    erasures: erasureRecords(db, () => refreshPending(db, erasures)),
    ...users,
    mergeChunk: (chunk) => sizes.forgetAfter(mergeChunk(db, chunk, { tail, points, erasures, changes })),
    openRehearsal: () => openRehearsal(db, { points, erasures, sizesAt: sizes.at }),
    openReplacement: async () => {
      const opened = await openReplacement(db, { tail, points, erasures, changes, sizesAt: sizes.at });
      return { ...opened, apply: (asked) => sizes.forgetAfter(opened.apply(asked)) };
    },
    revertPart: (part) => sizes.forgetAfter(revertPart(db, part, { tail, changes })),
    mergeGroup: (group) => sizes.forgetAfter(mergeGroup(db, group, { tail, points, erasures, changes })),
    eraseUser: (erasure) => sizes.forgetAfter(eraseUser(db, erasure, erasures)),
    attachIdentifier: (attachment) => sizes.forgetAfter(users.attachIdentifier(attachment)),
    countMembers: async ({ segmentIds, now }) => {
      const all = segmentIds.length === 0 ? null : await sizes.at(now);
      const asked = new Set(segmentIds);
      return new Map([...(all ?? [])].filter(([segmentId]) => asked.has(segmentId)));
    },
    removeChangesBefore: (instant) => removeChangesBefore(db, instant),
    compact: (pressure, signal) =>
      compact(db, { pressure, tail, stop: AbortSignal.any([closing.signal, signal]) }),
    sizeBytes: async () => {
      const files = await Promise.all(
        [file, `${file}.wal`].map((each) =>
          stat(each).then(
            ({ size }) => size,
            () => 0,
          ),
        ),
      );
      return files.reduce((sum, size) => sum + size, 0);
    },
    check: async () => {
      await db.read((sql) => sql.query('select 1'));
    },
    close: async () => {
      closing.abort();
      await db.close();
      instance.closeSync();
    },
  };
}

async function attach(instance: DuckDBInstance, file: string): Promise<void> {
  const setup = await instance.connect();
  try {
    await setup.run(
      `attach '${file.replaceAll("'", "''")}' as ${DATABASE} (row_group_size ${ROWS_PER_ROW_GROUP})`,
    );
    await setup.run(`attach ':memory:' as staging`);
    setup.closeSync();
  } catch (error) {
    setup.closeSync();
    instance.closeSync();
    if (!(error instanceof Error) || !error.message.includes('Could not set lock')) throw error;
    throw new StoreInUseError(`the store in ${path.dirname(file)} is in use by another process`, {
      cause: error,
    });
  }
}

/** Whoever held a lease is gone: only one process has the file open. */
async function takeUpExecutions(db: DuckDbDatabase): Promise<void> {
  await db.write((sql) =>
    sql.query(`update execution set worker = null, lease_until = 0 where status = 'RUNNING'`),
  );
}
