import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { failedLinesIn } from '../../content/failed-lines.ts';
import { nearestTechnicalName } from '../../import/nearest-name.ts';
import { countUnknownNames, type NamedOften } from '../../import/unknown-segments.ts';
import type { Catalogue } from '../../model/catalogue.ts';
import type { Execution } from '../../model/execution.ts';
import { pageOf, pageOfAll } from '../answers.ts';
import { answersWithList, Count, Id, nullableText, nullOr, oneOf, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import type { Place } from './calls.ts';
import { requireFiles, withErrorFile } from './lines.ts';

/** Of the names that are no segments those that most lines give. */
const MAX_UNKNOWN_SEGMENTS = 100;

export const UnknownSegmentView = Type.Object({
  name: Type.String({ description: 'as the lines give it; long names are cut, with a … at the end' }),
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
      'Covers lines in the error file that failed with UNKNOWN_SEGMENT; omitted lines are not counted. Each name comes with the current segment that was probably meant. 410 once the files of the execution are removed.',
    response: answersWithList(UnknownSegmentView),
  };
  app.get(`${path}/unknown_segments`, { config: { role: 'reader' }, schema }, async (request) => {
    const execution = await find(request);
    const { checkpoint, mimeType, datamartId } = execution;
    requireFiles(execution);
    const page = pageOf(request.query);
    if (checkpoint.errorFileBytes === 0 || !checkpoint.failuresByCode.UNKNOWN_SEGMENT)
      return pageOfAll([], page);
    const names = await withErrorFile(dependencies, execution, (file) =>
      countUnknownNames(failedLinesIn(file, mimeType, 'UNKNOWN_SEGMENT'), { isCsv: mimeType === 'TEXT_CSV' }),
    );
    const catalogue = await dependencies.store.datamarts.catalogue(datamartId);
    const views = names.slice(0, MAX_UNKNOWN_SEGMENTS).map((of) => viewUnknown(of, catalogue));
    return pageOfAll(views, page);
  });
}

function viewUnknown(
  { kind, name, isWhole, lines, firstLine }: NamedOften,
  catalogue: Catalogue | null,
): Static<typeof UnknownSegmentView> {
  const of = kind === 'TECHNICAL_NAME' ? catalogue?.segmentByTechnicalName : catalogue?.segmentById;
  const segment = isWhole ? of?.get(name) : undefined;
  const isAsked = catalogue !== null && segment === undefined && isWhole;
  return {
    ...{ name, kind, lines, first_line: firstLine },
    did_you_mean: isAsked ? nameMeant({ kind, name }, catalogue) : null,
    segment_id: segment?.id ?? null,
  };
}

/** An id may be a technical name in the wrong column. */
function nameMeant({ kind, name }: Pick<NamedOften, 'kind' | 'name'>, catalogue: Catalogue): string | null {
  if (kind === 'TECHNICAL_NAME') return nearestTechnicalName(name, catalogue);
  return catalogue.segmentByTechnicalName.has(name) ? name : null;
}
