import { commandsOf, type Execution, hasEnded } from './execution.ts';
import { countWarnings } from './warning.ts';

/**
 * What an execution did, by the names that the API has for it: in its answers, and in what webhooks
 * are told.
 */
export function countsOf(of: Execution) {
  const { successes, failures, notApplied, failuresByCode, effects, errorLinesOmitted, warnings } =
    of.checkpoint;
  return {
    total_success: successes,
    total_failure: failures,
    not_applied: notApplied,
    failures_by_code: { ...failuresByCode },
    ...(errorLinesOmitted === 0 ? {} : { error_lines_omitted: errorLinesOmitted }),
    warnings: countWarnings(warnings),
    memberships_created: effects.membershipsCreated,
    memberships_updated: effects.membershipsUpdated,
    memberships_deleted: effects.membershipsDeleted,
    unchanged: effects.unchanged,
    superseded: effects.superseded,
    user_points_created: effects.userPointsCreated,
    ...(of.options.replace ? { memberships_left: effects.membershipsLeft } : {}),
    ...(of.options.replace || of.reverts !== null ? { memberships_kept: effects.membershipsKept } : {}),
  };
}

/** At least 1 once it has ended, since clients divide by it, also where it never started. */
export function durationOf({ startDate, endDate }: Pick<Execution, 'startDate' | 'endDate'>): number | null {
  return endDate === null ? null : Math.max(1, endDate - (startDate ?? endDate));
}

/** Why it FAILED, or how many of its commands did, in one line. */
export function errorOf(of: Execution): { message: string } | null {
  if (of.status === 'FAILED') return { message: of.failure ?? 'the execution failed' };
  const { failures, failuresByCode } = of.checkpoint;
  if (!hasEnded(of.status) || failures === 0) return null;
  const codes = Object.entries(failuresByCode)
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`);
  return { message: `${failures} of ${commandsOf(of.checkpoint)} commands failed: ${codes.join(', ')}` };
}
