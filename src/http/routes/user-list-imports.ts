import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { isImportable } from '../../model/records.ts';
import { authorOf, findDatamart, findSegment, tokenOf } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { ok } from '../envelope.ts';
import { actOnExecution, findExecution, listExecutions, startExecution } from '../execution-calls.ts';
import { ExecutionView, viewExecution } from '../execution-view.ts';
import { IdempotencyHeaders, readIdempotencyKey } from '../idempotency.ts';
import { Action, answersWith, answersWithList, ExecutionsQuery } from '../schemas.ts';
import { EVENTS_ROUTE, EVENTS_SCHEMA, sendEvents } from '../send-events.ts';
import { traceUpload } from '../trace-upload.ts';
import type { App } from '../types.ts';
import { receiveUpload } from '../upload.ts';
import { readOptions, UploadQuery } from '../upload-options.ts';

const Params = Type.Object({ datamartId: Type.String(), segmentId: Type.String() });
const ExecutionParams = Type.Object({ ...Params.properties, executionId: Type.String() });

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
    headers: IdempotencyHeaders,
    querystring: UploadQuery,
    response: answersWith(ExecutionView),
  };
  app.post(PATH, { config: { role: 'editor', takesFile: true }, schema }, async (request, reply) => {
    const key = readIdempotencyKey(request);
    const { datamart, segment } = await findBoth({ request, dependencies }, request.params);
    if (!isImportable(segment)) {
      throw new ServiceError(
        'SEGMENT_NOT_IMPORTABLE',
        `the segment must be a USER_LIST with the feed type FILE_IMPORT, it is a ${segment.type} with ${segment.feedType ?? 'none'}`,
      );
    }
    const options = await readOptions({ request, dependencies }, request.query, segment);
    const execution = await traceUpload(request, async () => {
      const document = await receiveUpload(request, dependencies, {
        datamartId: datamart.id,
        mimeType: 'TEXT_CSV',
        profile: 'USER_LIST',
      });
      const upload = {
        organisationId: datamart.organisationId,
        datamartId: datamart.id,
        job: { type: 'USER_SEGMENT_IMPORT' as const, segmentId: segment.id },
        mimeType: 'TEXT_CSV' as const,
        priority: 'MEDIUM' as const,
        userId: tokenOf(request).id,
        document,
        creationDate: dependencies.clock(),
        author: authorOf(request, dependencies),
        options,
        ...(key === undefined ? {} : { key }),
      };
      return startExecution(dependencies, { upload, reply });
    });
    return ok(viewExecution(execution, dependencies.clock()));
  });
}

/** The older import: lists of users for one segment, and how far they are. */
export function userListImportRoutes(app: App, dependencies: HttpDependencies): void {
  const { clock } = dependencies;
  const role = 'reader';

  const listSchema = {
    tags,
    summary: 'Lists the user list imports of a segment, newest first',
    params: Params,
    querystring: ExecutionsQuery,
    response: answersWithList(ExecutionView),
  };
  app.get(PATH, { config: { role }, schema: listSchema }, async (request) => {
    const { datamart, segment } = await findBoth({ request, dependencies }, request.params);
    const filter = { datamartId: datamart.id, segmentId: segment.id };
    return listExecutions(dependencies, { filter, query: request.query });
  });

  async function find(request: FastifyRequest, params: Static<typeof ExecutionParams>) {
    const { segment } = await findBoth({ request, dependencies }, params);
    const job = { type: 'USER_SEGMENT_IMPORT', segmentId: segment.id } as const;
    return findExecution({ request, dependencies }, { id: params.executionId, job });
  }

  const getSchema = {
    tags,
    summary: 'Shows a user list import',
    params: ExecutionParams,
    response: answersWith(ExecutionView),
  };
  app.get(`${PATH}/:executionId`, { config: { role }, schema: getSchema }, async (request) =>
    ok(viewExecution(await find(request, request.params), clock())),
  );

  const eventsSchema = { ...EVENTS_SCHEMA, params: ExecutionParams };
  app.get(
    `${PATH}/:executionId/events`,
    { ...EVENTS_ROUTE, schema: eventsSchema },
    async (request, reply) => {
      const execution = await find(request, request.params);
      return sendEvents(dependencies, { execution, request, reply });
    },
  );

  const actionSchema = {
    ...getSchema,
    summary: 'Cancels a user list import, or reverts what one has done',
    body: Action,
  };
  app.post(
    `${PATH}/:executionId/action`,
    { config: { role: 'editor' }, schema: actionSchema },
    async (request) => {
      const execution = await find(request, request.params);
      const { action } = request.body;
      const author = authorOf(request, dependencies);
      return ok(viewExecution(await actOnExecution(dependencies, { execution, action, author }), clock()));
    },
  );
}
