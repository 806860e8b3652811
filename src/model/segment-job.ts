import { EXECUTION_STATUSES } from './execution.ts';
import type { RecordOf } from './record.ts';
import { Id, Instant, nullableInteger, nullableText, oneOf } from './schema.ts';

/** A file that is made of a segment in the background: an export, or an overlap analysis. */
export const SEGMENT_JOB_FIELDS = {
  id: Id,
  organisation_id: Id,
  datamart_id: Id,
  segment_id: Id,
  user_id: nullableText({ description: 'id of the token that asked for it' }),
  status: oneOf(EXECUTION_STATUSES),
  creation_date: Instant,
  start_date: nullableInteger(),
  end_date: nullableInteger(),
  failure: nullableText({ description: 'why it FAILED' }),
};

export type SegmentJob = RecordOf<typeof SEGMENT_JOB_FIELDS>;

/** What one is until it is claimed. */
export const PENDING_JOB = { status: 'PENDING', startDate: null, endDate: null, failure: null } as const;
export type NewSegmentJob = Omit<SegmentJob, 'id' | keyof typeof PENDING_JOB>;
