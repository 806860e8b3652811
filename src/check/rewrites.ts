import type { Execution } from '../model/execution.ts';
import type { StoreToCheck } from '../store/store.ts';

const PAGE = 1000;

/**
 * Tells whether the files of an execution may have been rewritten since they came, to take erased
 * users out of them: what is known of an erasure does not say which files. Reads the erasures of a
 * datamart once.
 */
export function readRewrites(erasures: StoreToCheck['erasures']): (execution: Execution) => Promise<boolean> {
  const lastByDatamart = new Map<string, Promise<number>>();
  return async ({ datamartId, creationDate }) => {
    const last = lastByDatamart.get(datamartId) ?? readLast(erasures, datamartId);
    lastByDatamart.set(datamartId, last);
    return creationDate <= (await last);
  };
}

/** When the last user was erased that files may have named. */
async function readLast(erasures: StoreToCheck['erasures'], datamartId: string): Promise<number> {
  for (let firstResult = 0; ; firstResult += PAGE) {
    const { elements } = await erasures.list({ datamartId, page: { firstResult, maxResults: PAGE } });
    const last = elements.find(({ status, filesRewritten }) => status === 'PENDING' || filesRewritten > 0);
    if (last !== undefined) return last.creationDate;
    if (elements.length < PAGE) return Number.NEGATIVE_INFINITY;
  }
}
