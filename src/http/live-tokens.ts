import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ServiceError } from '../errors.ts';
import type { ApiToken } from '../model/token.ts';
import type { Store } from '../store/store.ts';

/**
 * How often tokens are looked at whose requests take long: expiry by a clock that may jump, removal
 * by another node.
 */
const LOOK_MS = 400;
/** What `setTimeout` takes at most. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The tokens of the requests that are under way, and what is done when one of them ends. */
export interface LiveTokens {
  /**
   * Calls `onEnd` when the token is removed or expires, by any node, within a second. To be called
   * in the step that found the token. Gives what ends the watch.
   */
  watch(token: ApiToken, onEnd: (reason: TokenEnd) => void): () => void;
  /** The token was removed. */
  remove(tokenId: string): void;
  close(): void;
}

export type TokenEnd = 'REMOVED' | 'EXPIRED';

type Watched = {
  readonly token: ApiToken;
  readonly requests: Set<(reason: TokenEnd) => void>;
  /** Whether it was there at the last look: only what takes longer than a look is asked for. */
  isOld: boolean;
  timer: NodeJS.Timeout | null;
};

export type LiveTokensContext = {
  readonly store: Pick<Store, 'tokens'>;
  readonly clock: () => number;
  readonly logger: Logger;
  /** Whether other processes may remove tokens. */
  readonly isShared: boolean;
};

export function createLiveTokens({ store, clock, logger, isShared }: LiveTokensContext): LiveTokens {
  const watched = new Map<string, Watched>();
  let looking = false;

  function end(of: Watched, reason: TokenEnd): void {
    forget(of);
    for (const onEnd of of.requests) onEnd(reason);
  }

  function forget(of: Watched): void {
    if (watched.get(of.token.id) === of) watched.delete(of.token.id);
    if (of.timer !== null) clearTimeout(of.timer);
  }

  const isExpired = ({ token: { expirationDate } }: Watched) =>
    expirationDate !== null && expirationDate <= clock();

  /** At the instant; the looks in between are for a clock that was set. */
  function startTimer(of: Watched): void {
    const { expirationDate } = of.token;
    if (expirationDate === null) return;
    const left = Math.max(1, Math.min(expirationDate - clock(), MAX_TIMEOUT_MS));
    of.timer = setTimeout(() => {
      if (isExpired(of)) end(of, 'EXPIRED');
      else startTimer(of);
    }, left);
    of.timer.unref();
  }

  async function look(): Promise<void> {
    for (const of of watched.values()) if (isExpired(of)) end(of, 'EXPIRED');
    const old = [...watched.values()].filter(({ isOld }) => isOld);
    for (const of of watched.values()) of.isOld = true;
    if (!isShared || looking || old.length === 0) return;
    looking = true;
    try {
      const there = await store.tokens.whichExist(old.map(({ token }) => token.id));
      for (const of of old) if (!there.has(of.token.id)) end(of, 'REMOVED');
    } catch (fault) {
      logger.warn({ err: fault }, 'it is not known whether tokens were removed, it is asked again');
    } finally {
      looking = false;
    }
  }

  const timer = setInterval(look, LOOK_MS);
  timer.unref();

  return {
    watch: (token, onEnd) => {
      let of = watched.get(token.id);
      if (of === undefined) {
        of = { token, requests: new Set(), isOld: false, timer: null };
        watched.set(token.id, of);
        startTimer(of);
      }
      const own = of;
      own.requests.add(onEnd);
      return () => {
        own.requests.delete(onEnd);
        if (own.requests.size === 0) forget(own);
      };
    },
    remove: (tokenId) => {
      const of = watched.get(tokenId);
      if (of !== undefined) end(of, 'REMOVED');
    },
    close: () => {
      clearInterval(timer);
      for (const of of watched.values()) forget(of);
    },
  };
}

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
