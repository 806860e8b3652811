import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiExecution, hasEnded } from './api.ts';
import type { Client } from './client.ts';
import { getExecution } from './executions.ts';
import { ApiError } from './failures.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** A service that restarts goes on with the execution, so that waiting outlasts that. */
const MOST_FAILED_POLLS = 15;

/** Asks for the execution, ever more rarely, until it has ended or the signal says that nobody waits any longer. */
export async function followExecution(
  client: Client,
  of: {
    first: ApiExecution;
    /** What lists the execution, under `/v1`. */
    path: string;
    onLook: (execution: ApiExecution) => void;
    signal: AbortSignal;
  },
): Promise<ApiExecution> {
  let execution = of.first;
  let failedPolls = 0;
  for (let waitMs = FIRST_WAIT_MS; !hasEnded(execution); waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS)) {
    of.onLook(execution);
    await sleep(waitMs, undefined, { signal: of.signal }).catch(() => {});
    if (of.signal.aborted) return execution;
    try {
      execution = await getExecution(client, of.path, execution.id);
      failedPolls = 0;
    } catch (error) {
      failedPolls += 1;
      if (error instanceof ApiError || failedPolls > MOST_FAILED_POLLS) throw error;
    }
  }
  return execution;
}
