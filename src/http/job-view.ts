import { type Static, Type } from 'typebox';
import { EXECUTION_STATUSES, type ExecutionStatus, hasEnded } from '../model/execution.ts';
import { durationOf } from '../model/execution-counts.ts';
import { Id, Instant, nullableInteger, nullableText, oneOf } from './schemas.ts';

/** What executions have in common, whatever their job is, in the members of the original. */
export const JOB_MEMBERS = {
  id: Id,
  status: oneOf(EXECUTION_STATUSES),
  creation_date: Instant,
  start_date: nullableInteger(),
  duration: nullableInteger({ description: 'ms' }),
  organisation_id: Id,
  user_id: nullableText(),
};
export const JobError = Type.Unsafe<{ message: string } | null>({
  type: ['object', 'null'],
  properties: { message: { type: 'string' } },
});

type Job = {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly creationDate: number;
  readonly startDate: number | null;
  readonly endDate: number | null;
  readonly organisationId: string;
  readonly userId: string | null;
};

export function viewJob(of: Job): Static<ReturnType<typeof Type.Object<typeof JOB_MEMBERS>>> {
  return {
    id: of.id,
    status: of.status,
    creation_date: of.creationDate,
    start_date: of.startDate,
    duration: durationOf(of),
    organisation_id: of.organisationId,
    user_id: of.userId,
  };
}

export function viewFailure(of: Job & { readonly failure: string | null }): Static<typeof JobError> {
  return hasEnded(of.status) && of.failure !== null ? { message: of.failure } : null;
}
