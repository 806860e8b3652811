import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { authorOf, findDatamart, findSegment, tokenOf } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { ok, okList } from '../envelope.ts';
import { readStatuses } from '../execution-calls.ts';
import { createJobAdmission } from '../job-admission.ts';
import { FirstPartyOverlap, OverlapAnalysisView, viewOverlapAnalysis } from '../overlap-analysis-view.ts';
import { pageOf } from '../paging.ts';
import { answersWith, answersWithList, DatamartParams, ExecutionsQuery } from '../schemas.ts';
import type { App } from '../types.ts';

const Body = Type.Object({ first_party_overlap: FirstPartyOverlap });
const Params = Type.Object({ segmentId: Type.String() });
const tags = ['segments'];

/**
 * How many members of one segment are in each other of its datamart: asked for, counted in the
 * background, and downloaded.
 */
export function overlapAnalysisRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock, config: settings, wakeAnalyzer } = dependencies;
  const admission = createJobAdmission(store.overlapAnalyses.loadOf, {
    ...settings,
    bytes: { setting: 'maxAnalysisBytes', most: settings.maxAnalysisBytes },
  });
  const config = { role: 'reader' } as const;

  const postSchema = {
    tags,
    summary: 'Asks for the overlaps of a segment with all others of the datamart',
    params: DatamartParams,
    body: Body,
    response: answersWith(OverlapAnalysisView),
  };
  app.post('/datamarts/:datamartId/overlap_analysis', { config, schema: postSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const { source } = request.body.first_party_overlap;
    if (source.datamart_id !== undefined && source.datamart_id !== datamart.id) {
      throw new ServiceError(
        'INVALID_REQUEST',
        `first_party_overlap.source.datamart_id must be that of the path, ${datamart.id}, got ${source.datamart_id}`,
      );
    }
    const segment = await findSegment({ request, dependencies }, source.segment_id);
    if (segment.datamartId !== datamart.id) throw notFound();
    const wanted = {
      organisationId: segment.organisationId,
      datamartId: datamart.id,
      segmentId: segment.id,
      userId: tokenOf(request).id,
      creationDate: clock(),
    };
    const created = await admission.create(wanted, () =>
      store.overlapAnalyses.create(wanted, authorOf(request, dependencies)),
    );
    if (created === null) throw notFound();
    wakeAnalyzer();
    return ok(viewOverlapAnalysis(created));
  });

  const listSchema = {
    tags,
    summary: 'Lists overlap analyses of a segment, newest first',
    params: Params,
    querystring: ExecutionsQuery,
    response: answersWithList(OverlapAnalysisView),
  };
  app.get(
    '/audience_segments/:segmentId/overlap_analysis',
    { config, schema: listSchema },
    async (request) => {
      const segment = await findSegment({ request, dependencies }, request.params.segmentId);
      const page = pageOf(request.query);
      const statuses = readStatuses(request.query.status);
      const of = { segmentId: segment.id, ...(statuses ? { statuses } : {}), page };
      return okList(await store.overlapAnalyses.list(of), page, viewOverlapAnalysis);
    },
  );
}
