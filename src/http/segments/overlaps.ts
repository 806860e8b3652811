import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { findDatamart, findSegment } from '../access.ts';
import { idsOf, ok } from '../answers.ts';
import { answersWith, Count, DatamartParams, Id, Instant } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

const MOST_SEGMENTS = 100;

const Query = Type.Object({
  segment_ids: Type.String({ description: `2 to ${MOST_SEGMENTS} ids, comma-separated` }),
});
/** The names of its members are those of the original's overlap files. */
export const OverlapsView = Type.Object({
  date: Instant,
  segments: Type.Array(Type.Object({ segment_id: Id, datamart_id: Id, segment_size: Count })),
  overlaps: Type.Array(
    Type.Object({ segment_source_id: Id, segment_intersect_with: Id, overlap_number: Count }),
  ),
});

/** `GET …/segment_overlaps`: how many user points any two of some segments have in common. */
export function segmentOverlapRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const schema = {
    tags: ['segments'],
    summary: 'Counts the user points that each pair of segments has in common',
    params: DatamartParams,
    querystring: Query,
    response: answersWith(OverlapsView),
  };
  const path = '/datamarts/:datamartId/segment_overlaps';
  app.get(path, { config: { role: 'reader' }, schema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const segmentIds = [...new Set(idsOf('segment_ids', request.query.segment_ids) ?? [])];
    if (segmentIds.length < 2 || segmentIds.length > MOST_SEGMENTS) {
      throw new ServiceError(
        'INVALID_REQUEST',
        `segment_ids must be 2 to ${MOST_SEGMENTS} different ids, got ${segmentIds.length}`,
      );
    }
    for (const id of segmentIds) {
      const segment = await findSegment({ request, dependencies }, id);
      if (segment.datamartId !== datamart.id) throw notFound();
    }
    const now = clock();
    const sizes = await store.countMembers({ segmentIds, now });
    const counted = await store.countOverlaps({ segmentIds, now });
    const byPair = new Map(counted.map((overlap) => [overlap.segmentIds.join(), overlap.userPoints]));
    return ok({
      date: now,
      segments: segmentIds.map((id) => ({
        segment_id: id,
        datamart_id: datamart.id,
        segment_size: sizes.get(id)?.userPoints ?? 0,
      })),
      overlaps: pairsOf(segmentIds).map(([one, other]) => ({
        segment_source_id: one,
        segment_intersect_with: other,
        overlap_number: byPair.get(`${one},${other}`) ?? 0,
      })),
    });
  });
}

function pairsOf(ids: readonly string[]): readonly (readonly [string, string])[] {
  return ids.flatMap((one, at) => ids.slice(at + 1).map((other) => [one, other] as const));
}
