import { ServiceError } from '../errors.ts';
import type { Page } from '../model/records.ts';
import { isId } from './access.ts';
import { okList } from './envelope.ts';
import { MOST_RESULTS } from './schemas.ts';

const DEFAULT_RESULTS = 50;

/** The page that a validated query asks for. */
export function pageOf(query: { first_result?: number; max_results?: number }): Page {
  return {
    firstResult: query.first_result ?? 0,
    maxResults: Math.min(query.max_results ?? DEFAULT_RESULTS, MOST_RESULTS),
  };
}

/** The elements of a comma-joined parameter; undefined when there are none. */
export function listOf(joined: string | undefined): readonly string[] | undefined {
  if (joined === undefined) return undefined;
  const elements = joined.split(',').flatMap((element) => element.trim() || []);
  return elements.length === 0 ? undefined : elements;
}

/** The ids of a comma-joined parameter; undefined when there are none. Throws INVALID_REQUEST. */
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
