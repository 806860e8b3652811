import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { nearestTechnicalName } from '../../import/nearest-name.ts';
import {
  countNames,
  type NamedOften,
  type SegmentName,
  unknownLinesIn,
} from '../../import/unknown-segments.ts';
import type { Catalogue, CatalogueSegment } from '../../model/catalogue.ts';
import type { Execution } from '../../model/execution.ts';
import { pageOf, pageOfAll } from '../answers.ts';
import { answersWithList, Count, Id, nullableText, nullOr, oneOf, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import type { Place } from './calls.ts';
import { requireFiles, withErrorFile } from './lines.ts';

/** Of the names that are no segments those that most lines give. */
const MAX_UNKNOWN_SEGMENTS = 100;

export const UnknownSegmentView = Type.Object({
  name: Type.String({
    description: 'as the lines give it, read by the mapping; cut after 255 characters, with a … at the end',
  }),
  kind: oneOf(['TECHNICAL_NAME', 'ID']),
  lines: Count,
  first_line: Type.Integer({ minimum: 1, description: 'first physical line of the first record' }),
  did_you_mean: nullableText({ description: 'the technical name that was probably meant' }),
  segment_id: nullOr(Id, { description: 'the segment that now has this name or id; null: none' }),
});

/** The names of segments that are not there, of an execution; below the routes of executions. */
export function unknownSegmentRoutes(
  app: App,
  dependencies: HttpDependencies,
  {
    place: { path, params, tags },
    find,
  }: { readonly place: Place; readonly find: (request: FastifyRequest) => Promise<Execution> },
): void {
  const schema = {
    ...{ tags, params, querystring: PagingQuery },
    summary: `Lists the unknown segments that failed lines name, the ${MAX_UNKNOWN_SEGMENTS} most frequent ones`,
    description:
      'Covers lines in the error file that failed with UNKNOWN_SEGMENT; omitted lines are not counted. A line counts for each segment it names, except for those that were there when the execution started and have not changed since. Each name comes with the current segment that was probably meant. 410 once the files of the execution are removed.',
    response: answersWithList(UnknownSegmentView),
  };
  app.get(`${path}/unknown_segments`, { config: { role: 'reader' }, schema }, async (request) => {
    const execution = await find(request);
    const { checkpoint, datamartId } = execution;
    requireFiles(execution);
    const page = pageOf(request.query);
    if (checkpoint.errorFileBytes === 0 || !checkpoint.failuresByCode.UNKNOWN_SEGMENT)
      return pageOfAll([], page);
    const named = await withErrorFile(dependencies, execution, (file) =>
      countNames(unknownLinesIn(file, execution)),
    );
    const catalogue = await dependencies.store.datamarts.catalogue(datamartId);
    const names = await missedAmong(named, { ...dependencies, execution, catalogue });
    const views = names.slice(0, MAX_UNKNOWN_SEGMENTS).map((of) => viewUnknown(of, catalogue));
    return pageOfAll(views, page);
  });
}

/**
 * The names that a line may have failed for: not those that others stand beside on each of their
 * lines, and whose segment has been the same since the execution started.
 */
async function missedAmong(
  names: readonly NamedOften[],
  {
    store,
    execution,
    catalogue,
  }: Pick<HttpDependencies, 'store'> & { execution: Execution; catalogue: Catalogue | null },
): Promise<readonly NamedOften[]> {
  const missed = await Promise.all(
    names.map(async (of) => {
      const known = of.isAlone ? undefined : segmentOf(of, catalogue);
      const segment = known && (await store.segments.get(known.id));
      return !segment || segment.lastModifiedTs >= (execution.startDate ?? 0);
    }),
  );
  return names.filter((_, i) => missed[i]);
}

function segmentOf({ kind, name }: SegmentName, catalogue: Catalogue | null): CatalogueSegment | undefined {
  return kind === 'ID' ? catalogue?.segmentById.get(name) : catalogue?.segmentByTechnicalName.get(name);
}

function viewUnknown(
  { lines, firstLine, ...of }: NamedOften,
  catalogue: Catalogue | null,
): Static<typeof UnknownSegmentView> {
  const { kind, name } = of;
  const segment = segmentOf(of, catalogue);
  return {
    ...{ name, kind, lines, first_line: firstLine },
    did_you_mean: catalogue !== null && segment === undefined ? nameMeant(of, catalogue) : null,
    segment_id: segment?.id ?? null,
  };
}

/** An id may be a technical name in the wrong column. */
function nameMeant({ kind, name }: SegmentName, catalogue: Catalogue): string | null {
  if (kind === 'TECHNICAL_NAME') return nearestTechnicalName(name, catalogue);
  return catalogue.segmentByTechnicalName.has(name) ? name : null;
}
