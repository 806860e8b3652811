import { type Static, Type } from 'typebox';
import { ServiceError } from '../errors.ts';
import { EXECUTION_STATUSES, type ExecutionStatus, hasEnded } from '../model/execution.ts';
import { durationOf } from '../model/execution-counts.ts';
import type { Listed, Page } from '../model/records.ts';
import { Id, Instant, isId, MOST_RESULTS, nullableInteger, nullableText, oneOf } from './schemas.ts';

/** The answer with one object (spec §2). */
export function ok<T>(element: T) {
  return { status: 'ok' as const, data: element };
}

/** The answer with a page of a list. */
export function okList<T, View>(listed: Listed<T>, page: Page, view: (element: T) => View) {
  const elements = listed.elements.map(view);
  return {
    status: 'ok' as const,
    data: elements,
    count: elements.length,
    first_result: page.firstResult,
    max_results: page.maxResults,
    total: listed.total,
  };
}

const DEFAULT_RESULTS = 50;

/** The page that a validated query asks for. */
export function pageOf(query: { first_result?: number; max_results?: number }): Page {
  return {
    firstResult: query.first_result ?? 0,
    maxResults: Math.min(query.max_results ?? DEFAULT_RESULTS, MOST_RESULTS),
  };
}

/** The elements of a comma-separated parameter; undefined when there are none. */
export function listOf(joined: string | undefined): readonly string[] | undefined {
  if (joined === undefined) return undefined;
  const elements = joined.split(',').flatMap((element) => element.trim() || []);
  return elements.length === 0 ? undefined : elements;
}

/** The ids of a comma-separated list; undefined without any. Throws INVALID_REQUEST. */
export function idsOf(name: string, joined: string | undefined): readonly string[] | undefined {
  const ids = listOf(joined);
  const wrong = ids?.find((id) => !isId(id));
  if (wrong === undefined) return ids;
  throw new ServiceError(
    'INVALID_REQUEST',
    `${name} must be ids with commas between them, got ${JSON.stringify(wrong.slice(0, 60))}`,
  );
}

/** A page of a list that is there as a whole. */
export function pageOfAll<T>(all: readonly T[], page: Page) {
  const elements = all.slice(page.firstResult, page.firstResult + page.maxResults);
  return okList({ elements, total: all.length }, page, (element) => element);
}

/** What executions have in common, whatever their job is, in the members of the original. */
export const JOB_MEMBERS = {
  id: Id,
  status: oneOf(EXECUTION_STATUSES),
  creation_date: Instant,
  start_date: nullableInteger(),
  duration: nullableInteger({ description: 'ms' }),
  organisation_id: Id,
  user_id: nullableText(),
};
export const JobError = Type.Unsafe<{ message: string } | null>({
  type: ['object', 'null'],
  properties: { message: { type: 'string' } },
});

type Job = {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly creationDate: number;
  readonly startDate: number | null;
  readonly endDate: number | null;
  readonly organisationId: string;
  readonly userId: string | null;
};

export function viewJob(of: Job): Static<ReturnType<typeof Type.Object<typeof JOB_MEMBERS>>> {
  return {
    id: of.id,
    status: of.status,
    creation_date: of.creationDate,
    start_date: of.startDate,
    duration: durationOf(of),
    organisation_id: of.organisationId,
    user_id: of.userId,
  };
}

export function viewFailure(of: Job & { readonly failure: string | null }): Static<typeof JobError> {
  return hasEnded(of.status) && of.failure !== null ? { message: of.failure } : null;
}
