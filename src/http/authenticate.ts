import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../errors.ts';
import { type ApiToken, hashToken, ROLES } from '../model/records.ts';
import type { HttpDependencies } from './dependencies.ts';

/** How long a token is believed without looking again: the most another process's removal can lag. */
const CACHE_MS = 5_000;
const MOST_CACHED = 1_000;
/** How often the use of a token is noted. */
const MARK_MS = 60_000;

export interface Authenticator {
  /** Sets `request.apiToken`. Throws UNAUTHORIZED, or FORBIDDEN when the route wants a higher role. */
  authenticate(request: FastifyRequest): Promise<void>;
  /** Forgets what is cached of a token: from here on it is looked up again. */
  forget(tokenId: string): void;
}

/** The token in an Authorization header: raw, `api:` or `Bearer` (spec §2). */
export function readAuthorization(header: string | undefined): string | null {
  const value = (header ?? '').trim().replace(/^(?:bearer\s+|api:)/i, '');
  return value === '' ? null : value;
}

export function createAuthenticator({ store, clock, logger }: HttpDependencies): Authenticator {
  const cached = new Map<string, { readonly token: ApiToken; readonly until: number }>();
  const markedAt = new Map<string, number>();
  /** Counts removals: a token that was being looked up during one is not cached, it may be the removed one. */
  let removals = 0;

  async function findToken(value: string): Promise<ApiToken | null> {
    const hash = hashToken(value);
    const known = cached.get(hash);
    if (known !== undefined && known.until > clock()) return known.token;
    cached.delete(hash);
    const removalsBefore = removals;
    const token = await store.tokens.findByHash(hash);
    if (token === null || removals !== removalsBefore) return token;
    if (cached.size >= MOST_CACHED) cached.clear();
    cached.set(hash, { token, until: clock() + CACHE_MS });
    return token;
  }

  /** Never waited for: the answer does not depend on it. */
  function markUsed(token: ApiToken): void {
    const now = clock();
    if (now - (markedAt.get(token.id) ?? Number.NEGATIVE_INFINITY) < MARK_MS) return;
    markedAt.set(token.id, now);
    store.tokens.markUsed(token.id, now).catch((error: unknown) => {
      logger.warn({ err: error, token_id: token.id }, 'the use of a token was not noted');
    });
  }

  return {
    async authenticate(request) {
      const value = readAuthorization(request.headers.authorization);
      if (value === null) {
        throw new ServiceError(
          'UNAUTHORIZED',
          'an API token is expected in the header Authorization, got none',
        );
      }
      const token = await findToken(value);
      if (token === null || (token.expirationDate !== null && token.expirationDate <= clock())) {
        throw new ServiceError('UNAUTHORIZED', 'the API token in the header Authorization is not valid');
      }
      request.apiToken = token;
      markUsed(token);
      requireRole(request, token);
    },
    forget(tokenId) {
      removals++;
      for (const [hash, { token }] of cached) if (token.id === tokenId) cached.delete(hash);
      markedAt.delete(tokenId);
    },
  };
}

function requireRole(request: FastifyRequest, token: ApiToken): void {
  const { role } = request.routeOptions.config;
  if (role === undefined) throw new Error(`route ${request.routeOptions.url} declares no role`);
  if (ROLES.indexOf(token.role) < ROLES.indexOf(role)) {
    throw new ServiceError(
      'FORBIDDEN',
      `this call needs the role ${role}, the token has the role ${token.role}`,
    );
  }
}
