import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { isImportable } from '../../model/records.ts';
import { findDatamart, findSegment, tokenOf } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { ok, okList } from '../envelope.ts';
import { readStatuses, startExecution } from '../execution-calls.ts';
import { ExecutionView, viewExecution } from '../execution-view.ts';
import { pageOf } from '../paging.ts';
import { answersWith, answersWithList, ExecutionsQuery } from '../schemas.ts';
import type { App } from '../types.ts';
import { receiveUpload } from '../upload.ts';

const Params = Type.Object({ datamartId: Type.String(), segmentId: Type.String() });
const PATH = '/datamarts/:datamartId/audience_segments/:segmentId/user_list_imports';
const tags = ['user list imports'];

async function findBoth(
  looking: { request: FastifyRequest; dependencies: HttpDependencies },
  params: { datamartId: string; segmentId: string },
) {
  const datamart = await findDatamart(looking, params.datamartId);
  const segment = await findSegment(looking, params.segmentId);
  if (segment.datamartId !== datamart.id) throw notFound();
  return { datamart, segment };
}

/** `POST …/user_list_imports`: registered apart, since its body is read by the route itself. */
export function userListUploadRoute(app: App, dependencies: HttpDependencies): void {
  const schema = {
    tags,
    summary: 'Uploads a list of users for one segment, as CSV or TSV without segment columns',
    params: Params,
    response: answersWith(ExecutionView),
  };
  app.post(PATH, { config: { role: 'editor', takesFile: true }, schema }, async (request) => {
    const { datamart, segment } = await findBoth({ request, dependencies }, request.params);
    if (!isImportable(segment)) {
      throw new ServiceError(
        'SEGMENT_NOT_IMPORTABLE',
        `the segment must be a USER_LIST with the feed type FILE_IMPORT, it is a ${segment.type} with ${segment.feedType ?? 'none'}`,
      );
    }
    const document = await receiveUpload(request, dependencies, {
      mimeType: 'TEXT_CSV',
      profile: 'USER_LIST',
    });
    const execution = await startExecution(dependencies, {
      organisationId: datamart.organisationId,
      datamartId: datamart.id,
      job: { type: 'USER_SEGMENT_IMPORT', segmentId: segment.id },
      mimeType: 'TEXT_CSV',
      priority: 'MEDIUM',
      userId: tokenOf(request).id,
      document,
      creationDate: dependencies.clock(),
    });
    return ok(viewExecution(execution, dependencies.clock()));
  });
}

/** The older import: a list of users for one segment. */
export function userListImportRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const schema = {
    tags,
    summary: 'Lists the user list imports of a segment, newest first',
    params: Params,
    querystring: ExecutionsQuery,
    response: answersWithList(ExecutionView),
  };
  app.get(PATH, { config: { role: 'reader' }, schema }, async (request) => {
    const { datamart, segment } = await findBoth({ request, dependencies }, request.params);
    const page = pageOf(request.query);
    const statuses = readStatuses(request.query.status);
    const filter = { datamartId: datamart.id, segmentId: segment.id };
    const listed = await store.executions.list({
      filter: statuses === undefined ? filter : { ...filter, statuses },
      page,
    });
    return okList(listed, page, (execution) => viewExecution(execution, clock()));
  });
}
