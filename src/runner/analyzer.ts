import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import { type OverlapAnalysis, type OverlapAnalysisEnding, overlapFile } from '../model/overlap-analysis.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';
import { startWorkLoop, type WorkLoop } from './work-loop.ts';

export type AnalyzerContext = {
  readonly store: Store;
  readonly documents: Pick<Documents, 'requireRoom'>;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly intervalMs: number;
};

const PAGE = 1000;

/**
 * Makes the overlap analyses that were asked for, one after the other. What was not finished in a
 * crash is made anew.
 */
export function startAnalyzer(context: AnalyzerContext): WorkLoop {
  return startWorkLoop({
    // whoever ran them is gone: one process makes them at a time
    begin: () => context.store.overlapAnalyses.release(),
    doNext: () => makeNext(context),
    onFault: (err) => context.logger.error({ err }, 'overlap analyses cannot be made now, it is tried again'),
    intervalMs: context.intervalMs,
  });
}

/** Whether there was one. */
async function makeNext(context: AnalyzerContext): Promise<boolean> {
  const { store, logger, clock } = context;
  const next = await store.overlapAnalyses.claim(clock());
  if (next === null) return false;
  const ending = await make(next, context);
  // its segment may be gone
  const noted = await store.overlapAnalyses.finish(next.id, ending);
  logger.info({ analysis_id: next.id, status: noted ? ending.status : 'GONE' }, 'overlap analysis ended');
  return true;
}

async function make(
  { id, datamartId, segmentId, startDate }: OverlapAnalysis,
  { store, documents, logger, clock }: AnalyzerContext,
): Promise<OverlapAnalysisEnding> {
  try {
    // what does not fit in memory goes to the disk meanwhile
    await documents.requireRoom(0);
    const date = startDate ?? clock();
    const overlaps = await store.countOverlapsWith({ segmentId, now: date });
    const segmentIds = await segmentsOf(store, { datamartId, now: date });
    const result = overlapFile({ date, datamartId, segmentId, segmentIds, overlaps });
    return { status: 'SUCCEEDED', failure: null, result, now: clock() };
  } catch (fault) {
    logger.error({ err: fault, analysis_id: id }, 'an overlap analysis failed');
    return { status: 'FAILED', failure: safeMessage(fault), result: null, now: clock() };
  }
}

/** The ids of all segments of a datamart, ascending. */
async function segmentsOf(
  store: Store,
  { datamartId, now }: { datamartId: string; now: number },
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = { firstResult: ids.length, maxResults: PAGE };
    const order = { by: 'id', descending: false } as const;
    const { elements } = await store.segments.list({
      filter: { datamartIds: [datamartId] },
      order,
      page,
      now,
    });
    ids.push(...elements.map((segment) => segment.id));
    if (elements.length < PAGE) return ids;
  }
}
