import type { Logger } from 'pino';
import { type Documents, wholeFile } from '../documents/documents.ts';
import { StoreLostError } from '../errors.ts';
import { passFaultPoint } from '../fault-points.ts';
import { kindOfFault } from '../faults.ts';
import { type ImportFiles, type ImportOutcome, importDocument } from '../import/import-document.ts';
import { type Decided, importWhole } from '../import/import-whole.ts';
import type { PartLimits } from '../import/parse/part-parser.ts';
import {
  type Checked,
  type Checkpoint,
  type EndedStatus,
  type Ending,
  type Execution,
  errorPartsOf,
  hasEnded,
  isPlain,
  pairsOf,
  type RunProgress,
  START,
} from '../model/execution.ts';
import { MOST_PAUSE_MS, type Pace } from '../pace.ts';
import type { ProgressBoard } from '../progress-board.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';
import { inSpan } from '../tracing.ts';
import { observeFault } from './background-metrics.ts';
import { repairedBy } from './count-repaired.ts';
import { observeCheckpoint, observeReaderTrap, observeRetry } from './import-metrics.ts';
import { noteEnd } from './note-end.ts';
import { pauseForLookUps } from './pause-for-look-ups.ts';
import { delay, type Faults, FORWARD_MS, isTriedAgain, NO_FAULTS, retryDelayMs, withFault } from './retry.ts';
import { revertChanges } from './revert-changes.ts';

/** How long a lease lasts without being renewed. A third of it passes between two renewals. */
export const LEASE_MS = 10_000;

export type RunnerContext = {
  readonly store: Store;
  readonly documents: Documents;
  readonly limits: PartLimits;
  /** How long an execution runs before it lets others run that wait. */
  readonly turnMs: number;
  /** The first wait before a fault is tried again. */
  readonly retryMs: number;
  /**
   * How long a fault that is no file's is waited out before an execution is FAILED; 0: as long as
   * it takes.
   */
  readonly maxFaultWaitMs: number;
  readonly logger: Logger;
  readonly clock: () => number;
  /** Where it is shown how far a run is between its checkpoints. */
  readonly progress: ProgressBoard;
  /** Holds chunks back while look-ups are slow. */
  readonly pace: Pick<Pace, 'beforeChunk'>;
  /** Names this process among those that share the store. */
  readonly worker: string;
};

/** What a run needs beside that: the signal that the runner ends. */
export type RunContext = RunnerContext & { readonly closing: AbortSignal };

/** Why a run is to stop at the next safe point. */
export type StopReason = 'CANCEL' | 'SHUTDOWN' | 'LEASE_LOST' | 'TURN_OVER';

/**
 * Runs an execution whose lease is held until it has ended, is given back, or is somebody else's.
 * Faults that can pass are tried again from the last checkpoint; the others end it as FAILED. Never
 * throws.
 */
export async function runExecution(
  claimed: Execution,
  context: RunContext,
  stop: AbortController,
): Promise<void> {
  const { id, datamartId, document } = claimed;
  const of = { 'muster.execution_id': id, 'muster.datamart_id': datamartId, 'muster.bytes': document.bytes };
  await inSpan('muster.execution', of, async (span) => {
    try {
      span.setAttribute('muster.outcome', await run(claimed, context, stop));
    } finally {
      context.progress.forget(id);
    }
  });
}

async function run(
  claimed: Execution,
  context: RunContext,
  stop: AbortController,
): Promise<EndedStatus | 'LEASE_LOST' | 'GIVEN_BACK' | 'NOT_ENDED'> {
  const { store, worker, clock } = context;
  const logger = loggerOf(claimed, context);
  const ofRun = { ...context, logger };
  const { id } = claimed;
  const last = { checkpoint: claimed.checkpoint };
  try {
    const ending = await tryToEnd({ claimed, last }, ofRun, stop);
    if (ending === 'LEASE_LOST') return await takenOver(id, ofRun);
    if (ending === 'GIVEN_BACK') {
      await untilNoted(() => store.executions.release({ id, worker, now: clock() }), ofRun);
      logger.info({ reason: stop.signal.reason }, 'execution was given back, to go on from its checkpoint');
      return ending;
    }
    const repaired = await repairedBy(claimed, ending.checkpoint ?? last.checkpoint, ofRun);
    const endedAt = await untilNoted(async () => {
      passFaultPoint('execution-before-end');
      const now = clock();
      return (await store.executions.finish({ id, worker, ...ending, repaired, now })) ? now : null;
    }, ofRun);
    if (endedAt === null) return await takenOver(id, ofRun);
    passFaultPoint('execution-ended');
    await removeOtherErrors(id, ofRun);
    const { status, checkpoint = last.checkpoint } = ending;
    noteEnd({ execution: claimed, status, checkpoint, now: endedAt }, logger);
    return ending.status;
  } catch (fault) {
    // the store is lost or the service ends: at the next start it goes on from its checkpoint
    observeFault('end');
    logger.error({ err: fault }, 'execution could not be ended');
    return 'NOT_ENDED';
  }
}

/**
 * What is left to do of an execution that another worker has, or that has gone further than this
 * one knew: given back in case this one holds it after all, it goes on from where it is.
 */
async function takenOver(id: string, context: RunContext): Promise<'LEASE_LOST'> {
  const { store, worker, clock, logger } = context;
  logger.warn('execution was taken over');
  await untilNoted(() => store.executions.release({ id, worker, now: clock() }), context);
  return 'LEASE_LOST';
}

/**
 * Notes in the store how a run ended. As long as that cannot be done, on a full disk for one, this
 * worker has the execution, and nothing else of its datamart runs: so it is tried until it is noted
 * or the runner ends.
 */
async function untilNoted<T>(note: () => Promise<T>, { logger, closing, retryMs }: RunContext): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await note();
    } catch (fault) {
      if (fault instanceof StoreLostError || closing.aborted) throw fault;
      const wait = retryDelayMs(tries, retryMs);
      logger.warn(
        { err: fault, retry_in_ms: wait },
        'the end of an execution could not be noted and is tried again',
      );
      await delay(wait, closing);
    }
  }
}

/** The log of one execution. */
export function loggerOf({ id, datamartId }: Execution, { logger }: Pick<RunnerContext, 'logger'>): Logger {
  return logger.child({ execution_id: id, datamart_id: datamartId });
}

/** An execution with its files. */
export function filesOf(execution: Execution, { documents }: RunnerContext): ImportFiles {
  const { folder } = execution.document;
  return {
    execution,
    openInput: () => documents.open(folder, wholeFile('input')),
    addErrors: (content) => documents.addErrors(folder, content),
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
    observeFault('lease');
    logger.warn({ err: fault, execution_id: id }, 'lease could not be renewed');
  }
}

/** Where a run has come to, chunk by chunk. */
type Last = { checkpoint: Checkpoint };
/** `checkpoint`: where it ends, if that is not stored yet. */
type Ended = Ending & Partial<Pick<Decided, 'checkpoint' | 'segmentsCreated'>>;

async function tryToEnd(
  { claimed, last }: { readonly claimed: Execution; readonly last: Last },
  context: RunContext,
  stop: AbortController,
): Promise<Ended | 'LEASE_LOST' | 'GIVEN_BACK'> {
  if (claimed.cancelRequested) stop.abort('CANCEL' satisfies StopReason);
  let faults = NO_FAULTS;
  for (;;) {
    if (stop.signal.aborted) return stopped(stop.signal.reason as StopReason);
    const { offset } = last.checkpoint;
    // not by the clock, which may be set back
    const beganAt = performance.now();
    try {
      const execution = faults.count === 0 ? claimed : await context.store.executions.get(claimed.id);
      if (!execution) return 'LEASE_LOST';
      last.checkpoint = execution.checkpoint;
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
        return decided(execution, outcome, context.logger);
      }
      if (outcome === 'STOPPED') return stopped(stop.signal.reason as StopReason);
      return ended(execution, last.checkpoint, context.logger);
    } catch (fault) {
      if (fault instanceof StoreLostError) throw fault;
      const isForward = last.checkpoint.offset > offset || performance.now() - beganAt > FORWARD_MS;
      // one that came forward since begins to count anew
      faults = withFault(isForward ? NO_FAULTS : faults, fault, context.clock());
      if (!isTriedAgain(fault, faults, context)) return await failed(claimed, fault, context);
      await waitOut(fault, { faults, last, execution: claimed, context, stop });
    }
  }
}

/** Waits before the next try, shows that it does and why, and logs it. */
async function waitOut(
  fault: unknown,
  of: {
    readonly faults: Faults;
    readonly last: Last;
    readonly execution: Execution;
    readonly context: RunContext;
    readonly stop: AbortController;
  },
): Promise<void> {
  const { count, since } = of.faults;
  const { logger, progress, retryMs, clock } = of.context;
  const { offset, successes, failures } = of.last.checkpoint;
  const wait = retryDelayMs(count - 1, retryMs);
  const reason = kindOfFault(fault) ?? 'OTHER';
  observeRetry();
  logger.warn({ err: fault, reason, retry_in_ms: wait }, 'execution met a fault and is tried again');
  progress.note(of.execution.id, {
    step: 'WAITING',
    bytes: offset,
    commands: successes + failures,
    waiting: { reason, since: since ?? clock() },
  });
  await delay(wait, of.stop.signal);
}

/** Runs the import; `last` follows it. */
function importOnce(
  execution: Execution,
  {
    context,
    last,
    stop,
    endTurn,
  }: {
    context: RunnerContext;
    last: Last;
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
    beforeChunk: () =>
      pauseForLookUps([{ execution, at: last.checkpoint }], context, {
        signal: stop.signal,
        mostMs: MOST_PAUSE_MS,
      }),
    onReaderTrap: observeReaderTrap(context.logger),
    onProgress: (progress: RunProgress) => context.progress.note(execution.id, progress),
    onCheckpoint: (checkpoint: Checkpoint) => {
      observeCheckpoint(last.checkpoint, checkpoint);
      last.checkpoint = checkpoint;
      endTurn();
    },
  };
  if (execution.reverts !== null) return revertChanges(job, store);
  if (isPlain(execution)) return importDocument(job, store);
  const onChecked = (checked: Checked) =>
    store.executions
      .noteChecked({ id: execution.id, worker, checked })
      // it is shown to those who wait, and nothing else comes of it
      .catch((fault: unknown) =>
        context.logger.warn({ err: fault }, 'how far a file is checked is not noted'),
      );
  return importWhole({ ...job, onChecked }, store);
}

/**
 * To be called at each checkpoint: once the turn of an execution is over, it is stopped when others
 * wait, and goes on after them. So a few huge files do not keep the small ones of other datamarts
 * waiting for hours.
 */
function turnOf(
  { id, priority }: Execution,
  { store, worker, clock, turnMs, logger }: RunnerContext,
  stop: AbortController,
): () => void {
  // not by the clock, which may be set back
  const overAt = performance.now() + turnMs;
  let looking = false;
  return () => {
    if (performance.now() < overAt || looking || stop.signal.aborted) return;
    looking = true;
    store.executions
      .isWaiting({ worker, now: clock(), priority })
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
export function ended(of: Pick<Execution, 'reverts'>, checkpoint: Checkpoint, logger: Logger): Ending {
  // every (command, segment) pair of the applied commands has exactly one effect (spec §8)
  if (pairsOf(checkpoint.effects, of) !== checkpoint.pairs) {
    logger.error({ checkpoint }, 'the effects do not add up to the commands');
    return {
      status: 'FAILED',
      failure: 'the counts of this execution do not add up; its commands have been applied',
    };
  }
  return { status: 'SUCCEEDED', failure: null };
}

/** The end of a file that was decided upon as a whole, and of which nothing is stored yet. */
function decided(of: Execution, { refusal, ...end }: Decided, logger: Logger): Ended {
  return {
    ...(refusal === null ? ended(of, end.checkpoint, logger) : { status: 'FAILED', failure: refusal }),
    ...end,
  };
}

async function failed({ id }: Execution, fault: unknown, context: RunContext): Promise<Ending> {
  context.logger.error({ err: fault }, 'execution failed');
  const execution = await untilNoted(() => context.store.executions.get(id), context);
  const applied = execution?.checkpoint.successes ?? 0;
  const visible =
    applied === 0 ? 'nothing of the file was applied' : `${applied} commands had been applied before`;
  return { status: 'FAILED', failure: `${safeMessage(fault)}; ${visible}` };
}

/**
 * Removes what was written of the failed lines of chunks that were not merged, by this worker or
 * one before it. By the checkpoint as it is stored: a merge that failed may have been written all
 * the same. What cannot be removed ends nothing, and goes with the folder.
 */
async function removeOtherErrors(id: string, { store, documents, logger }: RunnerContext): Promise<void> {
  try {
    const execution = await store.executions.get(id);
    if (execution === null || !hasEnded(execution.status) || execution.filesRemovedDate !== null) return;
    await documents.removeOtherErrors(execution.document.folder, errorPartsOf(execution.checkpoint));
  } catch (fault) {
    logger.warn({ err: fault }, 'parts of the error file that do not count could not be removed');
  }
}
