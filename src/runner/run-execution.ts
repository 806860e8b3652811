import { truncate } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import { type ImportFiles, type ImportOutcome, importDocument } from '../import/import-document.ts';
import { type Decided, importWhole } from '../import/import-whole.ts';
import type { ChunkLimits } from '../import/stage/stage-chunk.ts';
import { type Checkpoint, type Ending, type Execution, isPlain, START } from '../model/execution.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';
import { observeCheckpoint } from './import-metrics.ts';
import { canPass, delay, RETRY_DELAYS_MS } from './retry.ts';
import { revertChanges } from './revert-changes.ts';

/** How long a lease lasts without being renewed. A third of it passes between two renewals. */
export const LEASE_MS = 15_000;

export type RunnerContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly limits: ChunkLimits;
  /** How long an execution runs before it lets others run that wait. */
  readonly turnMs: number;
  readonly logger: Logger;
  readonly clock: () => number;
  /** Names this process among those that share the store. */
  readonly worker: string;
};

/** Why a run is to stop at the next safe point. */
export type StopReason = 'CANCEL' | 'SHUTDOWN' | 'LEASE_LOST' | 'TURN_OVER';

/**
 * Runs an execution whose lease is held until it has ended, is given back, or is somebody else's. Faults that can pass are tried again
 * from the last checkpoint; the others end it as FAILED. Never throws.
 */
export async function runExecution(
  claimed: Execution,
  context: RunnerContext,
  stop: AbortController,
): Promise<void> {
  const { store, worker, clock } = context;
  const logger = loggerOf(claimed, context);
  try {
    const ending = await tryToEnd(claimed, { ...context, logger }, stop);
    if (ending === 'LEASE_LOST') return logger.warn('execution was taken over');
    if (ending === 'GIVEN_BACK') {
      await store.executions.release({ id: claimed.id, worker, now: clock() });
      return logger.info(
        { reason: stop.signal.reason },
        'execution was given back, to go on from its checkpoint',
      );
    }
    if (ending.status !== 'SUCCEEDED' && ending.checkpoint === undefined)
      await cutErrorFile(claimed.id, { ...context, logger });
    await store.executions.finish({ id: claimed.id, worker, ...ending, now: clock() });
    logger.info({ status: ending.status }, 'execution ended');
  } catch (fault) {
    // the store does not answer: the lease runs out, and whoever takes the execution up goes on from its checkpoint
    logger.error({ err: fault }, 'execution could not be ended');
  }
}

/** The log of one execution. */
export function loggerOf({ id, datamartId }: Execution, { logger }: Pick<RunnerContext, 'logger'>): Logger {
  return logger.child({ execution_id: id, datamart_id: datamartId });
}

/** Where the files of an execution are. */
export function filesOf(execution: Execution, { documents }: RunnerContext): ImportFiles {
  const { folder } = execution.document;
  return {
    execution,
    inputPath: documents.path(folder, 'input'),
    errorsPath: documents.path(folder, 'errors'),
  };
}

/** Renews the lease and sees whether the run is to stop. */
export async function renew(
  id: string,
  { store, worker, clock, logger }: RunnerContext,
  stop: AbortController,
): Promise<void> {
  try {
    const lease = await store.executions.renewLease({ id, worker, leaseUntil: clock() + LEASE_MS });
    if (!lease.held) stop.abort('LEASE_LOST' satisfies StopReason);
    else if (lease.cancelRequested) stop.abort('CANCEL' satisfies StopReason);
  } catch (fault) {
    logger.warn({ err: fault, execution_id: id }, 'lease could not be renewed');
  }
}

/** `checkpoint`: where it ends, if that is not stored yet. */
type Ended = Ending & { readonly checkpoint?: Checkpoint };

async function tryToEnd(
  claimed: Execution,
  context: RunnerContext,
  stop: AbortController,
): Promise<Ended | 'LEASE_LOST' | 'GIVEN_BACK'> {
  if (claimed.cancelRequested) stop.abort('CANCEL' satisfies StopReason);
  for (let tries = 0; ; tries++) {
    const execution = tries === 0 ? claimed : await context.store.executions.get(claimed.id);
    if (!execution) return 'LEASE_LOST';
    if (stop.signal.aborted) return stopped(stop.signal.reason as StopReason);
    try {
      const last = { checkpoint: execution.checkpoint };
      const outcome = await importOnce(execution, {
        context,
        last,
        stop,
        endTurn: turnOf(claimed, context, stop),
      });
      if (outcome === 'LEASE_LOST') return 'LEASE_LOST';
      if (typeof outcome === 'object') {
        const isApplied = outcome.refusal === null && !execution.options.dryRun;
        if (isApplied) observeCheckpoint(START, outcome.checkpoint);
        return decided(outcome, context.logger);
      }
      if (outcome === 'STOPPED') return stopped(stop.signal.reason as StopReason);
      return ended(last.checkpoint, context.logger);
    } catch (fault) {
      const wait = RETRY_DELAYS_MS[tries];
      if (wait === undefined || !canPass(fault)) return await failed(claimed.id, fault, context);
      context.logger.warn({ err: fault, retry_in_ms: wait }, 'execution met a fault and is tried again');
      await delay(wait, stop.signal);
    }
  }
}

/** Runs the import; `last` is where it has come to, chunk by chunk. */
function importOnce(
  execution: Execution,
  {
    context,
    last,
    stop,
    endTurn,
  }: {
    context: RunnerContext;
    last: { checkpoint: Checkpoint };
    stop: AbortController;
    endTurn: () => void;
  },
): Promise<ImportOutcome | Decided> {
  const { store, worker, limits } = context;
  const job = {
    ...filesOf(execution, context),
    worker,
    limits,
    signal: stop.signal,
    onCheckpoint: (checkpoint: Checkpoint) => {
      observeCheckpoint(last.checkpoint, checkpoint);
      last.checkpoint = checkpoint;
      endTurn();
    },
  };
  if (execution.reverts !== null) return revertChanges(job, store);
  return isPlain(execution) ? importDocument(job, store) : importWhole(job, store);
}

/**
 * To be called at each checkpoint: once the turn of an execution is over, it is stopped when others wait, and goes on after
 * them. So a few huge files do not keep the small ones of other datamarts waiting for hours.
 */
function turnOf(
  { id, priority }: Execution,
  { store, worker, clock, turnMs, logger }: RunnerContext,
  stop: AbortController,
): () => void {
  const overAt = clock() + turnMs;
  let looking = false;
  return () => {
    const now = clock();
    if (now < overAt || looking || stop.signal.aborted) return;
    looking = true;
    store.executions
      .isWaiting({ worker, now, priority })
      .then((isWaiting) => isWaiting && stop.abort('TURN_OVER' satisfies StopReason))
      .catch((fault: unknown) => logger.warn({ err: fault, execution_id: id }, 'it is not known who waits'))
      .finally(() => {
        looking = false;
      });
  };
}

function stopped(reason: StopReason): Ending | 'LEASE_LOST' | 'GIVEN_BACK' {
  if (reason === 'LEASE_LOST') return 'LEASE_LOST';
  return reason === 'CANCEL' ? { status: 'CANCELED', failure: null } : 'GIVEN_BACK';
}

/** The end of a file that was read to its end, after the service has checked its own sums. */
export function ended(checkpoint: Checkpoint, logger: Logger): Ending {
  if (!addsUp(checkpoint)) {
    logger.error({ checkpoint }, 'the effects do not add up to the commands');
    return {
      status: 'FAILED',
      failure: 'the counts of this execution do not add up; its commands have been applied',
    };
  }
  return { status: 'SUCCEEDED', failure: null };
}

/** The end of a file that was decided upon as a whole, and of which nothing is stored yet. */
function decided({ checkpoint, refusal }: Decided, logger: Logger): Ended {
  return {
    ...(refusal === null ? ended(checkpoint, logger) : { status: 'FAILED', failure: refusal }),
    checkpoint,
  };
}

/** Every (command, segment) pair of the applied commands has exactly one effect (spec §8). */
function addsUp({ pairs, effects }: Checkpoint): boolean {
  const { membershipsCreated, membershipsUpdated, membershipsDeleted, unchanged, superseded } = effects;
  const changed = membershipsCreated + membershipsUpdated + membershipsDeleted;
  return pairs === changed + unchanged + superseded + effects.membershipsKept;
}

async function failed(id: string, fault: unknown, { store, logger }: RunnerContext): Promise<Ending> {
  logger.error({ err: fault }, 'execution failed');
  const applied = (await store.executions.get(id))?.checkpoint.successes ?? 0;
  const visible =
    applied === 0 ? 'nothing of the file was applied' : `${applied} commands had been applied before`;
  return { status: 'FAILED', failure: `${safeMessage(fault)}; ${visible}` };
}

/** Takes from the error file what belongs to a chunk that was not merged. A file that cannot be cut ends nothing. */
async function cutErrorFile(id: string, { store, documents, logger }: RunnerContext): Promise<void> {
  const execution = await store.executions.get(id);
  if (!execution) return;
  try {
    await truncate(documents.path(execution.document.folder, 'errors'), execution.checkpoint.errorFileBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      logger.warn({ err: error }, 'the error file could not be cut');
  }
}
