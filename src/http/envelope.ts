import type { Listed, Page } from '../model/records.ts';

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
