import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { notFound, ServiceError } from '../errors.ts';
import { isConsolePage, sendConsole } from './console.ts';
import { rawPath } from './raw-path.ts';
import type { App } from './types.ts';

/**
 * Answers requests that no route takes: 405 where another method would be taken, else 404. Call
 * before any route.
 */
export function refuseUnknownRoutes(app: App): void {
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
    if (allowed.length === 0 && isConsolePage(request)) return sendConsole(reply);
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
