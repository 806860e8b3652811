import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../errors.ts';
import { protocolReader } from './client-address.ts';
import { askForBody, createSlowReaders, drain, isBodyHeld, timeBody } from './connection.ts';
import { countSlow, observeRequest } from './request-metrics.ts';
import { securityHeaders } from './security-headers.ts';
import type { App, HttpDependencies } from './types.ts';
import { checkNumbers, checkTexts, dropAbsent } from './validation.ts';

/** While the service stops, how often connections are let go of that nobody uses any more. */
const CLOSE_IDLE_MS = 250;
/** Then, how long a client that is connected has to ask for something. */
const LAST_CALL_MS = 1_000;

/**
 * Sets the headers of every answer; before any hook has run, too, as of a URL that cannot be read.
 */
export function commonHeaders(
  trustProxy: readonly string[],
): (request: FastifyRequest, reply: FastifyReply) => void {
  const protocolOf = protocolReader(trustProxy);
  return (request, reply) => {
    reply.header('X-Request-Id', request.id).headers(securityHeaders(protocolOf(request.raw)));
  };
}

/**
 * Connections on which no request has come yet: Node takes them for busy until a timeout of a
 * minute.
 */
function silentConnections({ server }: App): ReadonlySet<Socket> {
  const silent = new Set<Socket>();
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => silent.delete(socket));
  return silent;
}

/**
 * What happens to every request, whichever route takes it. Hooks that wait for nothing call `done`:
 * a promise costs more.
 */
export function addHooks(app: App, { config, eventStreams, logger, lookUpTimes }: HttpDependencies): void {
  const { requestMs, minBytesPerSecond, downloadIdleMs, lookupWaitMs } = config;
  const setCommonHeaders = commonHeaders(config.trustProxy);
  const isDebugging = logger.isLevelEnabled('debug');
  const slowReaders = createSlowReaders({ minBytesPerSecond, windowMs: downloadIdleMs }, () => {
    countSlow('download');
    logger.info('an answer was ended: its client took too little of it');
  });
  app.addHook('onClose', async () => slowReaders.close());
  let closing = false;
  const silent = silentConnections(app);
  app.addHook('preClose', async () => {
    closing = true;
    eventStreams.close();
    // An answered request whose body is still coming is not idle when the stop begins, and nothing
    // tells when it is.
    const timer = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_MS);
    // Neither is a connection on which nothing was asked yet, as clients open them in advance.
    const lastCall = setTimeout(() => {
      for (const socket of silent) socket.destroy();
    }, LAST_CALL_MS);
    app.server.once('close', () => {
      clearInterval(timer);
      clearTimeout(lastCall);
    });
  });

  app.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    slowReaders.watch(reply.raw);
    if (closing)
      throw new ServiceError('SHUTTING_DOWN', 'the service is shutting down, try again in a moment');
    // Both are left to Fastify by Node's settings, so that they are answered like everything else.
    if (request.raw.headers.host === undefined && request.raw.httpVersion !== '1.0')
      throw new ServiceError('INVALID_REQUEST', 'the header Host is required, got none');
    const { expect } = request.headers;
    if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
      throw new ServiceError(
        'EXPECTATION_FAILED',
        `Expect must be 100-continue or absent, got ${JSON.stringify(expect.slice(0, 100))}`,
      );
    }
    done();
  });

  app.addHook('preParsing', (request, _reply, body, done) => {
    if (request.routeOptions.config.takesFile) return done(null, body);
    askForBody(request.raw);
    done(null, timeBody(request.raw, body as Readable, requestMs));
  });

  app.addHook('preValidation', (request, _reply, done) => {
    const { body, querystring } = request.routeOptions.schema ?? {};
    if (!request.routeOptions.config.leavesTexts) checkTexts(request.body);
    checkTexts(request.query);
    checkNumbers(body, request.body);
    checkNumbers(querystring, request.query);
    dropAbsent(body, request.body);
    dropAbsent(querystring, request.query);
    done();
  });

  app.addHook('onSend', (request, reply, _payload, done) => {
    if (closing || isBodyHeld(request.raw)) reply.header('Connection', 'close');
    else drain(request.raw);
    done();
  });

  app.addHook('onResponse', (_request, _reply, done) => {
    // A connection that was in use when the stop began would be waited for until its client lets go
    // of it.
    if (closing) setImmediate(() => app.server.closeIdleConnections());
    done();
  });

  app.addHook('onResponse', (request, reply, done) => {
    const { method, id, errorCode } = request;
    const route = request.routeOptions.url ?? 'none';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    const status = reply.statusCode;
    observeRequest({ method, route, status, ms, errorCode });
    const { lookUpLagMs } = request;
    if (lookUpLagMs !== null) {
      // a refusal is quick, and what was asked for has not come
      const answeredMs = errorCode === 'LOOKUPS_OVERLOADED' ? Math.max(ms, lookupWaitMs) : ms;
      lookUpTimes.note(answeredMs + lookUpLagMs);
    }
    // Applications look users up all day, and a line for each would cost as much as the look-up;
    // metrics count them.
    const isUsual = lookUpLagMs !== null && (errorCode === null || errorCode === 'NOT_FOUND');
    if (!isUsual || isDebugging) {
      const refused = errorCode === null ? {} : { error_id: id, error_code: errorCode };
      request.log[isUsual ? 'debug' : 'info'](
        { method, route, status, ms, ...idsOf(request), ...refused },
        'request',
      );
    }
    done();
  });
}

/** What a request was about, for its log line. */
function idsOf({ apiToken, datamartId, executionId }: FastifyRequest): Record<string, string> {
  return {
    ...(apiToken === null ? {} : { token_id: apiToken.id }),
    ...(datamartId === null ? {} : { datamart_id: datamartId }),
    ...(executionId === null ? {} : { execution_id: executionId }),
  };
}
