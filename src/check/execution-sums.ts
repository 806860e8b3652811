import { pairsOf } from '../model/execution.ts';
import type { Looking } from './checking.ts';

/**
 * Every pair has one effect, and every failed command one code; what a guard stopped has applied
 * nothing.
 */
export function countsFault({ execution }: Looking): string | null {
  const { pairs, effects, successes, failures, notApplied, failuresByCode } = execution.checkpoint;
  const sum = pairsOf(effects, execution);
  if (sum !== pairs) return `the effects add up to ${sum}, expected ${pairs}`;
  if (notApplied > 0 && (successes > 0 || execution.status !== 'FAILED'))
    return `it is ${execution.status} with ${successes} commands applied, and ${notApplied} that a guard kept from being applied`;
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
