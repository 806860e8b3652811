import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Documents } from '../documents/documents.ts';
import type { ErrorCode } from '../errors.ts';
import type { EventLoopLag } from '../event-loop-lag.ts';
import type { FairTurns } from '../fair-turns.ts';
import type { LookUpTimes } from '../look-up-times.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Rejection } from '../model/command.ts';
import type { AnsweredCall, CommandCall } from '../model/command-call.ts';
import type { Identifier } from '../model/identifier.ts';
import type { Role } from '../model/records.ts';
import type { ApiToken } from '../model/token.ts';
import type { Pace } from '../pace.ts';
import type { ProgressBoard } from '../progress-board.ts';
import type { Store } from '../store/store.ts';
import type { EventStreams } from './executions/event-streams.ts';
import type { RequestStop } from './live-tokens.ts';
import type { Admission } from './uploads/admission.ts';
import type { LookUpGate } from './users/look-up-gate.ts';

/** A route and who may call it. */
export type RouteAccess = {
  readonly method: string;
  readonly url: string;
  /** The least role that may call it; null: no token is asked for. */
  readonly role: Role | null;
  readonly reach: 'ALL_DATAMARTS' | 'DATAMARTS_OF_TOKEN';
};

/** What the HTTP layer is made of; assembled by `service.ts`, and by tests. */
export type HttpDependencies = {
  readonly store: Store;
  readonly documents: Documents;
  readonly config: Config;
  readonly logger: Logger;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** How far the executions are that this node runs, between their checkpoints. */
  readonly progress: Pick<ProgressBoard, 'runs'>;
  /** Files of exports are made one at a time, by datamart. */
  readonly exportTurns: FairTurns;
  /** The streams of events of executions. */
  readonly eventStreams: EventStreams;
  /** Reads the identifier in the text of a body, by the rules of a line of a file. */
  readonly readIdentifier: (text: string, catalogue: Catalogue) => Identifier | Rejection;
  /**
   * Applies commands that come without a file. A call that `isGone` tells is for nobody any more is
   * not begun.
   */
  readonly applyCommands: (call: CommandCall, isGone?: () => boolean) => Promise<AnsweredCall>;
  /** Whether another upload may come in. */
  readonly admission: Admission;
  /** Look-ups have to pass it. */
  readonly lookUpGate: LookUpGate;
  /** How long look-ups of one user take, as their clients feel it. */
  readonly lookUpTimes: LookUpTimes;
  readonly eventLoopLag: Pick<EventLoopLag, 'current'>;
  /** Whether imports are held back for look-ups. */
  readonly pace: Pick<Pace, 'state'>;
};

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
