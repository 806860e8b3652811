import { notFound, ServiceError } from '../errors.ts';
import {
  EXECUTION_STATUSES,
  type Execution,
  type ExecutionStatus,
  type NewExecution,
} from '../model/execution.ts';
import type { HttpDependencies } from './dependencies.ts';
import { listOf } from './paging.ts';

/** What the routes of document imports and of single-segment imports have in common. */

/** Makes an execution of a document that has been received, or removes the document again. */
export async function startExecution(
  { store, documents, wakeRunner }: HttpDependencies,
  execution: NewExecution,
): Promise<Execution> {
  let created: Execution | null = null;
  try {
    created = await store.executions.create(execution);
  } finally {
    if (created === null) await documents.remove(execution.document.folder);
  }
  if (created === null) throw notFound();
  wakeRunner();
  return created;
}

/** Carries out the `action` of a client on an execution; CANCEL is the only one. */
export async function actOnExecution(
  { store, clock, wakeRunner }: HttpDependencies,
  { execution, action }: { readonly execution: Execution; readonly action: string },
): Promise<Execution> {
  if (action !== 'CANCEL') {
    throw new ServiceError(
      'INVALID_ACTION',
      `action must be CANCEL, got ${JSON.stringify(action.slice(0, 100))}`,
    );
  }
  const canceled = await store.executions.cancel(execution.id, clock());
  if (canceled === null) throw notFound();
  if (canceled === 'ENDED') {
    const { status } = (await store.executions.get(execution.id)) ?? execution;
    throw new ServiceError(
      'CONFLICT',
      `only an execution that has not ended can be canceled, it is ${status}`,
    );
  }
  wakeRunner();
  return canceled;
}

/** The statuses of a comma-joined filter; undefined for all. */
export function readStatuses(joined: string | undefined): readonly ExecutionStatus[] | undefined {
  return listOf(joined)?.map((name) => {
    const status = EXECUTION_STATUSES.find((candidate) => candidate === name);
    if (status !== undefined) return status;
    const expected = EXECUTION_STATUSES.join(', ');
    throw new ServiceError(
      'INVALID_REQUEST',
      `status must be among ${expected}, got ${JSON.stringify(name)}`,
    );
  });
}
