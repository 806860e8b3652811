import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { isImportable } from '../../model/records.ts';
import { findDatamart, findSegment } from '../access.ts';
import type { App, HttpDependencies } from '../types.ts';
import { executionRoutesOf, uploadRoute } from './routes-of.ts';

const Params = Type.Object({ datamartId: Type.String(), segmentId: Type.String() });
const place = {
  path: '/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports',
  params: Params,
  tags: ['user list imports'],
};

/** `POST …/user_list_imports`: a list of users for one segment. */
export function userListUploadRoute(app: App, dependencies: HttpDependencies): void {
  const texts = { summary: 'Uploads a list of users for one segment: CSV or TSV without segment columns' };
  const findTarget = async (request: FastifyRequest) => {
    const { datamart, segment } = await find(request, dependencies);
    if (!isImportable(segment)) {
      throw new ServiceError(
        'SEGMENT_NOT_IMPORTABLE',
        `the segment must be a USER_LIST with the feed type FILE_IMPORT, it is a ${segment.type} with ${segment.feedType ?? 'none'}`,
      );
    }
    const job = { type: 'USER_SEGMENT_IMPORT', segmentId: segment.id } as const;
    const file = { mimeType: 'TEXT_CSV', priority: 'MEDIUM', profile: 'USER_LIST' } as const;
    return { datamart, segment, job, ...file };
  };
  uploadRoute(app, dependencies, { place, texts, findTarget });
}

/** The older import: lists of users for one segment, and how far they are. */
export function userListImportRoutes(app: App, dependencies: HttpDependencies): void {
  const summaries = {
    list: 'Lists the user list imports of a segment, newest first',
    get: 'Shows a user list import',
    action: 'Cancels a user list import, or reverts what one has done',
  };
  const findOwner = async (request: FastifyRequest) => {
    const { datamart, segment } = await find(request, dependencies);
    const filter = { datamartId: datamart.id, segmentId: segment.id };
    return { job: { type: 'USER_SEGMENT_IMPORT', segmentId: segment.id } as const, filter };
  };
  executionRoutesOf(app, dependencies, { place, summaries, findOwner });
}

async function find(request: FastifyRequest, dependencies: HttpDependencies) {
  const { datamartId, segmentId } = request.params as Static<typeof Params>;
  const looking = { request, dependencies };
  const datamart = await findDatamart(looking, datamartId);
  const segment = await findSegment(looking, segmentId);
  if (segment.datamartId !== datamart.id) throw notFound();
  return { datamart, segment };
}
