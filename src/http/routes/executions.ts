import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { authorOf, findDocumentImport, tokenOf } from '../access.ts';
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

const Params = Type.Object({ datamartId: Type.String(), importId: Type.String() });
const ExecutionParams = Type.Object({ ...Params.properties, executionId: Type.String() });

const PATH = '/datamarts/:datamartId/document_imports/:importId/executions';
const tags = ['executions'];

/** `POST …/executions`: registered apart, since its body is read by the route itself. */
export function executionUploadRoute(app: App, dependencies: HttpDependencies): void {
  const schema = {
    tags,
    summary: 'Uploads a file of user segment commands',
    description:
      'The body is the file, with the Content-Type of the import and optionally gzip or zstd as its Content-Encoding; or a form with the part `file`.',
    params: Params,
    headers: IdempotencyHeaders,
    querystring: UploadQuery,
    response: answersWith(ExecutionView),
  };
  app.post(PATH, { config: { role: 'editor', takesFile: true }, schema }, async (request, reply) => {
    const key = readIdempotencyKey(request);
    const { datamart, documentImport } = await findDocumentImport({ request, dependencies }, request.params);
    const { mimeType, priority } = documentImport;
    const options = await readOptions({ request, dependencies }, request.query);
    const execution = await traceUpload(request, async () => {
      const document = await receiveUpload(request, dependencies, {
        datamartId: datamart.id,
        mimeType,
        profile: 'COMMANDS',
      });
      const upload = {
        organisationId: datamart.organisationId,
        datamartId: datamart.id,
        job: { type: 'DOCUMENT_IMPORT' as const, documentImportId: documentImport.id },
        mimeType,
        priority,
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

/** Uploaded files and how far they are. */
export function executionRoutes(app: App, dependencies: HttpDependencies): void {
  const { clock } = dependencies;
  const role = 'reader';

  const listSchema = {
    tags,
    summary: 'Lists executions, newest first',
    params: Params,
    querystring: ExecutionsQuery,
    response: answersWithList(ExecutionView),
  };
  app.get(PATH, { config: { role }, schema: listSchema }, async (request) => {
    const { datamart, documentImport } = await findDocumentImport({ request, dependencies }, request.params);
    const filter = { datamartId: datamart.id, documentImportId: documentImport.id };
    return listExecutions(dependencies, { filter, query: request.query });
  });

  async function find(request: FastifyRequest, params: Static<typeof ExecutionParams>) {
    const { documentImport } = await findDocumentImport({ request, dependencies }, params);
    const job = { type: 'DOCUMENT_IMPORT', documentImportId: documentImport.id } as const;
    return findExecution({ request, dependencies }, { id: params.executionId, job });
  }

  const getSchema = {
    tags,
    summary: 'Shows an execution',
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
    summary: 'Cancels an execution, or reverts what one has done',
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
