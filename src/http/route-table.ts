import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { notFound, ServiceError } from '../errors.ts';
import type { App, RouteAccess } from './types.ts';
import { unboundedNumbers } from './validation.ts';

/**
 * Keeps a list of the routes in `app.routeTable`: docs/access.md is held to it. Refuses a route
 * that takes a number without bounds. Call before any route.
 */
export function collectRoutes(app: App): void {
  const routes: RouteAccess[] = [];
  app.decorate('routeTable', routes);
  app.addHook('onRoute', ({ url, method, config, schema }: RouteOptions) => {
    const { querystring, params, headers, body } = schema ?? {};
    const [unbounded] = [querystring, params, headers, body].flatMap((part) => unboundedNumbers(part));
    if (unbounded !== undefined)
      throw new Error(`route ${url}: ${unbounded} is a number without minimum and maximum`);
    const role = config?.role ?? null;
    const reach = config?.reach ?? 'DATAMARTS_OF_TOKEN';
    for (const name of [method].flat()) routes.push({ method: name, url, role, reach });
  });
}

/** What answers a path that no route knows, where a browser asks for a page. */
export type FallbackPage = {
  readonly isAskedFor: (request: FastifyRequest) => boolean;
  readonly send: (reply: FastifyReply) => FastifyReply;
};

/**
 * Answers requests that no route takes: 405 where another method would be taken, the page where it
 * is asked for, else 404. Call before any route.
 */
export function refuseUnknownRoutes(app: App, page: FallbackPage): void {
  const methodsByPattern = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }: RouteOptions) => {
    const methods = methodsByPattern.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    methodsByPattern.set(url, methods);
  });
  const methodsOf = (path: string): string[] => {
    const known = [...methodsByPattern].filter(([pattern]) => toRegExp(pattern).test(path));
    return [...new Set(known.flatMap(([, methods]) => [...methods]))].filter((name) => name !== 'OPTIONS');
  };

  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const allowed = methodsOf(rawPath(request.raw.url ?? ''));
    if (allowed.length === 0 && page.isAskedFor(request)) return page.send(reply);
    // a route that serves files answers for all names, also for those that there are no files of
    if (allowed.length === 0 || allowed.includes(request.method)) throw notFound();
    reply.header('Allow', allowed.join(', '));
    throw new ServiceError(
      'METHOD_NOT_ALLOWED',
      `the method must be ${allowed.join(' or ')}, got ${request.method}`,
    );
  });
}

function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/:[a-zA-Z]+/g, '[^/]+').replaceAll('*', '.+')}$`);
}

/** The path of a request's URL as it was sent, percent-encoded, without query and fragment. */
export function rawPath(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
