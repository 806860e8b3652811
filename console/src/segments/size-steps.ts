import type { ExecutionChanges, SegmentHistory } from '../api/types.ts';

/**
 * From `at` on a segment has `size` members. `run`: the execution that made it so; null where
 * members expired or were erased.
 */
export type SizeStep = {
  readonly at: number;
  readonly size: number;
  readonly run: ExecutionChanges | null;
};

/**
 * The sizes of a segment from the beginning of what is told of it until now: a step at each
 * execution that changed it, and one at the end of each hour or day for what no execution did,
 * since no instant is told of that. Executions that are not among `runs` come in at the end of
 * their hour or day too, so that the sizes are right there in any case.
 */
export function sizeStepsOf(
  { history }: SegmentHistory,
  runs: readonly ExecutionChanges[],
): readonly SizeStep[] {
  const [first] = history;
  if (first === undefined) return [];
  // the list has the last one first, and of those that began at once the last to change something
  const inOrder = runs.filter(({ entries, exits }) => entries + exits > 0).reverse();
  let size = first.user_points_count - first.entries + first.exits;
  const steps: SizeStep[] = [{ at: first.from, size, run: null }];
  for (const [index, bucket] of history.entries()) {
    const isLast = index === history.length - 1;
    for (const run of inOrder) {
      if (run.date < bucket.from || run.date > bucket.to || (run.date === bucket.to && !isLast)) continue;
      size += run.entries - run.exits;
      steps.push({ at: run.date, size, run });
    }
    if (size !== bucket.user_points_count || isLast) {
      size = bucket.user_points_count;
      steps.push({ at: bucket.to, size, run: null });
    }
  }
  return steps.sort((one, other) => one.at - other.at);
}

/**
 * The steps of a time that begins at `start`, with the size that it begins with, as far as that is
 * known.
 */
export function stepsFrom(start: number, steps: readonly SizeStep[]): readonly SizeStep[] {
  const before = steps.filter(({ at }) => at <= start).at(-1);
  const within = steps.filter(({ at }) => at > start);
  return before === undefined ? within : [{ ...before, at: start, run: null }, ...within];
}
