/**
 * Makes the types of the client, src/client/paths.ts, of what the routes say of themselves:
 * `openapi-fetch` reads them. No service runs for it. Git has the schemas of the routes alone, so
 * that the types cannot be others than theirs.
 */
import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { buildApp } from '../src/http/app.ts';
import type { HttpDependencies } from '../src/http/types.ts';

const FILE = new URL('../src/client/paths.ts', import.meta.url);
const METHODS = ['get', 'post', 'put', 'delete'] as const;
const PLACES = ['path', 'query', 'header'] as const;

/** What schemas of this API are made of, as far as it tells their type. */
type Schema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly contentMediaType?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
};
type Parameter = {
  readonly name: string;
  readonly in: (typeof PLACES)[number];
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
};
type Content = Readonly<Record<string, { readonly schema?: Schema }>>;
type Operation = {
  readonly summary?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};
type Description = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

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

/** What `/openapi.json` answers. */
async function describe(): Promise<Description> {
  const own = { config: readConfig({}, {}), logger: pino({ level: 'silent' }), clock: Date.now };
  const parts = new Proxy(own, { get: (_, name) => Reflect.get(own, name) ?? UNCALLED });
  const app = await buildApp(parts as unknown as HttpDependencies);
  return app.swagger() as unknown as Description;
}

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
export interface Paths ${typeOfPaths(await describe())}
`;
writeFileSync(FILE, text);
