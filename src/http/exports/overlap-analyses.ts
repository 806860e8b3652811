import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { EXECUTION_STATUSES } from '../../model/execution.ts';
import type { SegmentJob } from '../../model/segment-job.ts';
import { authorOf, findDatamart, findSegment, tokenOf } from '../access.ts';
import { JOB_MEMBERS, JobError, ok, okList, pageOf, viewFailure, viewJob } from '../answers.ts';
import { overlapsUri } from '../data-files/uri.ts';
import { readStatuses } from '../executions/calls.ts';
import {
  answersWith,
  answersWithList,
  Count,
  DatamartParams,
  ExecutionsQuery,
  Id,
  oneOf,
} from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { createJobAdmission } from './admission.ts';

/** What is compared, as the original's front end sends it. */
export const FirstPartyOverlap = Type.Object({
  type: Type.Optional(oneOf(['FIRST_PARTY_OVERLAP'])),
  source: Type.Object({
    type: Type.Optional(oneOf(['segment_overlap'])),
    segment_id: Id,
    datamart_id: Type.Optional(Id),
  }),
});

const OutputResult = Type.Object({
  status: oneOf(EXECUTION_STATUSES),
  result: Type.Object({ data_file_uri: Type.String() }),
});

/** An overlap analysis, in the members of the original's job executions. */
export const OverlapAnalysisView = Type.Object({
  ...JOB_MEMBERS,
  num_tasks: Count,
  completed_tasks: Count,
  erroneous_tasks: Count,
  external_model_name: Type.Literal('PUBLIC_AUDIENCE_SEGMENT'),
  job_type: Type.Literal('OVERLAP_ANALYSIS'),
  parameters: Type.Object({ datamart_id: Id, first_party_overlap: FirstPartyOverlap }),
  output_result: Type.Unsafe<Static<typeof OutputResult> | null>({
    ...OutputResult,
    type: ['object', 'null'],
  }),
  error: JobError,
});

export function viewOverlapAnalysis(of: SegmentJob): Static<typeof OverlapAnalysisView> {
  const { datamartId: datamart_id, segmentId: segment_id, status } = of;
  const isDone = status === 'SUCCEEDED';
  return {
    ...viewJob(of),
    num_tasks: 1,
    completed_tasks: isDone ? 1 : 0,
    erroneous_tasks: 0,
    external_model_name: 'PUBLIC_AUDIENCE_SEGMENT',
    job_type: 'OVERLAP_ANALYSIS',
    parameters: {
      datamart_id,
      first_party_overlap: {
        type: 'FIRST_PARTY_OVERLAP',
        source: { type: 'segment_overlap', segment_id, datamart_id },
      },
    },
    output_result: isDone ? { status, result: { data_file_uri: overlapsUri(of) } } : null,
    error: viewFailure(of),
  };
}

const Body = Type.Object({ first_party_overlap: FirstPartyOverlap });
const Params = Type.Object({ segmentId: Type.String() });
const tags = ['segments'];

/**
 * How many members of one segment are in each other of its datamart: asked for, counted in the
 * background, and downloaded.
 */
export function overlapAnalysisRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock, config: settings } = dependencies;
  const admission = createJobAdmission(store.overlapAnalyses.loadOf, {
    ...settings,
    bytes: { setting: 'maxAnalysisBytes', most: settings.maxAnalysisBytes },
  });
  const config = { role: 'reader' } as const;

  const postSchema = {
    tags,
    summary: 'Starts an analysis of the overlaps of a segment with all others of the datamart',
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
