/**
 * Prints the pages of the API's reference as JSON, Markdown by file: every call with its role,
 * parameters, body and answer, as the schemas of the routes have them. `npm run build` makes pages
 * of docs/ of them; git has none.
 */
import { type DescribedApi, describeApi, METHODS, type Operation, type Schema } from '../describe-api.ts';

type Call = { readonly method: string; readonly path: string; readonly role: string; readonly of: Operation };
type Row = { readonly name: string; readonly type: string; readonly text: string };

/** Members of members are told down to here; what lies deeper has its type alone. */
const MAX_DEPTH = 3;

function callsOf({ paths, routes }: DescribedApi): Map<string, Call[]> {
  const roles = new Map(
    routes.map(({ method, url, role }) => [`${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`, role]),
  );
  const groups = new Map<string, Call[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const name of METHODS) {
      const of = operations[name];
      if (of === undefined) continue;
      const method = name.toUpperCase();
      const [group = 'other'] = of.tags ?? [];
      const calls = groups.get(group) ?? [];
      calls.push({ method, path, role: roles.get(`${method} ${path}`) ?? 'none', of });
      groups.set(group, calls);
    }
  }
  return groups;
}

function tableOfCalls(calls: readonly Call[], page = ''): string {
  const rows = calls.map(({ method, path, role, of }) => {
    const heading = `${method} ${path}`;
    return `| [\`${heading}\`](${page}#${anchorOf(heading)}) | ${escaped(of.summary ?? '')} | ${role} |`;
  });
  return ['| call | purpose | role |', '|---|---|---|', ...rows].join('\n');
}

function describeCall({ method, path, role, of }: Call): string {
  const { summary = '', description, parameters = [], requestBody, responses } = of;
  const inputs = parameters.map(({ name, in: place, required, schema, description: text }): Row => {
    const note = required ? place : `${place}, optional`;
    return { name, type: `${typeOf(schema)} (${note})`, text: text ?? textOf(schema) };
  });
  const body = schemaOf(requestBody?.content);
  const answer = schemaOf(responses[200]?.content);
  const data = answer?.properties?.data ?? answer;
  return [
    `## \`${method} ${path}\``,
    `${escaped(summary)}. ${role === 'none' ? 'Needs no token.' : `Role: \`${role}\`.`}`,
    ...(description === undefined ? [] : [escaped(description)]),
    ...tableOf('Parameters', inputs),
    ...tableOf('Body', body === undefined ? [] : membersOf(body)),
    ...tableOf(data === answer ? 'Answer' : 'Answer: `data`', data === undefined ? [] : membersOf(data)),
  ].join('\n\n');
}

function schemaOf(content: Operation['responses'][string]['content']): Schema | undefined {
  return content === undefined ? undefined : Object.values(content)[0]?.schema;
}

/** The members of an object, or of the elements of a list, with those of their objects. */
function membersOf(schema: Schema, prefix = '', depth = 1): Row[] {
  const { properties = {}, required = [] } = elementOf(schema);
  return Object.entries(properties).flatMap(([name, member]) => {
    const whole = prefix + name;
    const type = `${typeOf(member)}${required.includes(name) ? '' : ', optional'}`;
    const own = { name: whole, type, text: textOf(member) };
    if (depth === MAX_DEPTH) return [own];
    const mark = isList(member) ? '[]' : '';
    return [own, ...membersOf(member, `${whole}${mark}.`, depth + 1)];
  });
}

/** The object that a schema, a list of it, or one or null of it stands for. */
function elementOf(schema: Schema): Schema {
  if (isList(schema)) return elementOf(schema.items ?? {});
  const choice = schema.anyOf?.find(({ properties, items }) => properties ?? items);
  return choice === undefined ? schema : elementOf(choice);
}

const isList = ({ type }: Schema) => type === 'array';

function typeOf(schema: Schema): string {
  const { type, enum: values, anyOf, items } = schema;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(' or ');
  if (typeof type === 'object')
    return [...new Set(type.map((each) => typeOf({ ...schema, type: each })))].join(' or ');
  if (type === 'array') return items === undefined ? 'list' : `list of ${typeOf(items)}`;
  if (type === 'null') return '`null`';
  if (type === 'object' || schema.properties !== undefined) return 'object';
  return type ?? 'any';
}

function textOf({ description = '', default: usual }: Schema): string {
  const text = usual === undefined ? [] : [`default: ${JSON.stringify(usual)}`];
  return [...(description === '' ? [] : [description]), ...text].join('; ');
}

function tableOf(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map(({ name, type, text }) => `| \`${name}\` | ${type} | ${escaped(text)} |`);
  return [`**${title}**`, ['| name | type | meaning |', '|---|---|---|', ...lines].join('\n')];
}

/** As text in a cell; what stands in back-ticks is code already. */
function escaped(text: string): string {
  return text
    .split('`')
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll(/[\\<>*_]/g, '\\$&')))
    .join('`')
    .replaceAll('|', '\\|');
}

/** The anchor that a heading gets. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, '')
    .replaceAll(' ', '-');
}

/** `API tokens` → `api-tokens` */
const fileOf = (group: string) => `${group.toLowerCase().replaceAll(' ', '-')}.md`;

const groups = [...callsOf(await describeApi())];
const overview = [
  '# API reference',
  'Every call, generated from the schemas of the API (OpenAPI) at each build. [API](api.md) explains conventions, errors and each kind of call, with examples. The running service lets you try calls at `/docs`.',
  ...groups.flatMap(([name, calls]) => [`## ${name}`, tableOfCalls(calls, `reference/${fileOf(name)}`)]),
];
const pages = groups.map(([name, calls]) => [
  `docs/reference/${fileOf(name)}`,
  [`# API: ${name}`, tableOfCalls(calls), ...calls.map(describeCall)].join('\n\n'),
]);
const all = Object.fromEntries([['docs/reference.md', overview.join('\n\n')], ...pages]);
process.stdout.write(JSON.stringify(all));
