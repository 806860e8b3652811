import type { Events } from '../../events.ts';
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
import { type KeptRecords, keepRecords } from '../records/keep-records.ts';
import { type ChangeLogQueries, changeCalls, countChangesOf } from '../records/membership-changes.ts';
import { overlapAnalysisRecords } from '../records/overlap-analyses.ts';
import { segmentRecords } from '../records/segments.ts';
import { sourceRecords } from '../records/sources.ts';
import { tokenRecords } from '../records/tokens.ts';
import { webhookDeliveryRecords } from '../records/webhook-deliveries.ts';
import type { KnownWebhooks } from '../records/webhook-rows.ts';
import { webhookRecords } from '../records/webhooks.ts';
import { ROWS_AT_A_TIME, type RowsAtATime } from '../rows-at-a-time.ts';
import { mergeCalls } from '../staging/merge-calls.ts';
import { mergeChunk, prepareChunk } from '../staging/merge-chunk.ts';
import { mergeGroup } from '../staging/merge-group.ts';
import { openRehearsal } from '../staging/rehearsal.ts';
import { revertPart } from '../staging/revert.ts';
import type { Store, StoreSnapshot } from '../store.ts';
import { checkContent } from './check-content.ts';
import { bytesOfShards, regularRecovery, requireRecovery, workerHealth } from './citus.ts';
import { keepDocumentsId } from './documents-id.ts';
import { eraseUser } from './erase-user.ts';
import { lead } from './lead.ts';
import { findUserPoint, lookUps, uuid } from './look-ups.ts';
import { memberCalls } from './members.ts';
import { mergeEngine } from './merge-engine.ts';
import { prepare } from './migrate.ts';
import { PostgresDatabase } from './postgres-database.ts';
import { previewRevert } from './preview-revert.ts';
import { askingVersion, recordVersions } from './record-versions.ts';
import { openReplacement } from './replacement.ts';
import { openScratch, type Scratch } from './scratch.ts';
import { liveText } from './segment-tally.ts';
import { statement } from './staged-pairs.ts';
import { forgetMemberships, readRemovedUpTo, removeChangesBefore, removeExpired } from './sweep.ts';
import { memberWriter } from './write-members.ts';

export type PostgresStoreOptions = {
  /**
   * `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`, of PostgreSQL or of the coordinator of
   * a Citus cluster.
   */
  readonly url: string;
  /** Folder of this node for what is on its way; made when it is not there. */
  readonly scratchDir: string;
  /** Of the DuckDB in which chunks are staged. */
  readonly memoryBytes: number;
  readonly threads: number;
  readonly connections: number;
  /** How long what is asked once is tried again while the database cannot be reached. */
  readonly patienceMs: number;
  /** For what a fresh store and a migration write. */
  readonly now: number;
  /** Told of what is committed. */
  readonly events?: Pick<Events, 'emit'> | null;
  /** `Store.snapshot`, which makes an embedded store. */
  readonly takeSnapshot?: (db: PostgresDatabase, scratch: Scratch, now: number) => Promise<StoreSnapshot>;
  /**
   * Other numbers than usual, for tests: what is done in parts is to come out the same in any
   * number of them.
   */
  readonly rowsAtATime?: Partial<RowsAtATime>;
};

/** Another node may make one at any time. */
const KNOWN_WEBHOOKS: KnownWebhooks = { any: true };
const noteEnds = executionEnds(KNOWN_WEBHOOKS);

/** Opens the store on a PostgreSQL, which any number of processes share. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, connections, patienceMs, memoryBytes, threads, scratchDir, now, events = null } = options;
  const db = new PostgresDatabase({ url, connections, patienceMs, events });
  try {
    await prepare(db, now);
    await requireRecovery(db);
    const scratch = await openScratch({ dir: scratchDir, memoryBytes, threads });
    const rows = { ...ROWS_AT_A_TIME, ...options.rowsAtATime };
    const { takeSnapshot = () => Promise.reject(new Error('this store was opened without snapshots')) } =
      options;
    return storeOf(db, scratch, { rows, snapshot: () => takeSnapshot(db, scratch, now) });
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** What answers which call. */
function storeOf(
  db: PostgresDatabase,
  scratch: Scratch,
  { rows, snapshot }: { readonly rows: RowsAtATime; readonly snapshot: Store['snapshot'] },
): Store {
  /** For what each request asks for. */
  const prompt: Pick<PostgresDatabase, 'read' | 'write' | 'writeAlone'> = {
    read: (work) => db.readPromptly(work),
    write: (work) => db.write(work),
    writeAlone: (work) => db.writeAlone(work),
  };
  const kept = keepRecords(prompt, recordVersions(prompt));
  const changeLog = changeLogOf(db, kept.segments);
  const engine = mergeEngine({ db, scratch });
  const recover = regularRecovery(db);
  const shardBytes = bytesOfShards(db);
  const store: Store = {
    ...recordsOf(db, kept),
    tokens: tokenRecords(prompt),

    ...lookUps(db, kept.segments),
    ...memberCalls(db),
    ...activityCalls(changeLog),
    ...changeCalls(changeLog),
    countChangesOf: (executionId) => db.atOneMoment((sql) => countChangesOf(sql, executionId)),
    previewRevert: (of) => previewRevert(db, of),
    writeMembers: memberWriter(db, scratch),
    // one for look-ups of many users, and one for readiness, leases and metrics
    lookUpsAtOnce: Math.max(1, db.smallConnections - 2),

    staging: scratch.instance,
    firstChunkShare: 1 / 8,
    mergeChunk: (chunk) => mergeChunk(engine, chunk),
    prepareChunk: (chunk) => prepareChunk(engine, chunk),
    mergeGroup: (group) => mergeGroup(engine, group, noteEnds),
    mergeCalls: (calls) => mergeCalls(engine, calls, readRemovedUpTo),
    revertPart: (part) => revertPart(engine, part, rows.reverted),
    openRehearsal: () => openRehearsal(engine),
    openReplacement: () => openReplacement(db, scratch),
    eraseUser: (erasure) => eraseUser(db, erasure),
    removeExpired: (now) => removeExpired(db, now),
    removeChangesBefore: (instant) => removeChangesBefore(db, instant),

    keepDocumentsId: (id) => keepDocumentsId(db, id),
    lead: async (of) => {
      const isMine = await lead(db, of);
      if (isMine) recover();
      return isMine;
    },
    // autovacuum does what there is to do
    compact: async () => false,
    checkContent: (now) => checkContent(db, now),
    snapshot,
    sizeBytes: async () => {
      const [row] = await db.read((sql) => sql.query('select pg_database_size(current_database()) as bytes'));
      return Number(row?.bytes) + (await shardBytes());
    },
    workersDown: workerHealth(db),
    check: () => db.ping(),
    close: async () => {
      await db.close();
      await scratch.close();
    },
  };
  return { ...store, assuming: assuming(db, store, kept) };
}

/** Small records: what each look-up and each upload asks for is answered from memory. */
function recordsOf(db: PostgresDatabase, kept: KeptRecords) {
  return {
    datamarts: { ...datamartRecords(kept.noticing), get: kept.getDatamart, catalogue: kept.catalogue },
    compartments: { ...compartmentRecords(kept.noticing), listSelections: kept.listSelections },
    segments: {
      ...segmentRecords(
        kept.noticing,
        { removeMemberships: forgetMemberships, sizes: (sql, now) => liveText(sql, null, now) },
        noteEnds,
      ),
      get: kept.getSegment,
    },
    documentImports: {
      ...documentImportRecords(kept.noticing, noteEnds),
      ...expectedFileRecords(db, KNOWN_WEBHOOKS),
      get: kept.getDocumentImport,
    },
    executions: executionRecords(db, readRemovedUpTo, noteEnds),
    auditLog: auditRecords(db),
    exports: exportRecords(db),
    overlapAnalyses: overlapAnalysisRecords(db),
    sources: sourceRecords(db),
    webhooks: { ...webhookRecords(db, KNOWN_WEBHOOKS), ...webhookDeliveryRecords(db, KNOWN_WEBHOOKS) },
    erasures: erasureRecords(db, async () => undefined),
  };
}

function changeLogOf(db: PostgresDatabase, segments: KeptRecords['segments']): ChangeLogQueries {
  return {
    ...{ segments, statement, findUserPoint },
    atOneMoment: (work) => db.atOneMoment(work),
    isPoint: (point) => `user_point_id = ${uuid(point)}`,
  };
}

/** `Store.assuming`. */
function assuming(db: PostgresDatabase, store: Store, kept: KeptRecords): NonNullable<Store['assuming']> {
  const { getDatamart, listSelections, segments } = kept.assumed;
  const assumed: Store = {
    ...store,
    datamarts: { ...store.datamarts, get: getDatamart },
    compartments: { ...store.compartments, listSelections },
    ...changeCalls(changeLogOf(db, segments)),
  };
  return (read) =>
    kept.assuming((tellVersion) =>
      read({ ...assumed, ...lookUps(askingVersion(db, tellVersion), segments) }),
    );
}
