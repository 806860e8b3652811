import { passFaultPoint } from '../fault-points.ts';
import { importGroup } from '../import/import-group.ts';
import { type Ending, type Execution, mayBeGrouped, START } from '../model/execution.ts';
import { inSpan } from '../tracing.ts';
import { observeCheckpoint, observeReaderTrap, observeStart } from './import-metrics.ts';
import { noteEnd } from './note-end.ts';
import { pauseForLookUps } from './pause-for-look-ups.ts';
import {
  ended,
  filesOf,
  LEASE_MS,
  loggerOf,
  type RunContext,
  type RunnerContext,
  renew,
  runExecution,
  type StopReason,
} from './run-execution.ts';

/**
 * What is claimed and applied in one step at most. One file of ten lines takes some 35 ms of CPU by
 * itself, and 1 to 2 ms in a group of 50; uploads wait while a group is merged, so it must not take
 * much longer than they may.
 */
const GROUP = { documents: 100, bytes: 1024 * 1024 } as const;
/** A group takes a tenth of the time of a chunk, and so does its pause for look-ups at most. */
const MOST_PAUSE_MS = 500;

/** The bounds of a group; what becomes visible in one step is never more than a chunk. */
export function groupLimits({ limits }: RunnerContext): { documents: number; bytes: number } {
  return { documents: GROUP.documents, bytes: Math.min(GROUP.bytes, limits.bytes) };
}

/**
 * Runs executions that were claimed together until each has ended, is given back, or is somebody
 * else's: in one step where they are small, and otherwise, or when that did not go smoothly, one
 * after the other. Never throws.
 */
export async function runClaimed(
  claimed: readonly Execution[],
  context: RunContext,
  stops: ReadonlyMap<string, AbortController>,
): Promise<void> {
  await inSpan('muster.run', attributesOf(claimed), () => run(claimed, context, stops));
}

async function run(
  claimed: readonly Execution[],
  context: RunContext,
  stops: ReadonlyMap<string, AbortController>,
): Promise<void> {
  passFaultPoint('execution-claimed');
  const stopOf = ({ id }: Execution) => stops.get(id) ?? new AbortController();
  const running = new Set(claimed);
  const turnEndsAt = performance.now() + context.turnMs;
  for (const execution of claimed) {
    const { checkpoint, document } = execution;
    loggerOf(execution, context).info(
      { from_line: checkpoint.line, bytes: document.bytes },
      'execution started',
    );
    observeStart(execution);
  }
  const heartbeat = setInterval(() => {
    for (const execution of running) void renew(execution.id, context, stopOf(execution));
  }, LEASE_MS / 3);
  try {
    if (await runTogether(claimed, context, stopOf)) return;
    for (const execution of claimed) {
      const left = { ...context, turnMs: Math.max(0, turnEndsAt - performance.now()) };
      await runExecution(execution, left, stopOf(execution));
      running.delete(execution);
      // Those behind it in its datamart must not overtake it.
      if (stopOf(execution).signal.reason !== 'TURN_OVER') continue;
      for (const behind of running) stopOf(behind).abort('TURN_OVER' satisfies StopReason);
    }
  } finally {
    clearInterval(heartbeat);
  }
}

/** Whether all of them have ended; if not, nothing has happened to any. */
async function runTogether(
  claimed: readonly Execution[],
  context: RunnerContext,
  stopOf: (execution: Execution) => AbortController,
): Promise<boolean> {
  const [first] = claimed;
  const { bytes } = groupLimits(context);
  const isSmall = claimed.reduce((sum, { document }) => sum + document.bytes, 0) <= bytes;
  const isFresh = claimed.every(
    (execution) => execution.checkpoint.offset === 0 && !execution.cancelRequested && mayBeGrouped(execution),
  );
  if (!first || first.startDate === null || !isSmall || !isFresh) return false;
  const byId = new Map(claimed.map((execution) => [execution.id, execution]));
  const endings = new Map<string, Ending>();
  try {
    await pauseForLookUps(
      claimed.map((execution) => ({ execution, at: START })),
      context,
      {
        signal: AbortSignal.any(claimed.map((execution) => stopOf(execution).signal)),
        mostMs: MOST_PAUSE_MS,
      },
    );
    const checkpoints = await importGroup(
      {
        documents: claimed.map((execution) => filesOf(execution, context)),
        datamartId: first.datamartId,
        startDate: first.startDate,
        worker: context.worker,
        limits: context.limits,
        onReaderTrap: observeReaderTrap(loggerOf(first, context)),
        isStopped: () => claimed.some((execution) => stopOf(execution).signal.aborted),
        ending: (executionId, checkpoint) => {
          const of = byId.get(executionId) ?? first;
          const ending = ended(of, checkpoint, loggerOf(of, context));
          endings.set(executionId, ending);
          return { ...ending, now: context.clock() };
        },
      },
      context.store,
    );
    if (checkpoints === null) return false;
    for (const [i, execution] of claimed.entries()) {
      const checkpoint = checkpoints[i] ?? START;
      observeCheckpoint(START, checkpoint);
      const ending = endings.get(execution.id);
      if (ending === undefined) continue;
      noteEnd(
        { execution, status: ending.status, checkpoint, now: context.clock() },
        loggerOf(execution, context),
      );
    }
    return true;
  } catch (fault) {
    context.logger.warn(
      { err: fault, executions: claimed.length },
      'a group met a fault, its executions run singly',
    );
    return false;
  }
}

function attributesOf(claimed: readonly Execution[]) {
  return {
    'muster.datamart_id': claimed[0]?.datamartId ?? '',
    'muster.execution_ids': claimed.map(({ id }) => id),
  };
}
