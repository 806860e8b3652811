import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Datamart } from '../../model/datamart.ts';
import type { Execution, Job } from '../../model/execution.ts';
import type { Mapping } from '../../model/mapping.ts';
import type { MimeType, Priority } from '../../model/records.ts';
import type { Segment } from '../../model/segment.ts';
import { authorOf, tokenOf } from '../access.ts';
import { ok } from '../answers.ts';
import {
  Action,
  answersWith,
  answersWithList,
  ExecutionsQuery,
  IdempotencyHeaders,
  readIdempotencyKey,
} from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { readCorrects, readOptions, UploadQuery } from '../uploads/options.ts';
import { receiveUpload, traceUpload } from '../uploads/upload.ts';
import type { Owner, Place } from './calls.ts';
import { actOnExecution, correctionsOf, findExecution, listExecutions, startExecution } from './calls.ts';
import { executionChangeRoutes } from './changes.ts';
import { executionLineRoutes } from './lines.ts';
import { EVENTS_ROUTE, EVENTS_SCHEMA, sendEvents } from './send-events.ts';
import { unknownSegmentRoutes } from './unknown-segments.ts';
import { ExecutionView, viewExecution } from './view.ts';

/**
 * The routes of executions, below whatever they are executions of: a document import, or a segment.
 */

/** What an upload becomes an execution of. */
export type UploadTarget = {
  readonly datamart: Datamart;
  readonly job: Job;
  readonly mimeType: MimeType;
  readonly priority: Priority;
  readonly profile: 'COMMANDS' | 'USER_LIST';
  /** Of the import, as it is now: the execution keeps it. */
  readonly mapping?: Mapping | null;
  /** The one that the whole file is for. */
  readonly segment?: Segment;
};

/** `POST` of a file. To be registered apart, since the route reads its body itself. */
export function uploadRoute(
  app: App,
  dependencies: HttpDependencies,
  {
    place: { path, params, tags },
    texts,
    findTarget,
  }: {
    readonly place: Place;
    readonly texts: { readonly summary: string; readonly description?: string };
    /** What can be refused before the file is read is refused by it. */
    readonly findTarget: (request: FastifyRequest) => Promise<UploadTarget>;
  },
): void {
  const schema = {
    ...{ tags, params, ...texts },
    headers: IdempotencyHeaders,
    querystring: UploadQuery,
    response: answersWith(ExecutionView),
  };
  app.post(path, { config: { role: 'editor', takesFile: true }, schema }, async (request, reply) => {
    const key = readIdempotencyKey(request);
    const { datamart, job, mimeType, priority, profile, segment, mapping = null } = await findTarget(request);
    const options = await readOptions({ request, dependencies }, request.query, segment);
    const corrects = await readCorrects({ request, dependencies }, request.query, job);
    const execution = await traceUpload(request, async () => {
      const allowEmpty = request.query.allow_empty !== false;
      const expected = { datamartId: datamart.id, mimeType, profile, mapping, allowEmpty };
      const document = await receiveUpload(request, dependencies, expected);
      const upload = {
        organisationId: datamart.organisationId,
        datamartId: datamart.id,
        ...{ job, mimeType, priority, document, options, mapping, corrects },
        userId: tokenOf(request).id,
        creationDate: dependencies.clock(),
        author: authorOf(request, dependencies),
        ...(key === undefined ? {} : { key }),
      };
      return startExecution(dependencies, { upload, reply });
    });
    return ok(viewExecution(execution, dependencies.clock()));
  });
}

/** The list of executions, one of them, its events, and what can be done to it. */
export function executionRoutesOf(
  app: App,
  dependencies: HttpDependencies,
  {
    place: { path, params, tags },
    summaries,
    findOwner,
  }: {
    readonly place: Place;
    readonly summaries: { readonly list: string; readonly get: string; readonly action: string };
    readonly findOwner: (request: FastifyRequest) => Promise<Owner>;
  },
): void {
  const { clock, progress } = dependencies;
  /** What `find` comes to, as it is shown. */
  async function view(find: () => Promise<Execution>) {
    const runs = progress.runs();
    const execution = await find();
    const corrections = await correctionsOf(dependencies, [execution]);
    return ok(viewExecution(execution, clock(), { live: runs.get(execution.id), corrections }));
  }
  const role = 'reader';
  const ofOne = Type.Object({ ...params.properties, executionId: Type.String() });

  const listSchema = {
    ...{ tags, params, summary: summaries.list },
    querystring: ExecutionsQuery,
    response: answersWithList(ExecutionView),
  };
  app.get(path, { config: { role }, schema: listSchema }, async (request) => {
    const { filter } = await findOwner(request);
    return listExecutions(dependencies, { filter, query: request.query });
  });

  async function find(request: FastifyRequest) {
    const { job } = await findOwner(request);
    const { executionId } = request.params as { executionId: string };
    return findExecution({ request, dependencies }, { id: executionId, job });
  }

  const one = `${path}/:executionId`;
  const getSchema = { tags, params: ofOne, summary: summaries.get, response: answersWith(ExecutionView) };
  app.get(one, { config: { role }, schema: getSchema }, (request) => view(() => find(request)));

  executionChangeRoutes(app, dependencies, { place: { path: one, params: ofOne, tags }, find });
  executionLineRoutes(app, dependencies, { place: { path: one, params: ofOne, tags }, find });
  unknownSegmentRoutes(app, dependencies, { place: { path: one, params: ofOne, tags }, find });

  const eventsSchema = { ...EVENTS_SCHEMA, params: ofOne };
  app.get(`${one}/events`, { ...EVENTS_ROUTE, schema: eventsSchema }, async (request, reply) => {
    const execution = await find(request);
    return sendEvents(dependencies, { execution, request, reply });
  });

  const actionSchema = { ...getSchema, summary: summaries.action, body: Action };
  app.post(`${one}/action`, { config: { role: 'editor' }, schema: actionSchema }, async (request) => {
    const execution = await find(request);
    const { action } = request.body;
    const author = authorOf(request, dependencies);
    return view(() => actOnExecution(dependencies, { execution, action, author }));
  });
}
