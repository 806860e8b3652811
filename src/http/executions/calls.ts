import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { makeExecution } from '../../make-execution.ts';
import type { Author } from '../../model/audit.ts';
import {
  EXECUTION_KINDS,
  EXECUTION_STATUSES,
  type Execution,
  type ExecutionStatus,
  hasEnded,
  type Job,
} from '../../model/execution.ts';
import type { ExecutionFilter, RevertRefusal, Upload } from '../../store/execution-records.ts';
import { findDatamart } from '../access.ts';
import { listOf, okList, pageOf } from '../answers.ts';
import { observeUploaded } from '../request-metrics.ts';
import type { ExecutionFilterQuery, ExecutionsQuery } from '../schemas.ts';
import { isId } from '../schemas.ts';
import type { HttpDependencies } from '../types.ts';
import { type Corrections, viewExecution } from './view.ts';

/** Where routes lie, and what OpenAPI says of all of them. */
export type Place = { readonly path: string; readonly params: TObject; readonly tags: string[] };

/** What executions are of: told apart by job and filter. */
export type Owner = { readonly job: Job; readonly filter: ExecutionFilter };

/** What the routes of document imports and of single-segment imports have in common. */

/**
 * Makes an execution of a document that has been received. Where its key is known already the
 * answer is the first execution, under a header that says so.
 */
export async function startExecution(
  { store, documents }: HttpDependencies,
  { upload, reply }: { readonly upload: Upload; readonly reply: FastifyReply },
): Promise<Execution> {
  const made = await makeExecution({ store, documents }, upload);
  if (made === null) throw notFound();
  if (made === 'KEY_REUSED') {
    throw new ServiceError(
      'IDEMPOTENCY_KEY_REUSED',
      'this Idempotency-Key was already used for another file or other parameters: use a new key',
    );
  }
  if (made.document.folder === upload.document.folder) observeUploaded(made.document.bytes);
  else reply.header('Idempotent-Replayed', 'true');
  return made;
}

/**
 * The answer of a list of executions: those that `filter` leaves, by status and page as the query
 * says.
 */
export async function listExecutions(
  { store, clock, progress }: HttpDependencies,
  { filter, query }: { readonly filter: ExecutionFilter; readonly query: Static<typeof ExecutionsQuery> },
) {
  const page = pageOf(query);
  const statuses = readStatuses(query.status);
  const runs = progress.runs();
  const listed = await store.executions.list({
    filter: statuses === undefined ? filter : { ...filter, statuses },
    page,
  });
  const corrections = await correctionsOf({ store }, listed.elements);
  return okList(listed, page, (execution) =>
    viewExecution(execution, clock(), { live: runs.get(execution.id), corrections }),
  );
}

/** What corrects each of some executions; asked of those alone of which lines failed. */
export function correctionsOf(
  { store }: Pick<HttpDependencies, 'store'>,
  executions: readonly Execution[],
): Promise<Corrections> {
  const ids = executions.flatMap(({ id, status, checkpoint }) =>
    hasEnded(status) && checkpoint.failures > 0 ? [id] : [],
  );
  return ids.length === 0 ? Promise.resolve(new Map()) : store.executions.listCorrections(ids);
}

/** The execution with this id, if it is one of `job`; one of another job is not found. */
export async function findExecution(
  { request, dependencies: { store } }: { request: FastifyRequest; dependencies: HttpDependencies },
  { id, job }: { readonly id: string; readonly job: Job },
): Promise<Execution> {
  const execution = isId(id) ? await store.executions.get(id) : null;
  if (execution === null || !isDeepStrictEqual(execution.job, job)) throw notFound();
  request.executionId = execution.id;
  return execution;
}

/** The execution with this id, whatever it is of, if it is of this datamart. */
export async function findExecutionOfDatamart(
  looking: { request: FastifyRequest; dependencies: HttpDependencies },
  { datamartId, id }: { readonly datamartId: string; readonly id: string },
): Promise<Execution> {
  const datamart = await findDatamart(looking, datamartId);
  const execution = isId(id) ? await looking.dependencies.store.executions.get(id) : null;
  if (execution === null || execution.datamartId !== datamart.id) throw notFound();
  looking.request.executionId = execution.id;
  return execution;
}

type Act = { readonly execution: Execution; readonly action: string; readonly author: Author };

/**
 * Carries out the `action` of a client on an execution; resolves to it, or to the new one of a
 * REVERT.
 */
export async function actOnExecution(dependencies: HttpDependencies, act: Act): Promise<Execution> {
  if (act.action === 'CANCEL') return cancelExecution(dependencies, act);
  if (act.action === 'REVERT') return revertExecution(dependencies, act);
  const got = JSON.stringify(act.action.slice(0, 100));
  throw new ServiceError('INVALID_ACTION', `action must be CANCEL or REVERT, got ${got}`);
}

/** Why there is nothing to revert, as clients are told. */
export const REVERT_REFUSALS: Readonly<Record<RevertRefusal, string>> = {
  NOT_ENDED: 'only an execution that has ended can be reverted; CANCEL it first',
  NOTHING_CHANGED: 'there is nothing to revert: the execution changed no membership',
  REVERTED:
    'the execution is reverted already; to undo that, revert the execution in reverted_by_execution_id',
  FORGOTTEN: 'there is nothing to revert: the changes of this execution are no longer stored (historyDays)',
};

async function revertExecution(
  { store, clock }: HttpDependencies,
  { execution, author }: Act,
): Promise<Execution> {
  const asked = { folder: randomUUID(), userId: author.tokenId, now: clock(), author };
  const revert = await store.executions.revert(execution.id, asked);
  if (revert === null) throw notFound();
  if (typeof revert === 'string') throw new ServiceError('CONFLICT', REVERT_REFUSALS[revert]);
  return revert;
}

async function cancelExecution(
  { store, clock }: HttpDependencies,
  { execution, author }: Act,
): Promise<Execution> {
  const canceled = await store.executions.cancel(execution.id, clock(), author);
  if (canceled === null) throw notFound();
  if (canceled === 'ENDED') {
    const { status } = (await store.executions.get(execution.id)) ?? execution;
    throw new ServiceError(
      'CONFLICT',
      `only an execution that has not ended can be canceled, it is ${status}`,
    );
  }
  return canceled;
}

/** The statuses of a comma-separated filter; undefined for all. */
export function readStatuses(joined: string | undefined): readonly ExecutionStatus[] | undefined {
  return readAmong('status', joined, EXECUTION_STATUSES);
}

/**
 * The filter of a list of all executions of a datamart, but for their statuses. Throws
 * INVALID_REQUEST.
 */
export function readExecutionFilter(
  datamartId: string,
  query: Omit<Static<typeof ExecutionFilterQuery>, 'status'>,
): ExecutionFilter {
  const { from, to } = query;
  if (from !== undefined && to !== undefined && to <= from)
    throw new ServiceError('INVALID_REQUEST', `from must be before to, got ${from} and ${to}`);
  return {
    datamartId,
    documentImportId: query.document_import_id,
    segmentId: query.segment_id,
    kinds: readAmong('job_type', query.job_type, EXECUTION_KINDS),
    isDryRun: query.dry_run,
    mode: query.mode,
    hasFailedLines: query.has_failed_lines,
    userId: query.user_id,
    fileName: query.file_name,
    createdFrom: from,
    createdBefore: to,
  };
}

/**
 * The values of a comma-separated parameter, each one of these; undefined for all. Throws
 * INVALID_REQUEST.
 */
function readAmong<T extends string>(
  parameter: string,
  joined: string | undefined,
  values: readonly T[],
): readonly T[] | undefined {
  return listOf(joined)?.map((name) => {
    const value = values.find((candidate) => candidate === name);
    if (value !== undefined) return value;
    const expected = values.join(', ');
    throw new ServiceError(
      'INVALID_REQUEST',
      `${parameter} must be among ${expected}, got ${JSON.stringify(name)}`,
    );
  });
}
