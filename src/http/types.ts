import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ErrorCode } from '../errors.ts';
import type { ApiToken, Role } from '../model/records.ts';
import type { RequestStop } from './end-request.ts';
import type { RouteAccess } from './route-table.ts';

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
    /** Whether it reaches beyond single datamarts, and needs a token for all of them. */
    readonly reach?: 'ALL_DATAMARTS';
    /** Whether the body is a file that the route reads itself. */
    readonly takesFile?: boolean;
    /**
     * Whether the route reads the JSON of the body itself, which has the digits of large numbers.
     */
    readonly keepsText?: boolean;
    /**
     * Whether texts that cannot be kept are left to the route, which refuses no more than what they
     * stand in.
     */
    readonly leavesTexts?: boolean;
  }
  interface FastifyInstance {
    /** Every route with who may call it; filled as the routes are added. */
    routeTable: readonly RouteAccess[];
  }
  interface FastifyRequest {
    /** Who calls; null outside /v1. */
    apiToken: ApiToken | null;
    /** Ends the request before its answer. */
    stop: RequestStop;
    /** What the request was refused with, for its log line. */
    errorCode: ErrorCode | 'INTERNAL_ERROR' | null;
    /** The body as it came, where the route asks for it. */
    bodyText: string;
    /**
     * Of a look-up of one user, which is timed: how long it may have waited before it was read;
     * else null.
     */
    lookUpLagMs: number | null;
    /**
     * The datamart and the execution it came to, for its log line: ids of what is there, never what
     * the URL says.
     */
    datamartId: string | null;
    executionId: string | null;
  }
}
