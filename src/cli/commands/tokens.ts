import { type ApiToken, dataOf, everyOf } from '../../client/client.ts';
import { listOf } from '../client.ts';
import type { Group } from '../command.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { type Column, formatInstant, print, printJson, table } from '../output.ts';
import { DAY_MS, MAX_DAYS, readCount, readId } from '../read-args.ts';

const ROLES = ['reader', 'editor', 'admin'] as const;

const COLUMNS: readonly Column<ApiToken>[] = [
  { title: 'ID', align: 'right', value: (token) => token.id },
  { title: 'NAME', value: (token) => token.name },
  { title: 'ROLE', value: (token) => token.role },
  { title: 'DATAMARTS', value: (token) => token.datamart_ids?.join(',') ?? 'all' },
  { title: 'CREATED', value: (token) => formatInstant(token.creation_date) },
  { title: 'EXPIRES', value: (token) => formatInstant(token.expiration_date) },
  { title: 'LAST USED', value: (token) => formatInstant(token.last_used_date) },
];

const list = command({
  name: 'tokens list',
  description: 'lists API tokens, without their values',
  args: CONNECTION_ARGS,
  run: async (args) => {
    const { api } = openClient(args);
    const tokens = await listOf(everyOf((query) => api.GET('/v1/api_tokens', { params: { query } })));
    if (args.json) printJson(tokens);
    else print(table(tokens, COLUMNS));
    return 0;
  },
});

const create = command({
  name: 'tokens create',
  description: 'creates an API token and prints its value (shown once)',
  args: {
    name: { type: 'positional', required: true, description: 'name of the token, such as its purpose' },
    role: {
      type: 'string',
      valueHint: ROLES.join('|'),
      default: 'reader',
      description: 'reader: look-ups; editor: also imports and segments; admin: everything',
    },
    datamarts: {
      type: 'string',
      valueHint: 'ID,…|all',
      description: 'datamarts that the token is for; by default all',
    },
    'expires-in-days': {
      type: 'string',
      valueHint: 'N|never',
      default: '90',
      description: 'days until it expires',
    },
    ...CONNECTION_ARGS,
  },
  examples: [
    'muster tokens create dashboards',
    'muster tokens create nightly --role editor --datamarts 1 --expires-in-days never',
  ],
  run: async (args) => {
    const role = ROLES.find((each) => each === args.role);
    if (role === undefined)
      throw new UsageError(`--role: expected one of ${ROLES.join(', ')}, got ${JSON.stringify(args.role)}`);
    const days = args['expires-in-days'];
    const body = {
      ...{ name: args.name, role, datamart_ids: readDatamarts(args.datamarts) },
      expiration_date:
        days === 'never' ? null : Date.now() + readCount('--expires-in-days', days, MAX_DAYS) * DAY_MS,
    };
    const token = await dataOf(openClient(args).api.POST('/v1/api_tokens', { body }));
    if (args.json) printJson(token);
    else print(`token ${token.id} created (${token.role}); its value, shown only once:\n${token.value}`);
    return 0;
  },
});

const remove = command({
  name: 'tokens delete',
  description: 'revokes an API token; requests that use it are refused at once',
  args: { id: { type: 'positional', required: true, description: 'id of the token' }, ...CONNECTION_ARGS },
  run: async (args) => {
    const path = { tokenId: readId(args.id) };
    const token = await dataOf(openClient(args).api.DELETE('/v1/api_tokens/{tokenId}', { params: { path } }));
    if (args.json) printJson(token);
    else print(`token ${args.id} deleted`);
    return 0;
  },
});

/** The ids of a list; null for all. A list without an id in it is refused, never taken for all. */
function readDatamarts(given = 'all'): string[] | null {
  if (given === 'all') return null;
  return given.split(',').map((id) => readId(id.trim(), '--datamarts'));
}

export const tokens: Group = {
  description: 'lists, creates and deletes API tokens',
  fallback: 'list',
  commands: { list: async () => list, create: async () => create, delete: async () => remove },
};
