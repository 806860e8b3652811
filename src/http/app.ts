import type { Server } from 'node:http';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { activityRoutes } from './activity/routes.ts';
import { auditLogRoutes } from './audit-log/routes.ts';
import { type Authenticator, createAuthenticator } from './authenticate.ts';
import { holdBodies } from './connection.ts';
import { dataFileRoutes } from './data-files/routes.ts';
import { compartmentRoutes } from './datamarts/compartments.ts';
import { datamartRoutes } from './datamarts/routes.ts';
import { selectionRoutes } from './datamarts/selections.ts';
import { documentImportPreviewRoute } from './document-imports/preview.ts';
import { documentImportRoutes } from './document-imports/routes.ts';
import { handleError } from './error-handler.ts';
import { datamartExecutionRoutes } from './executions/datamart-executions.ts';
import { executionRoutes, executionUploadRoute } from './executions/routes.ts';
import { userListImportRoutes, userListUploadRoute } from './executions/user-list-imports.ts';
import { overlapAnalysisRoutes } from './exports/overlap-analyses.ts';
import { exportRoutes } from './exports/routes.ts';
import { addHooks } from './hooks.ts';
import {
  createLiveTokens,
  endWithToken,
  type LiveTokens,
  RequestStop,
  requireNotEnded,
} from './live-tokens.ts';
import { consoleRoutes, isConsolePage, sendConsole } from './pages/console.ts';
import { docsRoutes } from './pages/docs.ts';
import { describeApi } from './pages/openapi.ts';
import { collectRoutes, refuseUnknownRoutes } from './route-table.ts';
import { segmentHistoryRoutes } from './segments/history.ts';
import { segmentListRoutes } from './segments/list.ts';
import { memberRoutes } from './segments/members.ts';
import { segmentOverlapRoutes } from './segments/overlaps.ts';
import { segmentRoutes } from './segments/routes.ts';
import { addCors, createInstance, takeJsonOnly } from './server.ts';
import { sourceRoutes } from './sources/routes.ts';
import { backupRoutes } from './system/backup.ts';
import { checkRoutes } from './system/check.ts';
import { systemRoutes } from './system/routes.ts';
import { tokenRoutes } from './tokens/routes.ts';
import type { App, HttpDependencies } from './types.ts';
import { userSegmentCommandRoutes } from './users/commands.ts';
import { erasureRoutes } from './users/erasures.ts';
import { answerImmediateLookUps } from './users/immediate-look-ups.ts';
import { linkRoutes } from './users/links.ts';
import { userRoutes } from './users/routes.ts';
import { userSearchRoute } from './users/search.ts';
import { webhookDeliveryRoutes } from './webhooks/deliveries.ts';
import { webhookRoutes } from './webhooks/routes.ts';

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
  refuseUnknownRoutes(app, { isAskedFor: isConsolePage, send: sendConsole });
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
