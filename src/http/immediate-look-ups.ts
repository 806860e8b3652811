import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ServiceError } from '../errors.ts';
import type { ApiToken, Membership } from '../model/records.ts';
import { isId, maySee } from './access.ts';
import type { Authenticator } from './authenticate.ts';
import { protocolReader } from './client-address.ts';
import type { HttpDependencies } from './dependencies.ts';
import { okList } from './envelope.ts';
import { errorAnswer } from './error-handler.ts';
import { pageOf } from './paging.ts';
import { observeLookUp } from './request-metrics.ts';
import { securityHeaders } from './security-headers.ts';
import { parseSelector } from './selector.ts';
import { viewMembership } from './views.ts';

/**
 * The paths of a user's memberships, as they are mostly sent: no query, and of the selector's
 * characters only those that mean nothing to a router.
 */
const PATH =
  /^\/v1\/datamarts\/(\d{1,18})\/(?:user_segments\/([\w\-.~%=,:@!$&'()*+/]+)|user_points\/([\w\-.~%=,:@!$&'()*+/]+)\/user_segments)$/;
/** Longer ones are left to the framework, which has its own limits. */
const MOST_URL_LENGTH = 500;
/** A longer answer may fill the socket, and the framework's route watches those who read slowly. */
const MOST_TEXT_LENGTH = 16 * 1024;
const FIRST_PAGE = pageOf({});
/**
 * What asks for more than an answer: a body, a promise, another origin. Then the framework's hooks
 * are needed.
 */
const UNUSUAL = [
  'content-length',
  'transfer-encoding',
  'expect',
  'origin',
  'upgrade',
  'accept-version',
] as const;

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Answers the look-ups of memberships that need no wait, before the framework hears of them: its
 * hooks, promises and validators cost three times as much as such a look-up. Whatever is out of the
 * ordinary is left to the route in `routes/users.ts`, which means the same: a query, a token that
 * was not right lately, a wrong selector, a store that has to be waited for, a stop.
 */
export function answerImmediateLookUps(
  server: Server,
  of: { dependencies: HttpDependencies; authenticator: Authenticator; isClosing: () => boolean },
): void {
  const [handle] = server.listeners('request');
  if (handle === undefined) throw new Error('the server has no handler of requests');
  const answer = createAnswer(of);
  if (answer === null) return;
  server.removeListener('request', handle as never);
  server.prependListener('request', (request, response) => {
    if (!answer(request, response)) Reflect.apply(handle, server, [request, response]);
  });
}

/** Null where no look-up can be answered so. */
function createAnswer(of: Parameters<typeof answerImmediateLookUps>[1]): Answer | null {
  const { store, clock, config, logger, lookUpTimes, eventLoopLag } = of.dependencies;
  const { immediate } = store;
  // each request has a line then, and that takes a route
  if (immediate === undefined || logger.isLevelEnabled('debug')) return null;
  const protocolOf = protocolReader(config.trustProxy);

  function find(token: ApiToken, url: string): Found | undefined {
    const [, datamartId = '', ...selectors] = PATH.exec(url) ?? [];
    if (!isId(datamartId) || !maySee(token, datamartId)) return undefined;
    const [ofSegments, ofPoints] = selectors;
    const user = selected(ofSegments ?? ofPoints ?? '');
    if (user === null) return undefined;
    if (user.by !== 'account_in_default_compartment')
      return withFamily(immediate?.memberships({ datamartId, user, now: clock() }), ofSegments);
    const compartmentId = immediate?.defaultCompartment(datamartId);
    if (compartmentId === undefined) return undefined;
    const identifier = { kind: 'USER_ACCOUNT', compartmentId, value: user.userAccountId } as const;
    const asked = { datamartId, user: { by: 'identifier', identifier }, now: clock() } as const;
    return withFamily(immediate?.memberships(asked), ofSegments);
  }

  return (request, response) => {
    const start = performance.now();
    const { url = '', headers } = request;
    if (request.method !== 'GET' || url.length > MOST_URL_LENGTH || of.isClosing()) return false;
    if (request.httpVersion !== '1.1' || headers.host === undefined) return false;
    if (!url.startsWith('/v1/datamarts/') || UNUSUAL.some((name) => headers[name] !== undefined))
      return false;
    const token = PATH.test(url) ? of.authenticator.believe(headers.authorization) : null;
    const found = token === null ? undefined : find(token, url);
    if (found === undefined) return false;
    const id = randomUUID();
    const text = textOf(found.memberships, id);
    if (text.length > MOST_TEXT_LENGTH) return false;
    const status = found.memberships === null ? 404 : 200;
    response.writeHead(status, headersOf(id, { text, protocol: protocolOf(request) }));
    response.end(text);
    const ms = performance.now() - start;
    observeLookUp(found.family, status, ms);
    lookUpTimes.note(ms + eventLoopLag.current());
    return true;
  };
}

type Found = {
  readonly family: 'user_segments' | 'user_points';
  readonly memberships: readonly Membership[] | null;
};

function withFamily(
  memberships: readonly Membership[] | null | undefined,
  ofSegments: string | undefined,
): Found | undefined {
  if (memberships === undefined) return undefined;
  return { family: ofSegments === undefined ? 'user_points' : 'user_segments', memberships };
}

function selected(text: string): ReturnType<typeof parseSelector> | null {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof ServiceError) return null;
    throw error;
  }
}

function textOf(memberships: readonly Membership[] | null, id: string): string {
  if (memberships === null)
    return JSON.stringify(errorAnswer({ text: 'Resource Not Found', code: 'NOT_FOUND', id }));
  const { firstResult, maxResults } = FIRST_PAGE;
  const elements = memberships.slice(firstResult, firstResult + maxResults);
  return JSON.stringify(okList({ elements, total: memberships.length }, FIRST_PAGE, viewMembership));
}

function headersOf(
  id: string,
  { text, protocol }: { text: string; protocol: 'http' | 'https' },
): Record<string, string | number> {
  return {
    'X-Request-Id': id,
    ...securityHeaders(protocol),
    'Cache-Control': 'private, no-store',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  };
}
