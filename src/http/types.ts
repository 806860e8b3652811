import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ErrorCode } from '../errors.ts';
import type { ApiToken, Role } from '../model/records.ts';

/** The Fastify instance of this service: bodies, queries and answers are typed by their schemas. */
export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least role that may call the route; every route under /v1 has one. */
    readonly role?: Role;
    /** Whether the body is a file that the route reads itself. */
    readonly takesFile?: boolean;
  }
  interface FastifyRequest {
    /** Who calls; null outside /v1. */
    apiToken: ApiToken | null;
    /** What the request was refused with, for its log line. */
    errorCode: ErrorCode | 'INTERNAL_ERROR' | null;
  }
}
