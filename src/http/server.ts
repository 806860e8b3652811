import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import cors from '@fastify/cors';
import Fastify, { LogController } from 'fastify';
import { type Config, ConfigError } from '../config.ts';
import { ServiceError } from '../errors.ts';
import { createClientErrorHandler, handleError } from './error-handler.ts';
import { commonHeaders } from './hooks.ts';
import type { App, HttpDependencies } from './types.ts';
import { compilersFactory } from './validation.ts';

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

/**
 * Reads the certificate and key of the configuration; null where there are none.
 *
 * @throws ConfigError when they cannot be read, or do not belong together
 */
export function readCertificate({ tlsCert, tlsKey }: Pick<Config, 'tlsCert' | 'tlsKey'>): Certificate | null {
  if (tlsCert === null || tlsKey === null) return null;
  try {
    const certificate = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
    createSecureContext(certificate);
    return certificate;
  } catch (error) {
    throw new ConfigError(`tlsCert, tlsKey: cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** Largest JSON body; files are not subject to it. */
const MOST_JSON_BYTES = 1024 * 1024;

/** The server of the API, over TLS where there is a certificate; without hooks and routes. */
export function createInstance({ config, logger }: HttpDependencies): App {
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
export function takeJsonOnly(app: App): void {
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

/** Lets pages of these origins call the API; of none by default. */
export async function addCors(app: App, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Accept', 'X-Requested-By', 'Idempotency-Key'],
    exposedHeaders: ['X-Request-Id', 'Content-Disposition', 'Retry-After', 'Idempotent-Replayed'],
    maxAge: 600,
  });
}
