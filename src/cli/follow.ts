import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiExecution, hasEnded } from './api.ts';
import type { Client } from './client.ts';
import { getExecution } from './executions.ts';
import { ApiError } from './failures.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** A service that restarts goes on with the execution, so that waiting outlasts that. */
const MOST_FAILED_POLLS = 15;

type Following = {
  readonly first: ApiExecution;
  /** Of the executions under which it is found. */
  readonly path: string;
  readonly onLook: (execution: ApiExecution) => void;
  readonly signal: AbortSignal;
};

/**
 * Waits until an execution has ended, or the signal says that nobody waits any longer: by its
 * events, and where there are none, or they break off, by asking ever more rarely.
 */
export async function followExecution(client: Client, of: Following): Promise<ApiExecution> {
  const last = await followEvents(client, of);
  return hasEnded(last) || of.signal.aborted ? last : pollExecution(client, { ...of, first: last });
}

/** The last state that its events told of; the first one when there are none to be had. */
async function followEvents(client: Client, of: Following): Promise<ApiExecution> {
  let execution = of.first;
  of.onLook(execution);
  try {
    const answer = await client.events(`${of.path}/${execution.id}/events`, of.signal);
    if (!answer.ok || answer.body === null) return execution;
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) {
      const events = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) execution = stateIn(event) ?? execution;
      of.onLook(execution);
    }
  } catch {
    // whatever it was, asking shows whether it matters
  }
  return execution;
}

function stateIn(event: string): ApiExecution | null {
  const line = event.split('\n').find((candidate) => candidate.startsWith('data: '));
  return line === undefined ? null : (JSON.parse(line.slice('data: '.length)) as ApiExecution);
}

async function pollExecution(client: Client, of: Following): Promise<ApiExecution> {
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
