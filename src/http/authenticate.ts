import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../errors.ts';
import { ROLES } from '../model/records.ts';
import type { ApiToken } from '../model/token.ts';
import { HASH_PREFIX, hashToken, isSameHash } from '../model/token-hash.ts';
import { countFailedAttempts, type Origin, originReader } from './client-address.ts';
import type { LiveTokens } from './live-tokens.ts';
import type { HttpDependencies } from './types.ts';

/**
 * How long a token is believed without looking again: the most another process's removal can lag.
 */
const CACHE_MS = 750;
const MOST_CACHED = 1_000;
/** How often the use of a token is noted. */
const MARK_MS = 60_000;
/**
 * How long a token waits that comes from an address with too many failed attempts and was not seen
 * to be right lately.
 */
const HOLD_MS = 1_000;

export interface Authenticator {
  /**
   * Sets `request.apiToken`. Throws UNAUTHORIZED, TOO_MANY_ATTEMPTS for a wrong token from an
   * address that sent many, or FORBIDDEN when the route wants a higher role or a token for all
   * datamarts. A right token is never refused for what others at its address did; at most it waits,
   * the first time. A token that was right lately is believed at once: then there is no promise,
   * which costs each look-up more than the rest of this.
   */
  authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined;
  /**
   * The token in an Authorization header, where it was right lately and has not expired; null where
   * it has to be looked at.
   */
  believe(authorization: string | undefined): ApiToken | null;
  /**
   * A token was removed: it is looked up again from here on, and the requests that are under way
   * with it are ended.
   */
  forget(tokenId: string): void;
}

/** The token in an Authorization header: raw, `api:` or `Bearer` (spec §2). */
export function readAuthorization(header: string | undefined): string | null {
  const value = (header ?? '').trim().replace(/^(?:bearer[ \t]+|api:)/i, '');
  return value === '' ? null : value;
}

type CachedToken = { readonly hash: string; readonly token: ApiToken; readonly until: number };

export function createAuthenticator(
  { store, clock, logger, config }: HttpDependencies,
  liveTokens: LiveTokens,
): Authenticator {
  const originOf = originReader(config.trustProxy);
  /** Tokens that were right lately, by the beginning of their hash. */
  const cached = new Map<string, CachedToken>();
  // not by the clock: set back by an hour, it would hold an address off for as long
  const elapsed = () => performance.now();
  const attempts = countFailedAttempts(elapsed);
  const uses = new TokenUses({ store, clock, logger });
  /**
   * Counts removals: a token that was being looked up during one is looked up again, it may be the
   * removed one.
   */
  let removals = 0;

  /** What is cached of the token with this hash, old or not. */
  function findCached(hash: string): CachedToken | undefined {
    const found = cached.get(hash.slice(0, HASH_PREFIX));
    return found !== undefined && isSameHash(found.hash, hash) ? found : undefined;
  }

  const isRecent = ({ until }: CachedToken) => until > elapsed();
  const isExpired = ({ expirationDate }: ApiToken) => expirationDate !== null && expirationDate <= clock();

  function believed(hash: string): ApiToken | null {
    const cached = findCached(hash);
    return cached !== undefined && isRecent(cached) && !isExpired(cached.token) ? cached.token : null;
  }

  async function findToken(hash: string, origin: Origin): Promise<ApiToken | null> {
    const known = findCached(hash);
    if (known !== undefined && isRecent(known)) return known.token;
    if (known === undefined && attempts.waitMs(origin) > 0) await sleep(HOLD_MS);
    const key = hash.slice(0, HASH_PREFIX);
    cached.delete(key);
    const removalsBefore = removals;
    const token = await store.tokens.findByHash(hash);
    // it may be the one that was removed meanwhile
    if (token !== null && removals !== removalsBefore) return findToken(hash, origin);
    if (token === null) return token;
    if (cached.size >= MOST_CACHED) cached.clear();
    cached.set(key, { hash, token, until: elapsed() + CACHE_MS });
    return token;
  }

  /**
   * The token with this hash, which was not seen to be right lately. Throws when there is none, or
   * it has expired.
   */
  async function requireToken(hash: string, { raw }: FastifyRequest, reply: FastifyReply): Promise<ApiToken> {
    // Read before anything is waited for: a closed socket does not tell its address any more.
    const origin = originOf(raw);
    const token = await findToken(hash, origin);
    if (token === null || isExpired(token)) throw refusal(origin, reply);
    return token;
  }

  /** The refusal of a wrong token; the address is remembered. */
  function refusal(origin: Origin, reply: FastifyReply): ServiceError {
    const waitMs = attempts.waitMs(origin);
    attempts.note(origin);
    if (waitMs === 0)
      return new ServiceError('UNAUTHORIZED', 'the API token in the header Authorization is not valid');
    const seconds = Math.ceil(waitMs / 1000);
    reply.header('Retry-After', String(seconds));
    return new ServiceError(
      'TOO_MANY_ATTEMPTS',
      `the API token is not valid, like too many before it from this address; try again in ${seconds} s`,
    );
  }

  function accept(request: FastifyRequest, token: ApiToken): void {
    request.apiToken = token;
    uses.note(token);
    requireRole(request, token);
  }

  return {
    authenticate(request, reply) {
      const value = readAuthorization(request.headers.authorization);
      if (value === null) {
        throw new ServiceError(
          'UNAUTHORIZED',
          'an API token is expected in the header Authorization, got none',
        );
      }
      const hash = hashToken(value);
      const token = believed(hash);
      // Where a request comes from is read only when it may be refused: checking addresses makes
      // native objects.
      if (token === null) return requireToken(hash, request, reply).then((found) => accept(request, found));
      accept(request, token);
      return undefined;
    },
    believe(authorization) {
      const value = readAuthorization(authorization);
      const token = value === null ? null : believed(hashToken(value));
      if (token !== null) uses.note(token);
      return token;
    },
    forget(tokenId) {
      removals++;
      for (const [key, { token }] of cached) if (token.id === tokenId) cached.delete(key);
      uses.forget(tokenId);
      liveTokens.remove(tokenId);
    },
  };
}

function requireRole(request: FastifyRequest, token: ApiToken): void {
  const { role, reach } = request.routeOptions.config;
  if (role === undefined) throw new Error(`route ${request.routeOptions.url} declares no role`);
  if (ROLES.indexOf(token.role) < ROLES.indexOf(role)) {
    throw new ServiceError(
      'FORBIDDEN',
      `this call needs the role ${role}, the token has the role ${token.role}`,
    );
  }
  if (reach === 'ALL_DATAMARTS' && token.datamartIds !== null) {
    throw new ServiceError('FORBIDDEN', 'this call needs a token for all datamarts, the token is for some');
  }
}

/** Notes now and then that a token is used. */
class TokenUses {
  readonly #context: Pick<HttpDependencies, 'store' | 'clock' | 'logger'>;
  readonly #notedAt = new Map<string, number>();

  constructor(context: Pick<HttpDependencies, 'store' | 'clock' | 'logger'>) {
    this.#context = context;
  }

  /** Never waited for: the answer does not depend on it. */
  note({ id }: ApiToken): void {
    const { store, clock, logger } = this.#context;
    const now = clock();
    if (now - (this.#notedAt.get(id) ?? Number.NEGATIVE_INFINITY) < MARK_MS) return;
    this.#notedAt.set(id, now);
    store.tokens.markUsed(id, now).catch((error: unknown) => {
      logger.warn({ err: error, token_id: id }, 'the use of a token was not noted');
    });
  }

  forget(tokenId: string): void {
    this.#notedAt.delete(tokenId);
  }
}
