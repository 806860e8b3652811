import type { QueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { send } from '../api/client.ts';
import { executionPath } from '../api/paths.ts';
import type { Execution } from '../api/types.ts';
import { hasEnded } from '../api/use-execution.ts';
import { lineOf } from '../parts/problem.tsx';
import { canResend, resend } from './resend.ts';

/** What can be done to runs, to one or to several of them. */
export const RUN_ACTIONS = ['CANCEL', 'RESEND_FAILED_LINES', 'RESEND_FILE'] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];

/** Whether an action has something to do with a run. */
export function isFor(action: RunAction, execution: Execution): boolean {
  if (action === 'CANCEL') return !hasEnded(execution);
  return canResend(execution, action === 'RESEND_FILE' ? 'FILE' : 'FAILED_LINES');
}

export type RunOutcome = {
  /** The runs that there are now: canceled, or new. */
  readonly done: readonly Execution[];
  /** What the service refused, and why, in one line each. */
  readonly refused: readonly { readonly execution: Execution; readonly reason: ReactNode }[];
};

/**
 * Does something to runs, one after the other and the oldest first. What is refused does not stop
 * the others.
 */
export async function actOn(
  client: QueryClient,
  action: RunAction,
  executions: readonly Execution[],
): Promise<RunOutcome> {
  const done: Execution[] = [];
  const refused: RunOutcome['refused'][number][] = [];
  for (const execution of executions.toReversed()) {
    try {
      done.push(await act(client, action, execution));
    } catch (error) {
      refused.push({ execution, reason: lineOf(error) });
    }
  }
  await client.invalidateQueries({ queryKey: ['executions'] });
  await client.invalidateQueries({ queryKey: ['execution'] });
  return { done, refused };
}

function act(client: QueryClient, action: RunAction, execution: Execution): Promise<Execution> {
  if (action === 'CANCEL')
    return send<Execution>('POST', `${executionPath(execution)}/action`, { action: 'CANCEL' });
  return resend(client, execution, action === 'RESEND_FILE' ? 'FILE' : 'FAILED_LINES');
}
