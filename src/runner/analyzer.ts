import type { Logger } from 'pino';
import type { Documents } from '../documents/documents.ts';
import { type OverlapAnalysisEnding, overlapFile } from '../model/overlap-analysis.ts';
import type { SegmentJob } from '../model/segment-job.ts';
import { safeMessage } from '../safe-message.ts';
import type { Store } from '../store/store.ts';
import type { Job } from './job.ts';
import { segmentJob } from './segment-job.ts';

export type AnalyzerContext = {
  readonly store: Store;
  readonly documents: Pick<Documents, 'requireRoom'>;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly intervalMs: number;
};

const PAGE = 1000;

/** Makes the overlap analyses that were asked for. */
export function overlapAnalysisJob(context: AnalyzerContext): Job {
  const { store, clock } = context;
  return segmentJob<SegmentJob, OverlapAnalysisEnding>(
    {
      name: 'overlap analyses',
      wokenBy: 'OVERLAP_ANALYSIS_DUE',
      queue: store.overlapAnalyses,
      make: (queued) => make(queued, context),
      failed: (fault) => ({ status: 'FAILED', failure: safeMessage(fault), result: null, now: clock() }),
      log: {
        id: 'analysis_id',
        ended: 'overlap analysis ended',
        failed: 'an overlap analysis failed',
        fault: 'overlap analyses cannot be made now, it is tried again',
      },
    },
    context,
  );
}

async function make(
  { datamartId, segmentId, startDate }: SegmentJob,
  { store, documents, clock }: AnalyzerContext,
): Promise<OverlapAnalysisEnding> {
  // what does not fit in memory goes to the disk meanwhile
  await documents.requireRoom(0);
  const date = startDate ?? clock();
  const overlaps = await store.countOverlapsWith({ segmentId, now: date });
  const segmentIds = await segmentsOf(store, { datamartId, now: date });
  const result = overlapFile({ date, datamartId, segmentId, segmentIds, overlaps });
  return { status: 'SUCCEEDED', failure: null, result, now: clock() };
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
