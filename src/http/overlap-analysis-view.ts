import { type Static, Type } from 'typebox';
import { EXECUTION_STATUSES } from '../model/execution.ts';
import type { OverlapAnalysis } from '../model/overlap-analysis.ts';
import { overlapsUri } from './file-uri.ts';
import { JOB_MEMBERS, JobError, viewFailure, viewJob } from './job-view.ts';
import { Count, Id, oneOf } from './schemas.ts';

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

export function viewOverlapAnalysis(of: OverlapAnalysis): Static<typeof OverlapAnalysisView> {
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
