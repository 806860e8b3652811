import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import cors from '@fastify/cors';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { ServiceError } from '../errors.ts';
import { type Authenticator, createAuthenticator } from './authenticate.ts';
import { createClientErrorHandler } from './client-error.ts';
import { compilersFactory } from './compile-schemas.ts';
import { consoleRoutes } from './console.ts';
import { holdBodies } from './continue.ts';
import type { HttpDependencies } from './dependencies.ts';
import { docsRoutes } from './docs.ts';
import { endWithToken, RequestStop, requireNotEnded } from './end-request.ts';
import { handleError } from './error-handler.ts';
import { addHooks, commonHeaders } from './hooks.ts';
import { answerImmediateLookUps } from './immediate-look-ups.ts';
import { createLiveTokens, type LiveTokens } from './live-tokens.ts';
import { refuseUnknownRoutes } from './not-found.ts';
import { describeApi } from './openapi.ts';
import { collectRoutes } from './route-table.ts';
import { activityRoutes } from './routes/activity.ts';
import { auditLogRoutes } from './routes/audit-log.ts';
import { backupRoutes } from './routes/backup.ts';
import { checkRoutes } from './routes/check.ts';
import { compartmentRoutes } from './routes/compartments.ts';
import { dataFileRoutes } from './routes/data-file.ts';
import { datamartExecutionRoutes } from './routes/datamart-executions.ts';
import { datamartRoutes } from './routes/datamarts.ts';
import { documentImportPreviewRoute } from './routes/document-import-preview.ts';
import { documentImportRoutes } from './routes/document-imports.ts';
import { erasureRoutes } from './routes/erasures.ts';
import { executionRoutes, executionUploadRoute } from './routes/executions.ts';
import { exportRoutes } from './routes/exports.ts';
import { linkRoutes } from './routes/links.ts';
import { memberRoutes } from './routes/members.ts';
import { overlapAnalysisRoutes } from './routes/overlap-analyses.ts';
import { segmentHistoryRoutes } from './routes/segment-history.ts';
import { segmentListRoutes } from './routes/segment-list.ts';
import { segmentOverlapRoutes } from './routes/segment-overlaps.ts';
import { segmentRoutes } from './routes/segments.ts';
import { selectionRoutes } from './routes/selections.ts';
import { sourceRoutes } from './routes/sources.ts';
import { systemRoutes } from './routes/system.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { userListImportRoutes, userListUploadRoute } from './routes/user-list-imports.ts';
import { userSearchRoute } from './routes/user-search.ts';
import { userSegmentCommandRoutes } from './routes/user-segment-commands.ts';
import { userRoutes } from './routes/users.ts';
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { readCertificate } from './tls.ts';
import type { App } from './types.ts';

/** Largest JSON body; files are not subject to it. */
const MOST_JSON_BYTES = 1024 * 1024;

/** The HTTP layer, ready to `listen` or to `inject` into. */
export async function buildApp(dependencies: HttpDependencies): Promise<FastifyInstance> {
  const app = createInstance(dependencies);
  const { store, clock, logger, config } = dependencies;
  const liveTokens = createLiveTokens({ store, clock, logger, isShared: config.store !== null });
  const authenticator = createAuthenticator(dependencies, liveTokens);
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onClose', async () => liveTokens.close());
  answerImmediateLookUps(app.server as Server, { dependencies, authenticator, isClosing: () => closing });
  holdBodies(app.server);
  app.server.maxConnections = dependencies.config.maxConnections;
  app.server.headersTimeout = dependencies.config.requestMs;
  app.decorateRequest('apiToken', null);
  app.decorateRequest('stop');
  app.decorateRequest('errorCode', null);
  app.decorateRequest('lookUpLagMs', null);
  app.decorateRequest('datamartId', null);
  app.decorateRequest('executionId', null);
  app.decorateRequest('bodyText', '');
  app.setErrorHandler(handleError);
  collectRoutes(app);
  refuseUnknownRoutes(app);
  addHooks(app, dependencies);
  takeJsonOnly(app);
  await addCors(app, dependencies.config.corsOrigins);
  await app.register(fastifyStatic, { serve: false });
  await describeApi(app);
  systemRoutes(app, dependencies);
  await consoleRoutes(app);
  docsRoutes(app);
  const access = { liveTokens, authenticator };
  await app.register(async (scope: FastifyInstance) => addApi(scope as App, dependencies, access), {
    prefix: '/v1',
  });
  await app.ready();
  return app as unknown as FastifyInstance;
}

function createInstance({ config, logger }: HttpDependencies): App {
  const certificate = readCertificate(config);
  const setCommonHeaders = commonHeaders(config.trustProxy);
  const server = {
    // How often Node looks for headers that are late.
    connectionsCheckingInterval: Math.min(config.requestMs, 5_000),
    // Checked in `hooks.ts`: Node would answer without a body.
    requireHostHeader: false,
  };
  return Fastify({
    ...(certificate === null
      ? { http: server }
      : { https: { ...server, ...certificate, handshakeTimeout: config.requestMs } }),
    loggerInstance: logger,
    // Its lines would show whole URLs, and those name users; `hooks.ts` writes one without.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: MOST_JSON_BYTES,
    // An upload may take hours; one that stands still is ended by the documents, the headers are
    // timed by Node.
    requestTimeout: 0,
    connectionTimeout: 0,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 1_000 },
    clientErrorHandler: createClientErrorHandler(logger),
    frameworkErrors: (error, request, reply) => {
      setCommonHeaders(request, reply);
      handleError(error, request, reply);
    },
    schemaController: { compilersFactory },
    // `verbose` gives the messages what came; unknown members are left alone, which is to say
    // ignored.
    ajv: {
      customOptions: {
        coerceTypes: true,
        removeAdditional: false,
        allowUnionTypes: true,
        verbose: true,
        strict: false,
      },
    },
  }) as unknown as App;
}

/** JSON, also an empty body under its name, as some clients send with DELETE; nothing else. */
function takeJsonOnly(app: App): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('remove', 'remove');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    const text = body.toString();
    if (request.routeOptions.config.keepsText) {
      // what is no character would be stored as another text
      if (!isUtf8(body as Buffer)) return done(notUtf8());
      // without the mark that the parser passes over
      request.bodyText = text.replace(/^\ufeff/, '');
    }
    return parse(request, text, done);
  });
}

function notUtf8(): ServiceError {
  return new ServiceError('INVALID_JSON_BODY', 'the body must be JSON in UTF-8, got other bytes');
}

async function addCors(app: App, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Accept', 'X-Requested-By', 'Idempotency-Key'],
    exposedHeaders: ['X-Request-Id', 'Content-Disposition', 'Retry-After', 'Idempotent-Replayed'],
    maxAge: 600,
  });
}

type Access = { readonly liveTokens: LiveTokens; readonly authenticator: Authenticator };

async function addApi(
  app: App,
  dependencies: HttpDependencies,
  { liveTokens, authenticator }: Access,
): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    request.stop = new RequestStop();
    const watchToken = () => endWithToken(request, reply, liveTokens);
    const authenticating = authenticator.authenticate(request, reply);
    if (authenticating !== undefined) {
      authenticating.then(watchToken).then(() => done(), done);
      return;
    }
    watchToken();
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    requireNotEnded(request);
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('Cache-Control', 'private, no-store');
    done();
  });
  documentImportRoutes(app, dependencies);
  documentImportPreviewRoute(app, dependencies);
  executionRoutes(app, dependencies);
  datamartExecutionRoutes(app, dependencies);
  activityRoutes(app, dependencies);
  userListImportRoutes(app, dependencies);
  dataFileRoutes(app, dependencies);
  sourceRoutes(app, dependencies);
  webhookRoutes(app, dependencies);
  webhookDeliveryRoutes(app, dependencies);
  segmentListRoutes(app, dependencies);
  segmentRoutes(app, dependencies);
  memberRoutes(app, dependencies);
  exportRoutes(app, dependencies);
  segmentHistoryRoutes(app, dependencies);
  segmentOverlapRoutes(app, dependencies);
  overlapAnalysisRoutes(app, dependencies);
  userRoutes(app, dependencies);
  userSearchRoute(app, dependencies);
  linkRoutes(app, dependencies);
  userSegmentCommandRoutes(app, dependencies);
  erasureRoutes(app, dependencies);
  datamartRoutes(app, dependencies);
  compartmentRoutes(app, dependencies);
  selectionRoutes(app, dependencies);
  tokenRoutes(app, dependencies, authenticator);
  auditLogRoutes(app, dependencies);
  backupRoutes(app, dependencies);
  checkRoutes(app, dependencies);
  await app.register(async (scope: FastifyInstance) => addUploads(scope as App, dependencies));
}

/** The routes whose body is a file: whatever its type, it is left on the wire for `upload.ts`. */
async function addUploads(app: App, dependencies: HttpDependencies): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  executionUploadRoute(app, dependencies);
  userListUploadRoute(app, dependencies);
}
