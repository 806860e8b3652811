import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { StoreLostError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { safeMessage } from '../../safe-message.ts';
import { activityCalls } from '../records/activity.ts';
import { auditRecords } from '../records/audit-log.ts';
import { compartmentRecords } from '../records/compartments.ts';
import { datamartRecords } from '../records/datamarts.ts';
import { documentImportRecords } from '../records/document-imports.ts';
import { erasureRecords } from '../records/erasures.ts';
import { executionEnds } from '../records/execution-ends.ts';
import { executionRecords } from '../records/executions.ts';
import { expectedFileRecords } from '../records/expected-files.ts';
import { exportRecords } from '../records/exports.ts';
import { keepRecords } from '../records/keep-records.ts';
import { type ChangeLogQueries, changeCalls } from '../records/membership-changes.ts';
import { overlapAnalysisRecords } from '../records/overlap-analyses.ts';
import { sourceRecords } from '../records/sources.ts';
import { tokenRecords } from '../records/tokens.ts';
import { webhookDeliveryRecords } from '../records/webhook-deliveries.ts';
import { readKnownWebhooks, webhookRecords } from '../records/webhooks.ts';
import { ROWS_AT_A_TIME, type RowsAtATime } from '../rows-at-a-time.ts';
import { SERVING_LIMITS, type ServingLimits } from '../serving/serving-limits.ts';
import { keepBom } from '../staging/keep-bom.ts';
import { mergeCalls } from '../staging/merge-calls.ts';
import { mergeChunk } from '../staging/merge-chunk.ts';
import { mergeGroup } from '../staging/merge-group.ts';
import { openRehearsal } from '../staging/rehearsal.ts';
import { revertPart } from '../staging/revert.ts';
import type { Store } from '../store.ts';
import { atOneMoment } from './at-one-moment.ts';
import { attachToWrite } from './attach.ts';
import { attachIdentifier } from './attach-identifier.ts';
import { readChangeLog, removeChangesBefore } from './change-log.ts';
import { checkContent } from './check/check-content.ts';
import { bytesOfFiles, checkFiles, damaged, type ExpectedStore } from './check-files.ts';
import { compact } from './compact.ts';
import { type DuckDbDatabase, openDuckDbDatabase, READERS } from './duckdb-database.ts';
import { eraseUser, readPendingErasures, refreshPending } from './erase.ts';
import { executionChangeCalls } from './execution-changes.ts';
import { findUserPoint, isPoint, lookUps } from './look-ups.ts';
import { memberCalls } from './members.ts';
import { MOST_KEYS_TO_PRUNE_BY, mergeEngine, readUserPoints } from './merge-engine.ts';
import { migrate } from './migrate.ts';
import { overlapCalls } from './overlaps.ts';
import { openReplacement } from './replacement.ts';
import { readRuns } from './runs.ts';
import { segmentSizes } from './segment-sizes.ts';
import { segmentCalls } from './segments.ts';
import { Serving, type ServingLog } from './serving.ts';
import { sweepSnapshots, takeSnapshot } from './snapshot.ts';
import { statement } from './statements.ts';
import { removeExpired } from './sweep.ts';
import { memberWriter } from './write-members.ts';

export type DuckDbStoreOptions = {
  /** Folder of the database file and of what DuckDB spills; made when it is not there. */
  readonly dir: string;
  readonly memoryBytes: number;
  readonly threads: number;
  /** For what a fresh store and a migration write. */
  readonly now: number;
  /** Told of what is committed. */
  readonly events?: Pick<Events, 'emit'> | null;
  /** Runs of recent rows that become one. */
  readonly mostRecentRuns?: number;
  /** By default a store is made where there is none. */
  readonly expected?: ExpectedStore;
  /**
   * Other numbers than usual, for tests: what is done in parts is to come out the same in any
   * number of them.
   */
  readonly rowsAtATime?: Partial<RowsAtATime>;
  /** The same of serving runs. */
  readonly servingLimits?: Partial<ServingLimits>;
  /** Called once when the store refuses everything until it is opened again. */
  readonly onLost?: (fault: StoreLostError) => void;
  /** For what the store does by itself. */
  readonly log?: ServingLog;
  readonly clock?: () => number;
};

const SILENT: ServingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Name of the attached file among the databases of the instance. */
const DATABASE = 'muster';

/** What DuckDB says of a file that is not what it has written. */
const DAMAGED =
  /not a valid DuckDB database file|Corrupt |Could not read enough bytes|Failure while replaying WAL|^(INTERNAL|FATAL|Serialization) Error/;

/**
 * Opens the embedded store. The process that has the file open is the only one that can: a second
 * one is refused with `StoreInUseError`, a file that is not whole with `StoreDamagedError`.
 */
export async function openDuckDbStore(options: DuckDbStoreOptions): Promise<Store> {
  const { dir, memoryBytes, threads, expected = 'EXISTING_OR_FRESH' } = options;
  keepBom();
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, 'muster.duckdb');
  await checkFiles(file, expected);
  const spill = path.join(dir, 'spill');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${Math.floor(memoryBytes / 1024)}KiB`,
    temp_directory: spill,
    // a checkpoint rewrites what changed and holds up commits: a few large ones cost less than many
    // small ones
    checkpoint_threshold: '256MiB',
    // by default 50: a merge of 100 pairs scanned all keys
    dynamic_or_filter_threshold: String(MOST_KEYS_TO_PRUNE_BY),
  });
  let isOpen = false;
  // what is lost while it is opened is an error of this call
  const onLost = (fault: StoreLostError) => isOpen && options.onLost?.(fault);
  try {
    await attachToWrite(instance, file, DATABASE);
    // only now: until the file is ours, another process may be using it
    await rm(spill, { recursive: true, force: true });
    await sweepSnapshots(dir);
    const store = storeOf(await openParts(instance, { ...options, file, onLost }));
    isOpen = true;
    return store;
  } catch (error) {
    instance.closeSync();
    const cause = error instanceof StoreLostError ? error.cause : error;
    if (cause instanceof Error && DAMAGED.test(cause.message)) throw damaged(file, safeMessage(cause), cause);
    throw error;
  }
}

type Parts = Awaited<ReturnType<typeof openParts>>;

/** Opens what the calls of the store share. */
async function openParts(
  instance: DuckDBInstance,
  options: DuckDbStoreOptions & {
    readonly file: string;
    readonly onLost: (fault: StoreLostError) => void;
  },
) {
  const { dir, file, now, onLost, events = null, log = SILENT, clock = Date.now } = options;
  const limits = { ...SERVING_LIMITS, ...options.servingLimits };
  const db = await openDuckDbDatabase(instance, { name: DATABASE, onLost, events });
  await migrate(db, now);
  await takeUpRuns(db);
  const knownWebhooks = await readKnownWebhooks(db);
  return {
    ...{ instance, dir, file, db, knownWebhooks },
    noteEnds: executionEnds(knownWebhooks),
    rows: { ...ROWS_AT_A_TIME, ...options.rowsAtATime },
    kept: keepRecords(db),
    sizes: segmentSizes(db),
    runs: await readRuns(db, options.mostRecentRuns),
    serving: await Serving.open({ db, instance, database: DATABASE, dir, limits, log, clock }),
    points: await readUserPoints(db),
    changes: await readChangeLog(db),
    erasures: await readPendingErasures(db),
    removed: { upTo: 0 },
  };
}

/** What answers which call. */
function storeOf(parts: Parts): Store {
  const { instance, dir, file, db, rows, kept, sizes, runs, serving, removed, noteEnds } = parts;
  const engine = mergeEngine(db, parts);
  const changeLog: ChangeLogQueries = {
    ...{ segments: kept.segments, statement, findUserPoint, isPoint },
    atOneMoment: (work) => atOneMoment(db, work),
  };
  const closing = new AbortController();
  return {
    ...recordsOf(parts),

    ...lookUps(db, parts),
    ...memberCalls(db),
    ...overlapCalls(db, rows),
    ...activityCalls(changeLog),
    ...changeCalls(changeLog),
    ...executionChangeCalls(db, rows),
    countMembers: sizes.countMembers,
    writeMembers: memberWriter(db),
    lookUpsAtOnce: READERS,

    staging: instance,
    firstChunkShare: 1,
    mergeChunk: (chunk) => mergeChunk(engine, chunk),
    mergeGroup: (group) => mergeGroup(engine, group, noteEnds),
    mergeCalls: (calls) => mergeCalls(engine, calls, async () => removed.upTo),
    revertPart: (part) => revertPart(engine, part, rows.reverted),
    openRehearsal: () => openRehearsal(engine),
    openReplacement: () => openReplacement(db, parts),
    attachIdentifier: (attachment) => attachIdentifier(db, attachment, parts),
    eraseUser: (erasure) => eraseUser(db, erasure, parts),
    removeExpired: (now) => removeExpired(db, now, parts),
    removeChangesBefore: (instant) => removeChangesBefore(db, instant),

    lead: async () => true,
    compact: (pressure, signal) =>
      compact(db, { pressure, runs, stop: AbortSignal.any([closing.signal, signal]) }),
    checkContent: (now) =>
      checkContent(instance, {
        ...{ database: DATABASE, now, dir },
        tell: sizes.at,
        keepingRuns: (work) => serving.keepingFiles(work),
      }),
    snapshot: () => takeSnapshot(instance, { dir, database: DATABASE }),
    sizeBytes: async () => (await bytesOfFiles(file)) + serving.state().fileBytes,
    servingState: () => serving.state(),
    check: async () => {
      // of the attached file: an instance answers `select 1` also when that can no longer be used
      await db.read((sql) => sql.query('select count(*) from schema_version'));
    },
    close: async () => {
      closing.abort();
      await serving.close();
      await db.close();
      instance.closeSync();
    },
  };
}

/** Small records: what each look-up and each upload asks for is answered from memory. */
function recordsOf(parts: Parts) {
  const { db, kept, removed, erasures, knownWebhooks, noteEnds } = parts;
  return {
    datamarts: { ...datamartRecords(kept.noticing), get: kept.getDatamart, catalogue: kept.catalogue },
    compartments: { ...compartmentRecords(kept.noticing), listSelections: kept.listSelections },
    segments: segmentCalls(db, parts),
    documentImports: {
      ...documentImportRecords(kept.noticing, noteEnds),
      ...expectedFileRecords(db, knownWebhooks),
      get: kept.getDocumentImport,
    },
    executions: executionRecords(db, () => removed.upTo, noteEnds),
    tokens: tokenRecords(db),
    auditLog: auditRecords(db),
    exports: exportRecords(db),
    overlapAnalyses: overlapAnalysisRecords(db),
    sources: sourceRecords(db),
    webhooks: { ...webhookRecords(db, knownWebhooks), ...webhookDeliveryRecords(db, knownWebhooks) },
    erasures: erasureRecords(db, () => refreshPending(db, erasures)),
  };
}

/** Whoever held a lease is gone: only one process has the file open. */
async function takeUpRuns(db: DuckDbDatabase): Promise<void> {
  await db.write((sql) =>
    sql.query(`update execution set worker = null, lease_until = 0 where status = 'RUNNING'`),
  );
  await db.write((sql) =>
    sql.query(
      'update source set worker = null, run_start_ts = null, lease_until = 0 where worker is not null',
    ),
  );
}
