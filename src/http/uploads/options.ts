import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import {
  hasEnded,
  type ImportOptions,
  type Job,
  MAX_NEW_SEGMENTS,
  REPLACE_GUARDS,
} from '../../model/execution.ts';
import { isImportable } from '../../model/records.ts';
import type { Segment } from '../../model/segment.ts';
import { findSegment } from '../access.ts';
import { listOf } from '../answers.ts';
import { isId } from '../schemas.ts';
import type { HttpDependencies } from '../types.ts';

/** What a sender can ask for beside his file. */
export const UploadQuery = Type.Object({
  dry_run: Type.Optional(
    Type.Boolean({ description: 'true: check and count everything, but write nothing' }),
  ),
  max_failure_ratio: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description:
        'if more than this share of the commands fails, nothing is applied and the execution is FAILED; 0 by default with mode=replace',
    }),
  ),
  allow_empty: Type.Optional(
    Type.Boolean({
      description:
        'false: refuse a CSV with a header and no rows (EMPTY_FILE); by default it becomes an execution of 0 commands',
    }),
  ),
  mode: Type.Optional(
    Type.Unsafe<'update' | 'replace'>({
      type: 'string',
      enum: ['update', 'replace'],
      description:
        'replace: make each segment that the file names hold exactly the users of the file, in one step; update, the default: other members stay',
    }),
  ),
  segment_id: Type.Optional(
    Type.String({
      description:
        'with mode=replace: the segments to replace, comma-separated, whether or not the file names them',
    }),
  ),
  create_missing_segments: Type.Optional(
    Type.Boolean({
      description: `true: create a segment (USER_LIST, FILE_IMPORT) for each technical name that does not exist and that a valid command names; at most ${MAX_NEW_SEGMENTS} per file. A dry run lists them and creates none`,
    }),
  ),
  corrects: Type.Optional(
    Type.String({
      description:
        'id of an ended execution of the same import or segment whose failed lines this file corrects. Applied records that keep the error_line of its error file count as repaired',
      examples: ['17'],
    }),
  ),
  max_shrink_ratio: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description:
        'with mode=replace: if a segment would shrink by more than this share of its size, nothing is applied and the execution is FAILED; members exchanged for others do not count. 0.5 by default; 1 allows emptying a segment',
    }),
  ),
});

/**
 * What the query asks for. `ofSegment`: the one segment of a user list, which names none itself.
 */
export async function readOptions(
  looking: { readonly request: FastifyRequest; readonly dependencies: HttpDependencies },
  query: Static<typeof UploadQuery>,
  ofSegment?: Segment,
): Promise<ImportOptions> {
  const { dry_run: dryRun = false, mode, create_missing_segments: createMissingSegments = false } = query;
  if (createMissingSegments && ofSegment !== undefined)
    throw new ServiceError(
      'INVALID_REQUEST',
      'create_missing_segments is for files that name segments; this one is for the segment in its path',
    );
  if (mode === 'replace') {
    const maxFailureRatio = query.max_failure_ratio ?? REPLACE_GUARDS.maxFailureRatio;
    const segmentIds = ofSegment ? [ofSegment.id] : await readSegmentIds(looking, query.segment_id);
    const maxShrinkRatio = query.max_shrink_ratio ?? REPLACE_GUARDS.maxShrinkRatio;
    return { dryRun, maxFailureRatio, replace: { segmentIds, maxShrinkRatio }, createMissingSegments };
  }
  for (const name of ['segment_id', 'max_shrink_ratio'] as const) {
    if (query[name] !== undefined)
      throw new ServiceError('INVALID_REQUEST', `${name} is for mode=replace, got it without`);
  }
  const maxFailureRatio = query.max_failure_ratio ?? null;
  return { dryRun, maxFailureRatio, replace: null, createMissingSegments };
}

/** The id of the execution that an upload corrects; null where it corrects none. */
export async function readCorrects(
  looking: Parameters<typeof readOptions>[0],
  query: Static<typeof UploadQuery>,
  job: Job,
): Promise<string | null> {
  if (query.corrects === undefined) return null;
  const { store } = looking.dependencies;
  const execution = isId(query.corrects) ? await store.executions.get(query.corrects) : null;
  if (execution === null || !isDeepStrictEqual(execution.job, job)) {
    const of = job.type === 'DOCUMENT_IMPORT' ? 'document import' : 'segment';
    const got = JSON.stringify(query.corrects.slice(0, 100));
    throw new ServiceError(
      'INVALID_REQUEST',
      `corrects must be the id of an execution of this ${of}, got ${got}`,
    );
  }
  const { id, status, reverts, options } = execution;
  if (reverts !== null)
    throw new ServiceError('INVALID_REQUEST', 'corrects: a revert has no lines to correct');
  if (options.dryRun)
    throw new ServiceError(
      'INVALID_REQUEST',
      'corrects: a dry run applied nothing; send its whole file without corrects',
    );
  if (!hasEnded(status))
    throw new ServiceError('CONFLICT', `corrects: execution ${id} is ${status}; correct it after it ends`);
  return id;
}

/** The segments that are to be replaced; null where the file is to say. */
async function readSegmentIds(
  looking: Parameters<typeof readOptions>[0],
  joined: string | undefined,
): Promise<readonly string[] | null> {
  const ids = listOf(joined);
  if (ids === undefined) return null;
  const { datamartId } = looking.request.params as { datamartId: string };
  for (const id of ids) {
    const segment = await findSegment(looking, id);
    if (segment.datamartId !== datamartId) throw notFound();
    if (!isImportable(segment)) {
      throw new ServiceError(
        'SEGMENT_NOT_IMPORTABLE',
        `segment_id must name USER_LIST segments with the feed type FILE_IMPORT, ${id} is a ${segment.type} with ${segment.feedType ?? 'none'}`,
      );
    }
  }
  return [...new Set(ids)];
}
