import buildValidators from '@fastify/ajv-compiler';
import { SerializerSelector as buildSerializers } from '@fastify/fast-json-stringify-compiler';
import type { FastifyServerOptions } from 'fastify';

type CompilersFactory = NonNullable<
  NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
>;

/**
 * Fastify's own compilers, but equal schemas are compiled once in a process: all routes have the
 * answer of an error in common, for two ranges of statuses each, and compiling it for each took a
 * good part of a start.
 */
export const compilersFactory: CompilersFactory = {
  buildValidator: onceEach(buildValidators()),
  buildSerializer: onceEach(buildSerializers()),
};

/**
 * Builds compilers that keep what they have compiled, by the texts of their options and of the
 * schema.
 */
function onceEach<Options extends unknown[], Route, Compiled>(
  build: (...options: Options) => (route: Route) => Compiled,
): (...options: Options) => (route: Route) => Compiled {
  const buildOnce = keep((options: Options) => {
    const compile = build(...options);
    return keep(compile, (route) => (route as { readonly schema?: unknown }).schema);
  });
  return (...options) => buildOnce(options);
}

/** The same function, asked once for each argument that has another text. */
function keep<Argument, Result>(
  find: (of: Argument) => Result,
  keyOf: (of: Argument) => unknown = (of) => of,
): (of: Argument) => Result {
  const known = new Map<string, Result>();
  return (of) => {
    const key = JSON.stringify(keyOf(of));
    const found = known.get(key) ?? find(of);
    known.set(key, found);
    return found;
  };
}
