import { type Static, Type } from 'typebox';
import { EXECUTION_STATUSES, hasEnded } from '../model/execution.ts';
import type { OverlapAnalysis } from '../model/overlap-analysis.ts';
import { overlapsUri } from './file-uri.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from './schemas.ts';

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
  id: Id,
  status: oneOf(EXECUTION_STATUSES),
  creation_date: Instant,
  start_date: nullableInteger(),
  duration: nullableInteger({ description: 'ms' }),
  organisation_id: Id,
  user_id: nullableText(),
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
  error: Type.Unsafe<{ message: string } | null>({
    type: ['object', 'null'],
    properties: { message: { type: 'string' } },
  }),
});

export function viewOverlapAnalysis(of: OverlapAnalysis): Static<typeof OverlapAnalysisView> {
  const { datamartId: datamart_id, segmentId: segment_id, status } = of;
  const isDone = status === 'SUCCEEDED';
  return {
    id: of.id,
    status,
    creation_date: of.creationDate,
    start_date: of.startDate,
    duration: of.endDate === null ? null : Math.max(1, of.endDate - (of.startDate ?? of.endDate)),
    organisation_id: of.organisationId,
    user_id: of.userId,
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
    error: hasEnded(status) && of.failure !== null ? { message: of.failure } : null,
  };
}
