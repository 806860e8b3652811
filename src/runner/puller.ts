import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import type { SourceRun } from '../model/source.ts';
import { safeMessage } from '../safe-message.ts';
import { isOfPresentKey, seal, unseal } from '../sources/credentials.ts';
import { nextRun } from '../sources/next-run.ts';
import type { Pulling, PullSettings } from '../sources/pull-file.ts';
import { type Pulled, pullSource } from '../sources/pull-source.ts';
import type { ClaimedSource } from '../store/source-records.ts';
import type { Store } from '../store/store.ts';
import { observeFault } from './background-metrics.ts';
import type { Job, Turn } from './job.ts';
import { retryDelayMs } from './retry.ts';
import { observeSourceRun } from './source-metrics.ts';

export type PullerContext = Pick<Pulling, 'admit'> & {
  readonly store: Store;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly settings: PullSettings;
  /** The wait after a run that FAILED. */
  readonly retryMs: number;
  readonly intervalMs: number;
};

/** Sources that are pulled at the same time: one that is slow holds up no other. */
const MAX_RUNS = 4;
const LEASE_MS = 10_000;
/** How often it is looked for runs that are due, which nobody tells of. */
const POLL_MS = 1_000;

/**
 * Pulls sources when they are due. What is due is in the store, and a run that is under way has a
 * lease there: one that was missed while no service ran, however often, is one run at the next
 * start, and two nodes do not run the same source.
 */
export function sourceJob(context: PullerContext): Job {
  const { store, logger, clock } = context;
  const worker = randomUUID();
  const running = new Set<Promise<void>>();

  /** Whether there was one that is due. */
  async function startNext({ signal, wake }: Turn): Promise<boolean> {
    if (running.size >= MAX_RUNS) return false;
    const now = clock();
    const claimed = await store.sources.claim({ worker, now, leaseUntil: now + LEASE_MS });
    if (claimed === null) return false;
    const run = runClaimed(claimed, { context, worker, stop: signal })
      .catch((fault: unknown) => {
        observeFault('pull');
        logger.error({ err: fault, ...idOf(claimed) }, 'the end of a run of a source could not be noted');
      })
      .finally(() => {
        running.delete(run);
        wake();
      });
    running.add(run);
    return true;
  }

  return {
    name: 'sources',
    wokenBy: 'SOURCE_DUE',
    intervalMs: Math.min(context.intervalMs, POLL_MS),
    begin: () => bringUnderPresentKey(context),
    turn: startNext,
    onFault: (err) => {
      observeFault('pull');
      logger.error({ err }, 'sources cannot be pulled now, it is tried again');
    },
    finish: async () => void (await Promise.all(running)),
  };
}

function idOf({ source }: ClaimedSource) {
  return { document_import_id: source.documentImportId };
}

type Running = { readonly context: PullerContext; readonly worker: string; readonly stop: AbortSignal };

async function runClaimed(claimed: ClaimedSource, { context, worker, stop }: Running): Promise<void> {
  const { store, logger, clock } = context;
  const { documentImportId } = claimed.source;
  const lost = new AbortController();
  const renewal = setInterval(() => {
    store.sources.renewLease({ documentImportId, worker, leaseUntil: clock() + LEASE_MS }).then(
      (isHeld) => isHeld || lost.abort(new Error('the run has lost its lease')),
      (err: unknown) => logger.warn({ err, ...idOf(claimed) }, 'the lease of a source could not be renewed'),
    );
  }, LEASE_MS / 3);
  try {
    const signal = AbortSignal.any([stop, lost.signal]);
    const pulled = await pull(claimed, { context, signal });
    const ended = pulled === null ? null : endOf(claimed, pulled, clock());
    const nextRunTs = pulled === null ? claimed.source.nextRunTs : await nextRunOf(claimed, pulled, context);
    const isNoted = await store.sources.finish({ documentImportId, worker, run: ended, nextRunTs });
    if (isNoted && pulled !== null && ended !== null)
      tell(claimed, { ...ended, error: pulled.reason }, logger);
  } finally {
    clearInterval(renewal);
  }
}

/** Null: it was broken off, and is to be done again. */
async function pull(
  claimed: ClaimedSource,
  { context, signal }: { readonly context: PullerContext; readonly signal: AbortSignal },
): Promise<Pulled | null> {
  const { logger } = context;
  try {
    return await pullSource(claimed, { ...context, signal });
  } catch (fault) {
    if (signal.aborted) return null;
    observeFault('pull');
    logger.error({ err: fault, ...idOf(claimed) }, 'a source could not be pulled');
    const reason = safeMessage(fault);
    return { taken: 0, refused: 0, error: reason, reason, isGrowing: false };
  }
}

function endOf({ startDate, trigger, dryRun }: ClaimedSource, pulled: Pulled, now: number): SourceRun {
  const { taken: filesTaken, refused: filesRefused, error } = pulled;
  const status = error === null ? 'SUCCEEDED' : 'FAILED';
  return {
    startDate,
    endDate: Math.max(startDate, now),
    trigger,
    dryRun,
    status,
    error,
    filesTaken,
    filesRefused,
  };
}

/**
 * When it is pulled next: as its schedule says, or sooner after a failure and for files that were
 * being written.
 */
async function nextRunOf(
  { source: { documentImportId, nextRunTs, failures }, startDate, trigger }: ClaimedSource,
  { error, isGrowing }: Pulled,
  { store, clock, retryMs, settings }: PullerContext,
): Promise<number | null> {
  const source = await store.sources.get(documentImportId);
  const schedule = source?.settings.schedule ?? null;
  if (schedule === null) return null;
  const now = clock();
  const times = [
    nextRun(schedule, { startDate, now }),
    trigger === 'REQUEST' ? nextRunTs : null,
    error === null ? null : now + retryDelayMs(failures, retryMs),
    isGrowing ? now + settings.settleMs : null,
  ].filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** Names of files may hold identifiers of users, and are in no log. */
function tell(claimed: ClaimedSource, run: SourceRun, logger: Logger): void {
  observeSourceRun(run);
  const of = {
    ...idOf(claimed),
    kind: claimed.source.settings.location.kind,
    files_taken: run.filesTaken,
    files_refused: run.filesRefused,
    ms: run.endDate - run.startDate,
  };
  if (run.status === 'FAILED')
    logger.warn(
      { ...of, reason: run.error },
      'a run of a source failed, it is tried again as its schedule says',
    );
  else if (run.filesTaken + run.filesRefused > 0) logger.info(of, 'a source was pulled');
  else logger.debug(of, 'a source had nothing new');
}

/** Encrypts credentials with the present key that are encrypted with the one before. */
async function bringUnderPresentKey({ store, logger, settings: { keys } }: PullerContext): Promise<void> {
  let brought = 0;
  for (const [documentImportId, before] of await store.sources.listCredentials()) {
    if (isOfPresentKey(before, keys)) continue;
    try {
      const credentials = seal(unseal(before, documentImportId, keys), documentImportId, keys);
      await store.sources.replaceCredentials({ documentImportId, before, credentials });
      brought++;
    } catch (fault) {
      const reason = safeMessage(fault);
      logger.warn(
        { document_import_id: documentImportId, reason },
        'the credentials of a source cannot be used',
      );
    }
  }
  if (brought > 0)
    logger.info({ sources: brought }, 'credentials of sources were encrypted with the present key');
}
