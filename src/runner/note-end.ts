import type { Logger } from 'pino';
import { type Checkpoint, commandsOf, type EndedStatus, type Execution } from '../model/execution.ts';
import { observeEnd } from './import-metrics.ts';

type End = {
  readonly execution: Execution;
  readonly status: EndedStatus;
  readonly checkpoint: Checkpoint;
  readonly now: number;
};

/**
 * Logs and counts the end of an execution: what came of it and how long it took, waiting for turns
 * included.
 */
export function noteEnd({ execution, status, checkpoint, now }: End, logger: Logger): void {
  const { failures, failuresByCode } = checkpoint;
  observeEnd(status);
  logger.info(
    {
      status,
      ms: now - (execution.startDate ?? now),
      commands: commandsOf(checkpoint),
      failures,
      ...(failures === 0 ? {} : { failures_by_code: failuresByCode }),
    },
    'execution ended',
  );
}
