import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import { oldFolders } from '../documents/old-folders.ts';
import { type Execution, KEY_LIFE_MS } from '../model/execution.ts';
import { EXPORT_LIFE_MS } from '../model/export.ts';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';
import type { Job } from './job.ts';

const DAY_MS = 86_400_000;
/**
 * An upload's folder is there before its execution is, and any process may have received it;
 * nothing takes so long between the two, not the slowest form.
 */
const ORPHAN_AGE_MS = DAY_MS;
/** Between two looks for orphans: each lists all folders, which object stores want paid. */
const ORPHAN_INTERVAL_MS = 3_600_000;

export type SweeperContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly intervalMs: number;
  /** 0: files are kept for ever. */
  readonly retentionDays: number;
  /** Of the audit log; 0: for ever. */
  readonly auditRetentionDays: number;
  /** Of what happened to memberships; 0: for ever. */
  readonly historyDays: number;
};

/**
 * Removes in the background what nobody can see any more: expired memberships, files past their
 * retention, and files of uploads that were never acknowledged.
 */
export function sweepJob(context: SweeperContext): Job {
  const { intervalMs, logger } = context;
  let orphansAt = Number.NEGATIVE_INFINITY;
  return {
    name: 'sweeps',
    intervalMs,
    turn: async () => {
      // not by the clock, which may be set back
      const withOrphans = performance.now() - orphansAt >= ORPHAN_INTERVAL_MS;
      if (withOrphans) orphansAt = performance.now();
      await sweepAll(context, withOrphans ? [...PARTS, removeOrphans, removeUnfinished] : PARTS);
      return false;
    },
    onFault: (fault) => noteFault(fault, logger),
  };
}

type SweepPart = (context: SweeperContext) => Promise<void>;

const PARTS: readonly SweepPart[] = [
  removeExpiredMemberships,
  removeExpiredFiles,
  removeExports,
  removeOverlapAnalyses,
  removeOldAudit,
  removeOldChanges,
  removeOldKeys,
  removeOldDeliveries,
];

async function sweepAll(context: SweeperContext, parts: readonly SweepPart[]): Promise<void> {
  for (const part of parts) {
    try {
      await part(context);
    } catch (fault) {
      noteFault(fault, context.logger);
    }
  }
}

function noteFault(fault: unknown, logger: Logger): void {
  observeFault('sweep');
  logger.error({ err: fault }, 'a sweep failed and is tried again at the next interval');
}

async function removeExpiredMemberships({ store, clock, logger }: SweeperContext): Promise<void> {
  const memberships = await store.removeExpired(clock());
  if (memberships > 0) logger.info({ memberships }, 'expired memberships were removed');
}

async function removeExpiredFiles({
  store,
  documents,
  clock,
  logger,
  retentionDays,
}: SweeperContext): Promise<void> {
  if (retentionDays === 0) return;
  const now = clock();
  let executions: readonly Execution[];
  do {
    executions = await store.executions.listExpiredFiles(now - retentionDays * DAY_MS);
    for (const { id, document } of executions) {
      await documents.remove(document.folder);
      await store.executions.markFilesRemoved(id, now);
    }
    if (executions.length > 0)
      logger.info({ executions: executions.length }, 'files past their retention were removed');
  } while (executions.length > 0);
}

async function removeExports({ store, documents, clock, logger }: SweeperContext): Promise<void> {
  const folders = await store.exports.forgetFiles({ endedBefore: clock() - EXPORT_LIFE_MS });
  for (const folder of folders) await documents.remove(folder);
  if (folders.length > 0) logger.info({ exports: folders.length }, 'files of old exports were removed');
}

async function removeOverlapAnalyses({ store, clock, logger, retentionDays }: SweeperContext): Promise<void> {
  if (retentionDays === 0) return;
  const analyses = await store.overlapAnalyses.removeBefore(clock() - retentionDays * DAY_MS);
  if (analyses > 0) logger.info({ analyses }, 'old overlap analyses were removed');
}

/**
 * Before when a folder is old. They are stamped by the clock of where they are kept: ours may be
 * another, and must not be ahead, or what is being received would be taken for old.
 */
function orphansBefore(clock: () => number): number {
  return Math.min(clock(), Date.now()) - ORPHAN_AGE_MS;
}

async function removeOrphans({ store, documents, clock, logger }: SweeperContext): Promise<void> {
  for await (const folders of oldFolders(documents, orphansBefore(clock))) {
    const referred = await store.executions.referredFolders(folders);
    const orphans = folders.filter((folder) => !referred.has(folder));
    for (const folder of orphans) await documents.remove(folder);
    if (orphans.length > 0)
      logger.info({ folders: orphans.length }, 'files of unfinished uploads were removed');
  }
}

/** What is half done of uploads and exports whose process has ended. */
async function removeUnfinished({ documents, clock }: SweeperContext): Promise<void> {
  await documents.sweepUnfinished(orphansBefore(clock));
}

async function removeOldAudit({ store, clock, logger, auditRetentionDays }: SweeperContext): Promise<void> {
  if (auditRetentionDays === 0) return;
  const entries = await store.auditLog.removeBefore(clock() - auditRetentionDays * DAY_MS);
  if (entries > 0) logger.info({ entries }, 'old entries of the audit log were removed');
}

async function removeOldChanges({ store, clock, logger, historyDays }: SweeperContext): Promise<void> {
  if (historyDays === 0) return;
  const changes = await store.removeChangesBefore(clock() - historyDays * DAY_MS);
  if (changes > 0) logger.info({ changes }, 'old changes of memberships were forgotten');
}

/** What was told of executions is kept as long as their files are. */
async function removeOldDeliveries({ store, clock, logger, retentionDays }: SweeperContext): Promise<void> {
  if (retentionDays === 0) return;
  const deliveries = await store.webhooks.removeDeliveriesBefore(clock() - retentionDays * DAY_MS);
  if (deliveries > 0) logger.info({ deliveries }, 'old deliveries to webhooks were forgotten');
}

async function removeOldKeys({ store, clock }: SweeperContext): Promise<void> {
  await store.executions.removeKeysBefore(clock() - KEY_LIFE_MS);
}
