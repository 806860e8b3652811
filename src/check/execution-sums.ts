import type { Looking } from './check-executions.ts';

/** Every pair has one effect, and every failed command one code. */
export function countsFault({ execution }: Looking): string | null {
  const { pairs, effects, failures, failuresByCode } = execution.checkpoint;
  const { membershipsCreated, membershipsUpdated, membershipsDeleted } = effects;
  const changed = membershipsCreated + membershipsUpdated + membershipsDeleted;
  const sum = changed + effects.unchanged + effects.superseded + effects.membershipsKept;
  if (sum !== pairs) return `the effects add up to ${sum}, expected ${pairs}`;
  const byCode = Object.values(failuresByCode).reduce((all, count) => all + count, 0);
  return byCode === failures ? null : `the failures by code add up to ${byCode}, expected ${failures}`;
}

/** The checkpoint is inside the document, and at its end when all of it was applied. */
export function checkpointFault({ execution }: Looking): string | null {
  const { offset } = execution.checkpoint;
  const { bytes } = execution.document;
  if (offset < 0 || offset > bytes) return `the checkpoint is at byte ${offset} of ${bytes}`;
  if (execution.status !== 'SUCCEEDED' || offset === bytes) return null;
  return `it has SUCCEEDED at byte ${offset} of ${bytes}`;
}
