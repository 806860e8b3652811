import type { RouteOptions } from 'fastify';
import type { Role } from '../model/records.ts';
import type { App } from './types.ts';

/** A route and who may call it. */
export type RouteAccess = {
  readonly method: string;
  readonly url: string;
  /** The least role that may call it; null: no token is asked for. */
  readonly role: Role | null;
  readonly reach: 'ALL_DATAMARTS' | 'DATAMARTS_OF_TOKEN';
};

/** Keeps a list of the routes in `app.routeTable`: docs/access.md is held to it. Call before any route. */
export function collectRoutes(app: App): void {
  const routes: RouteAccess[] = [];
  app.decorate('routeTable', routes);
  app.addHook('onRoute', ({ url, method, config }: RouteOptions) => {
    const role = config?.role ?? null;
    const reach = config?.reach ?? 'DATAMARTS_OF_TOKEN';
    for (const name of [method].flat()) routes.push({ method: name, url, role, reach });
  });
}
