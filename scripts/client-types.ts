/**
 * Makes the types of the client, src/client/paths.ts, of what the routes say of themselves:
 * `openapi-fetch` reads them. No service runs for it. Git has the schemas of the routes alone, so
 * that the types cannot be others than theirs.
 */
import { writeFileSync } from 'node:fs';
import {
  type Content,
  type Description,
  describeApi,
  METHODS,
  type Operation,
  PLACES,
  type Schema,
} from './describe-api.ts';

const FILE = new URL('../src/client/paths.ts', import.meta.url);
/** The paths of an API as a type that `openapi-fetch` reads. */
function typeOfPaths({ paths }: Description): string {
  return objectOf(
    Object.entries(paths).map(([path, operations]) => ({
      name: path,
      type: objectOf(
        METHODS.flatMap((name) => {
          const operation = operations[name];
          const { summary } = operation ?? {};
          return operation === undefined ? [] : [{ name, type: typeOfOperation(operation), text: summary }];
        }),
      ),
    })),
  );
}

function typeOfOperation({ parameters = [], requestBody, responses }: Operation): string {
  const places = PLACES.flatMap((name) => {
    const own = parameters.filter((parameter) => parameter.in === name);
    const members = own.map((of) => ({
      ...{ name: of.name, type: typeOf(of.schema), text: of.description ?? of.schema.description },
      isOptional: !of.required,
    }));
    const isOptional = members.every((member) => member.isOptional);
    return own.length === 0 ? [] : [{ name, type: objectOf(members), isOptional }];
  });
  const body = requestBody && {
    ...{ name: 'requestBody', type: typeOfContent(requestBody.content) },
    isOptional: requestBody.required === false,
  };
  const answers = Object.entries(responses).map(([name, { content }]) => ({
    ...{ name, type: typeOfContent(content) },
  }));
  return objectOf([
    { name: 'parameters', type: objectOf(places) },
    ...(body === undefined ? [] : [body]),
    { name: 'responses', type: objectOf(answers) },
  ]);
}

function typeOfContent(content: Content | undefined): string {
  if (content === undefined) return objectOf([]);
  const types = Object.entries(content).map(([name, { schema = {} }]) => ({ name, type: typeOf(schema) }));
  return objectOf([{ name: 'content', type: objectOf(types) }]);
}

/** The type of the values that a schema takes. Throws for one that it does not know how to tell. */
function typeOf(schema: Schema): string {
  const { type } = schema;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) return schema.anyOf.map((each) => `(${typeOf(each)})`).join(' | ');
  if (Array.isArray(type)) return type.map((each) => `(${typeOf({ ...schema, type: each })})`).join(' | ');
  switch (type) {
    case undefined:
      return schema.properties === undefined ? 'unknown' : typeOf({ ...schema, type: 'object' });
    case 'string':
      return schema.contentMediaType === 'application/octet-stream' ? 'FileBody' : 'string';
    case 'integer':
      return 'number';
    case 'number':
    case 'boolean':
    case 'null':
      return type;
    case 'array':
      return `(${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return typeOfObject(schema);
    default:
      throw new Error(`there is no type for ${JSON.stringify(schema)}`);
  }
}

function typeOfObject({
  properties,
  required = [],
  patternProperties,
  additionalProperties,
}: Schema): string {
  const [values] = Object.values(patternProperties ?? {});
  const others = values ?? (typeof additionalProperties === 'object' ? additionalProperties : null);
  if (others !== null) return `Record<string, ${typeOf(others)}>`;
  if (properties === undefined) return 'Record<string, unknown>';
  return objectOf(
    Object.entries(properties).map(([name, schema]) => ({
      ...{ name, type: typeOf(schema), text: schema.description },
      isOptional: !required.includes(name),
    })),
  );
}

type Member = {
  readonly name: string;
  readonly type: string;
  readonly text?: string | undefined;
  readonly isOptional?: boolean;
};

/** What may be left out may be undefined, too, which JSON and queries leave out. */
function objectOf(members: readonly Member[]): string {
  const lines = members.map(({ name, type, text, isOptional = false }) => {
    const comment = text === undefined ? '' : `/** ${text.replaceAll('*/', '* /')} */\n`;
    const key = /^(?:\d{3}|[a-z_]+)$/i.test(name) ? name : JSON.stringify(name);
    return `${comment}${key}${isOptional ? '?' : ''}: ${type}${isOptional ? ' | undefined' : ''};\n`;
  });
  return `{\n${lines.join('')}}`;
}

const BANNER = '// Made by scripts/client-types.ts of the schemas of the routes.';
const FILE_BODY = 'string | Blob | ReadableStream<Uint8Array> | ArrayBuffer | Uint8Array | FormData';
const text = `${BANNER}

/** What the bytes of a file can be given as. */
export type FileBody = ${FILE_BODY};

/** The calls of the API, by path and method. */
export interface Paths ${typeOfPaths(await describeApi())}
`;
writeFileSync(FILE, text);
