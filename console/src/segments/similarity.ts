import type { Overlaps } from '../api/types.ts';

/**
 * The segments in an order in which those that share most stand beside each other: from the most
 * similar pair on, each time the one that is most similar to either end. Similar is how much of
 * both together is in both.
 */
export function orderBySimilarity({
  segments,
  overlaps,
}: Pick<Overlaps, 'segments' | 'overlaps'>): readonly string[] {
  const sizes = new Map(segments.map(({ segment_id, segment_size }) => [segment_id, segment_size]));
  const similarities = new Map<string, number>();
  for (const { segment_source_id: a, segment_intersect_with: b, overlap_number: both } of overlaps) {
    const either = (sizes.get(a) ?? 0) + (sizes.get(b) ?? 0) - both;
    const similarity = either === 0 ? 0 : both / either;
    similarities.set(`${a}:${b}`, similarity);
    similarities.set(`${b}:${a}`, similarity);
  }
  const similarity = (a: string | undefined, b: string) => similarities.get(`${a}:${b}`) ?? 0;
  const left = new Set(sizes.keys());
  const [first] = [...left].sort((one, other) => best(other, left) - best(one, left));
  if (first === undefined) return [];
  const ordered = [first];
  left.delete(first);
  while (left.size > 0) {
    const [start, end] = [ordered[0], ordered.at(-1)];
    const closest = (id: string) => Math.max(similarity(start, id), similarity(end, id));
    // those that are as similar stay as they were given
    const [next = ''] = [...left].sort((one, other) => closest(other) - closest(one));
    if (similarity(start, next) > similarity(end, next)) ordered.unshift(next);
    else ordered.push(next);
    left.delete(next);
  }
  return ordered;

  function best(id: string, among: ReadonlySet<string>): number {
    return Math.max(0, ...[...among].map((other) => (other === id ? 0 : similarity(id, other))));
  }
}
