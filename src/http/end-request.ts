import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../errors.ts';
import type { LiveTokens, TokenEnd } from './live-tokens.ts';

const TEXTS: Readonly<Record<TokenEnd, string>> = {
  REMOVED: 'the API token was deleted while the request was under way',
  EXPIRED: 'the API token expired while the request was under way',
};

/**
 * Ends a request before its answer. Few requests ask for the signal, and making one costs more than
 * the rest of this.
 */
export class RequestStop {
  #reason: ServiceError | null = null;
  #controller: AbortController | null = null;

  /** What the request is refused with; null while it goes on. */
  get reason(): ServiceError | null {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Only the first reason counts. */
  abort(reason: ServiceError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}

/** Ends the request when its token does. To be called in the step that authenticated it. */
export function endWithToken(request: FastifyRequest, reply: FastifyReply, liveTokens: LiveTokens): void {
  const { apiToken } = request;
  if (apiToken === null) return;
  const unwatch = liveTokens.watch(apiToken, (reason) => {
    request.log.info({ token_id: apiToken.id, reason }, 'request ended with its token');
    end(request, reply, new ServiceError('UNAUTHORIZED', TEXTS[reason]));
  });
  if (reply.raw.destroyed) unwatch();
  else reply.raw.once('close', unwatch);
}

/**
 * An upload is refused, and nothing of it is kept. What is read is broken off, whether the answer
 * has begun or not: nobody could tell a short download from a whole one otherwise. A change that
 * has all it needs is finished, and its answer given.
 */
function end(request: FastifyRequest, reply: FastifyReply, reason: ServiceError): void {
  const { takesFile, role } = request.routeOptions.config;
  const isRead = role === 'reader' || request.method === 'GET' || request.method === 'HEAD';
  request.stop.abort(reason);
  if (takesFile && !reply.sent) return;
  if (isRead || reply.raw.headersSent || !request.raw.complete) reply.raw.destroy();
}

/** Throws where a request was ended before it was begun with. */
export function requireNotEnded({ stop }: FastifyRequest): void {
  if (stop.reason !== null) throw stop.reason;
}
