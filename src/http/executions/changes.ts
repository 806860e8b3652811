import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import type { Execution } from '../../model/execution.ts';
import { ok } from '../answers.ts';
import { answersWith, Count, Id, nullableText } from '../schemas.ts';
import { KnownSince } from '../segments/change-view.ts';
import type { App, HttpDependencies } from '../types.ts';
import type { Place } from './calls.ts';
import { REVERT_REFUSALS } from './calls.ts';

const SegmentNames = {
  segment_id: Id,
  segment_name: Type.String(),
  segment_technical_name: nullableText(),
};
export const SegmentChangesView = Type.Object({
  known_since: KnownSince,
  segments: Type.Array(Type.Object({ ...SegmentNames, entries: Count, updates: Count, exits: Count })),
});
const SegmentRevert = Type.Object({
  ...SegmentNames,
  memberships_created: Type.Integer({ minimum: 0, description: 'users who would be members again' }),
  memberships_updated: Count,
  memberships_deleted: Type.Integer({ minimum: 0, description: 'users who would no longer be members' }),
  unchanged: Count,
  memberships_kept: Type.Integer({
    minimum: 0,
    description: 'memberships that would be left alone because they have changed since',
  }),
});
export const RevertPreviewView = Type.Object({ segments: Type.Array(SegmentRevert) });

/**
 * What an execution did by segment, and what reverting it now would do; below the routes of
 * executions.
 */
export function executionChangeRoutes(
  app: App,
  dependencies: HttpDependencies,
  {
    place: { path, params, tags },
    find,
  }: { readonly place: Place; readonly find: (request: FastifyRequest) => Promise<Execution> },
): void {
  const { store, clock } = dependencies;
  const config = { role: 'reader' } as const;

  const changesSchema = {
    ...{ tags, params, summary: 'Shows what an execution did to memberships, by segment' },
    response: answersWith(SegmentChangesView),
  };
  app.get(`${path}/segment_changes`, { config, schema: changesSchema }, async (request) => {
    const { id, datamartId } = await find(request);
    const { elements, knownSince } = await store.countChangesOf(id);
    const segments = await withNames(dependencies, datamartId, elements);
    return ok({
      known_since: knownSince,
      segments: segments.map(({ names, of: { entries, updates, exits } }) => ({
        ...names,
        ...{ entries, updates, exits },
      })),
    });
  });

  const previewSchema = {
    ...{ tags, params, summary: 'Shows what a revert would do now, by segment' },
    description: '409 if the revert itself would be refused',
    response: answersWith(RevertPreviewView),
  };
  app.get(`${path}/revert_preview`, { config, schema: previewSchema }, async (request) => {
    const { id, datamartId } = await find(request);
    const preview = await store.previewRevert({ executionId: id, now: clock() });
    if (preview === null) throw notFound();
    if (typeof preview === 'string') throw new ServiceError('CONFLICT', REVERT_REFUSALS[preview]);
    const segments = await withNames(dependencies, datamartId, preview);
    return ok({
      segments: segments.map(
        ({ names, of }): Static<typeof SegmentRevert> => ({
          ...names,
          memberships_created: of.created,
          memberships_updated: of.updated,
          memberships_deleted: of.deleted,
          unchanged: of.unchanged,
          memberships_kept: of.kept,
        }),
      ),
    });
  });
}

/**
 * Each element with the names of its segment; those whose segment has gone meanwhile are left out.
 */
async function withNames<T extends { readonly segmentId: string }>(
  { store }: HttpDependencies,
  datamartId: string,
  elements: readonly T[],
) {
  const found = await Promise.all(
    elements.map(async (of) => {
      const segment = await store.segments.get(of.segmentId);
      if (segment?.datamartId !== datamartId) return [];
      const { name, technicalName } = segment;
      const names = { segment_id: of.segmentId, segment_name: name, segment_technical_name: technicalName };
      return [{ names, of }];
    }),
  );
  return found.flat();
}
