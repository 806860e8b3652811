import buildValidators from '@fastify/ajv-compiler';
import { SerializerSelector as buildSerializers } from '@fastify/fast-json-stringify-compiler';
import type { FastifyServerOptions } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import { ServiceError } from '../errors.ts';

/**
 * Refuses texts that cannot be kept as they came, wherever they stand in a body or query: halves of
 * surrogate pairs, which are no characters and would be stored as another text, and U+0000, which
 * not every store can hold. Lines of files are held to the same. Throws INVALID_REQUEST.
 */
export function checkTexts(value: unknown): void {
  const left: unknown[] = [value];
  // No recursion: a body may be nested a hundred thousand times.
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') checkText(next);
    else if (typeof next === 'object' && next !== null) {
      for (const [name, member] of Object.entries(next)) left.push(name, member);
    }
  }
}

function checkText(text: string): void {
  if (text.includes('\0'))
    throw new ServiceError('INVALID_REQUEST', 'texts must not hold the character U+0000, got one that does');
  if (!text.isWellFormed()) {
    throw new ServiceError(
      'INVALID_REQUEST',
      'texts must be Unicode, got one with half of a surrogate pair, which is not a character',
    );
  }
}

/**
 * Numbers of requests. The validator turns texts into numbers as JavaScript does, which takes
 * `Infinity`, `0x10` and blanks for numbers too; and what is beyond every bound of a column would
 * be a fault of the store. So texts are looked at before the validator does, and every number in
 * the schema of a request has its bounds.
 */

type Schema = {
  readonly type?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  /** The largest value that is used: larger ones are cut to it, and not refused. */
  readonly 'x-clamped'?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
};

/** A decimal number: as JSON writes it, or as `.05` and `007`. */
const NUMBER = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const MAX_SHOWN = 60;

/**
 * Refuses texts that are no decimal numbers where the schema wants a number. Empty ones are left to
 * `dropAbsent`.
 *
 * @throws ServiceError INVALID_REQUEST
 */
export function checkNumbers(schema: unknown, value: unknown, name = ''): void {
  const { properties, items, anyOf } = (schema ?? {}) as Schema;
  if (typeof value === 'string') checkNumber(schema as Schema, value, name);
  else if (Array.isArray(value)) for (const element of value) checkNumbers(items, element, name);
  else if (typeof value === 'object' && value !== null) {
    for (const [member, expected] of Object.entries(properties ?? {}))
      if (Object.hasOwn(value, member))
        checkNumbers(
          expected,
          (value as Record<string, unknown>)[member],
          name ? `${name}.${member}` : member,
        );
  }
  for (const alternative of anyOf ?? []) checkNumbers(alternative, value, name);
}

function checkNumber(schema: Schema | undefined, text: string, name: string): void {
  if (!isNumeric(schema) || text === '' || NUMBER.test(text)) return;
  const expected = describeTypes(schema?.type);
  const shown = JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
  throw new ServiceError('INVALID_REQUEST', `${name} must be ${expected}, got ${shown}`);
}

/** Whether a schema wants a number, beside null or not. */
function isNumeric(schema: Schema | undefined): boolean {
  const types = [schema?.type].flat();
  return !types.includes('string') && (types.includes('integer') || types.includes('number'));
}

/** Names of the numbers without bounds in the schema of a request: what no route may have. */
export function unboundedNumbers(schema: unknown, name = 'request'): readonly string[] {
  const { properties = {}, items, anyOf = [], minimum, ...of } = (schema ?? {}) as Schema;
  const isBounded = Number.isFinite(minimum) && Number.isFinite(of.maximum ?? of['x-clamped']);
  return [
    ...(isNumeric(schema as Schema) && !isBounded ? [name] : []),
    ...Object.entries(properties).flatMap(([member, each]) => unboundedNumbers(each, `${name}.${member}`)),
    ...(items === undefined ? [] : unboundedNumbers(items, `${name}[]`)),
    ...anyOf.flatMap((each) => unboundedNumbers(each, name)),
  ];
}

/** A JSON schema as far as `dropAbsent` looks at it. */
type ObjectSchema = {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown }>>;
  readonly required?: readonly string[];
};

/**
 * Makes "an empty string for an optional text is absent" (spec §2) true before the validator looks:
 * of the members that a schema does not require, empty and null ones are taken out, or made null
 * where null is a value of its own.
 */
export function dropAbsent(schema: unknown, members: unknown): void {
  if (typeof members !== 'object' || members === null || Array.isArray(members)) return;
  const { properties = {}, required = [] } = (schema ?? {}) as ObjectSchema;
  const record = members as Record<string, unknown>;
  for (const [name, property] of Object.entries(properties)) {
    // a value that may be null on purpose alone (`nullOr`)
    if (property.type === undefined) continue;
    if (!Object.hasOwn(record, name) || (record[name] !== '' && record[name] !== null)) continue;
    if (Array.isArray(property.type) && property.type.includes('null')) record[name] = null;
    else if (!required.includes(name)) delete record[name];
  }
}

const MOST_SHOWN = 100;

/** One sentence of what was expected and what came, from the validator's first complaint. */
export function describeInvalid(
  validation: readonly FastifySchemaValidationError[],
  context: string | undefined,
): string {
  const first = validation.find((each) => !isOfNull(each)) ?? validation[0];
  if (first === undefined) return 'the request is not valid';
  const { instancePath, keyword, params, message = 'is not valid' } = first;
  const orNull = validation.some((each) => isOfNull(each) && each.instancePath === instancePath);
  const where = instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'required') {
    const missing = [where, params.missingProperty].filter(Boolean).join('.');
    return `${missing} is required`;
  }
  if (keyword === 'additionalProperties') {
    const unknown = [where, params.additionalProperty].filter(Boolean).join('.');
    const known = Object.keys((first as { parentSchema?: Properties }).parentSchema?.properties ?? {});
    return `${shorten(JSON.stringify(unknown))} is not a member of this request; known members are ${known.join(', ')}`;
  }
  const came = `got ${shorten(JSON.stringify((first as { data?: unknown }).data) ?? 'nothing')}`;
  const expected = expectation(keyword, params, message) + (orNull ? ' or null' : '');
  return `${where || `the ${context ?? 'request'}`} ${expected}, ${came}`;
}

type Properties = { readonly properties?: Readonly<Record<string, unknown>> };

/** The complaint of a schema's alternative that takes null alone (`nullOr`). */
function isOfNull({ keyword, params }: FastifySchemaValidationError): boolean {
  return keyword === 'enum' && JSON.stringify(params.allowedValues) === '[null]';
}

function expectation(keyword: string, params: Record<string, unknown>, message: string): string {
  if (keyword === 'enum' && Array.isArray(params.allowedValues))
    return `must be one of ${params.allowedValues.join(', ')}`;
  if (keyword === 'type') return `must be ${describeTypes(params.type)}`;
  if (keyword === 'pattern') return 'must be an id: a decimal number';
  return message;
}

/** What a type of JSON is called in messages, here as for the fields of a file. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'an array',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
  string: 'a text',
};

/** The types of a schema, one or several: `a whole number or null`. */
export function describeTypes(types: unknown): string {
  return [types]
    .flat()
    .map((type) => TYPE_NAMES[String(type)] ?? String(type))
    .join(' or ');
}

function shorten(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

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
