import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Membership } from '../../model/records.ts';
import { maySee } from '../access.ts';
import { okList, pageOf } from '../answers.ts';
import type { Authenticator } from '../authenticate.ts';
import { protocolReader } from '../client-address.ts';
import { errorAnswer } from '../error-handler.ts';
import { observeLookUp } from '../request-metrics.ts';
import { isId } from '../schemas.ts';
import { securityHeaders } from '../security-headers.ts';
import type { HttpDependencies } from '../types.ts';
import { parseSelector } from './selector.ts';
import { viewMembership } from './view.ts';

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

  function find({ datamartId, selector }: Asked): readonly Membership[] | null | undefined {
    const user = parseSelector(selector);
    if (user.by !== 'account_in_default_compartment')
      return immediate?.memberships({ datamartId, user, now: clock() });
    const compartmentId = immediate?.defaultCompartment(datamartId);
    if (compartmentId === undefined) return undefined;
    const identifier = { kind: 'USER_ACCOUNT', compartmentId, value: user.userAccountId } as const;
    return immediate?.memberships({
      datamartId,
      user: { by: 'identifier', identifier },
      now: clock(),
    });
  }

  return (request, response) => {
    const start = performance.now();
    const asked = of.isClosing() ? null : readAsked(request);
    const token = asked && of.authenticator.believe(request.headers.authorization);
    if (!asked || !token || !maySee(token, asked.datamartId)) return false;
    const memberships = undefinedOnFault(() => find(asked));
    if (memberships === undefined) return false;
    const id = randomUUID();
    const text = textOf(memberships, id);
    if (text.length > MOST_TEXT_LENGTH) return false;
    const status = memberships === null ? 404 : 200;
    response.writeHead(status, headersOf(id, { text, protocol: protocolOf(request) }));
    response.end(text);
    const ms = performance.now() - start;
    observeLookUp(asked.family, status, ms);
    lookUpTimes.note(ms + eventLoopLag.current());
    return true;
  };
}

type Asked = {
  readonly family: 'user_segments' | 'user_points';
  readonly datamartId: string;
  readonly selector: string;
};

/** Whose memberships a request asks for; null where there is anything unusual about it. */
function readAsked({ method, url = '', httpVersion, headers }: IncomingMessage): Asked | null {
  if (method !== 'GET' || httpVersion !== '1.1' || url.length > MOST_URL_LENGTH) return null;
  const [, datamartId = '', ofSegments, ofPoints = ''] = PATH.exec(url) ?? [];
  if (!isId(datamartId) || headers.host === undefined) return null;
  if (UNUSUAL.some((name) => headers[name] !== undefined)) return null;
  return ofSegments === undefined
    ? { family: 'user_points', datamartId, selector: ofPoints }
    : { family: 'user_segments', datamartId, selector: ofSegments };
}

/** A wrong selector, or a fault: the route meets it too, and has an answer to it. */
function undefinedOnFault<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
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
