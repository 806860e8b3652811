/**
 * What the API says of itself, as `/openapi.json` answers it. No service runs for it. The types of
 * the client and the reference page are made of it.
 */
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { buildApp } from '../src/http/app.ts';
import type { HttpDependencies, RouteAccess } from '../src/http/types.ts';

export const METHODS = ['get', 'post', 'put', 'delete'] as const;
export const PLACES = ['path', 'query', 'header'] as const;

/** What schemas of this API are made of, as far as it tells their type. */
export type Schema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly contentMediaType?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
};
export type Parameter = {
  readonly name: string;
  readonly in: (typeof PLACES)[number];
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
};
export type Content = Readonly<Record<string, { readonly schema?: Schema }>>;
export type Operation = {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};
export type Description = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };
export type DescribedApi = Description & { readonly routes: readonly RouteAccess[] };

/**
 * Stands for each part of a service. Routes name parts when they are added, and call them for
 * requests alone.
 */
const UNCALLED: object = new Proxy(
  () => {
    throw new Error('no request is made');
  },
  { get: () => UNCALLED },
);

/** What `/openapi.json` answers, and who may call each route. */
export async function describeApi(): Promise<DescribedApi> {
  const own = { config: readConfig({}, {}), logger: pino({ level: 'silent' }), clock: Date.now };
  const parts = new Proxy(own, { get: (_, name) => Reflect.get(own, name) ?? UNCALLED });
  const app = await buildApp(parts as unknown as HttpDependencies);
  return { ...(app.swagger() as unknown as Description), routes: app.routeTable };
}
