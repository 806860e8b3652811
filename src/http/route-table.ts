import type { RouteOptions } from 'fastify';
import type { Role } from '../model/records.ts';
import { unboundedNumbers } from './numbers.ts';
import type { App } from './types.ts';

/** A route and who may call it. */
export type RouteAccess = {
  readonly method: string;
  readonly url: string;
  /** The least role that may call it; null: no token is asked for. */
  readonly role: Role | null;
  readonly reach: 'ALL_DATAMARTS' | 'DATAMARTS_OF_TOKEN';
};

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
