import type { SegmentHistory } from '../api/types.ts';

/**
 * The size of a segment at the beginning of what is told of it, and at the end of each hour or day
 * since.
 */
export function sizesOf({
  history,
}: SegmentHistory): readonly { readonly at: number; readonly size: number }[] {
  const [first] = history;
  if (first === undefined) return [];
  const before = first.user_points_count - first.entries + first.exits;
  return [
    { at: first.from, size: before },
    ...history.map(({ to, user_points_count }) => ({ at: to, size: user_points_count })),
  ];
}
