import type { EndedStatus } from './execution.ts';

/** How one segment compares with another: the members of that, and how many of them are in both. */
export type SegmentOverlap = {
  readonly segmentId: string;
  readonly size: number;
  readonly shared: number;
};

/** How an analysis ended. */
export type OverlapAnalysisEnding = {
  readonly status: EndedStatus;
  readonly failure: string | null;
  /** The text of its file. */
  readonly result: string | null;
  readonly now: number;
};

/**
 * The file of an analysis, in the members of the original's, whose ids are numbers. `overlaps` has
 * the segment itself too, with its size, and none that has no member in common with it; the largest
 * first.
 */
export function overlapFile(of: {
  readonly date: number;
  readonly datamartId: string;
  readonly segmentId: string;
  /** All of the datamart. */
  readonly segmentIds: readonly string[];
  readonly overlaps: readonly SegmentOverlap[];
}): string {
  const byId = new Map(of.overlaps.map((overlap) => [overlap.segmentId, overlap]));
  const source = Number(of.segmentId);
  const shared = (id: string) => byId.get(id)?.shared ?? 0;
  return JSON.stringify({
    date: of.date,
    segments: of.segmentIds.map((id) => ({
      segment_id: Number(id),
      datamart_id: Number(of.datamartId),
      segment_size: byId.get(id)?.size ?? 0,
    })),
    overlaps: of.segmentIds
      .filter((id) => id === of.segmentId || shared(id) > 0)
      .sort((one, other) => shared(other) - shared(one))
      .map((id) => ({
        segment_source_id: source,
        segment_intersect_with: Number(id),
        overlap_number: shared(id),
      })),
  });
}
