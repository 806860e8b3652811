import type { ApiChange, ApiIdentifier, ApiMembership, ApiOrigin } from '../api.ts';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { ApiError, CliError, UsageError } from '../failures.ts';
import { type Column, formatDuration, formatInstant, print, printJson, table } from '../output.ts';
import { isUserPoint, readSelector, USER_ARGS } from '../selector.ts';

export const lookup = command({
  name: 'lookup',
  description: 'shows the segments and identifiers of one user, or what put them there',
  args: {
    ...USER_ARGS,
    selector: {
      ...USER_ARGS.selector,
      description: 'the user: an account id, or email_hash=…, user_agent_id=…, a user point id and so on',
    },
    changes: {
      type: 'boolean',
      description: 'instead, show which executions and lines changed their memberships',
    },
    why: {
      type: 'boolean',
      description: 'instead, show for each segment which line put them in, and what changed or restored that',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: [
    'muster lookup 00042',
    'muster lookup email_hash=5d41402abc4b2a76',
    'muster lookup --account 00042 --compartment 1',
    'muster lookup user_account_id=00042 --why',
    'muster lookup user_account_id=00042 --changes',
  ],
  run: async (args) => {
    const selector = readSelector(selectorOf(args.selector), args);
    const path = `${datamartPath(args.datamart)}/user_points/${selector}`;
    if (args.changes && args.why) throw new UsageError('--changes and --why cannot be combined');
    if (args.why) {
      const origins = await ofUser(path, openClient(args).listAll<ApiOrigin>(`${path}/user_segment_origins`));
      if (args.json) printJson(origins);
      else print(origins.length === 0 ? 'in no segment' : table(origins, ORIGINS));
      return 0;
    }
    if (args.changes) {
      const changes = await ofUser(path, openClient(args).listAll<ApiChange>(`${path}/user_segment_changes`));
      if (args.json) printJson(changes);
      else print(changes.length === 0 ? 'no changes are known' : table(changes, CHANGES));
      return 0;
    }
    const user = await findUser(openClient(args), path);
    if (args.json) printJson(user);
    else print(describeUser(user, Date.now()));
    return 0;
  },
});

/** Of a word alone, the account with it. */
function selectorOf(word: string | undefined): string | undefined {
  const isAccount = word !== undefined && !word.includes('=') && !isUserPoint(word);
  return isAccount ? `user_account_id=${word}` : word;
}

export type User = {
  readonly user_identifiers: readonly ApiIdentifier[];
  readonly user_segments: readonly ApiMembership[];
};

const CHANGES: readonly Column<ApiChange>[] = [
  { title: 'WHEN (UTC)', value: (change) => formatInstant(change.date) },
  { title: 'SEGMENT', align: 'right', value: (change) => change.segment_id },
  { title: 'NAME', value: (change) => change.segment_technical_name ?? change.segment_name },
  { title: 'CHANGE', value: (change) => change.change },
  { title: 'BY', value: (change) => change.cause ?? '-' },
  { title: 'IMPORT', align: 'right', value: (change) => change.document_import_id ?? '-' },
  { title: 'EXECUTION', align: 'right', value: (change) => change.execution_id ?? '-' },
  { title: 'LINE', align: 'right', value: (change) => String(change.line ?? '-') },
  { title: 'FILE', value: (change) => change.input_file_name ?? '-' },
];

const ORIGINS: readonly Column<ApiOrigin>[] = [
  { title: 'SEGMENT', align: 'right', value: (origin) => origin.segment_id },
  { title: 'NAME', value: (origin) => origin.segment_technical_name ?? origin.segment_name },
  { title: 'SINCE (UTC)', value: (origin) => formatInstant(origin.creation_ts) },
  { title: 'PUT IN BY', value: ({ entered_by }) => (entered_by ? sourceOf(entered_by) : 'not remembered') },
  { title: 'PUT BACK BY', value: ({ restored_by }) => (restored_by ? sourceOf(restored_by) : '-') },
  { title: 'CHANGED LAST BY', value: ({ updated_by }) => (updated_by ? sourceOf(updated_by) : '-') },
];

/**
 * `execution 17, customers.ndjson line 3`, `execution 21, which reverts 20`, or `a command at
 * once`.
 */
function sourceOf(change: ApiChange) {
  const { cause, execution_id: id, reverts_execution_id: reverted, input_file_name, line } = change;
  if (cause === 'CALL') return 'a command at once';
  const execution = `execution ${id}`;
  if (reverted !== null) return `${execution}, which reverts ${reverted}`;
  if (line === null) return `${execution}, a revert`;
  return `${execution}, ${input_file_name ?? 'a file that was removed'} line ${line}`;
}

/** @throws CliError when there is no such user */
export async function findUser(client: Client, path: string): Promise<User> {
  return ofUser(
    path,
    (async () => ({
      user_identifiers: await client.listAll<ApiIdentifier>(`${path}/user_identifiers`),
      user_segments: await client.listAll<ApiMembership>(`${path}/user_segments`),
    }))(),
  );
}

/** What is asked of a user; where there is none, an error that names the user. */
async function ofUser<T>(path: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const selector = decodeURIComponent(path.split('/').at(-1) ?? '');
    throw new CliError(`no user ${selector} in this datamart (${error.code})`, { cause: error });
  }
}

/** Memberships and identifiers as two tables. */
export function describeUser(user: User, now: number): string {
  const memberships: readonly Column<ApiMembership>[] = [
    { title: 'SEGMENT', align: 'right', value: (membership) => membership.segment_id },
    { title: 'NAME', value: (m) => m.segment_technical_name ?? m.segment_name ?? '-' },
    { title: 'SINCE', value: (membership) => formatInstant(membership.creation_ts) },
    { title: 'TIME LEFT', align: 'right', value: (membership) => timeLeft(membership, now) },
    { title: 'DATA BAG', value: (membership) => membership.data_bag ?? '-' },
  ];
  const identifiers: readonly Column<ApiIdentifier>[] = [
    { title: 'IDENTIFIER', value: (identifier) => identifier.type },
    { title: 'VALUE', value: identifierValue },
    { title: 'SINCE', value: (identifier) => formatInstant(identifier.creation_ts) },
  ];
  const segments = user.user_segments.length === 0 ? 'in no segment' : table(user.user_segments, memberships);
  return `${segments}\n\n${table(user.user_identifiers, identifiers)}`;
}

function timeLeft({ expiration_ts: at }: ApiMembership, now: number): string {
  return at === null ? 'forever' : formatDuration(Math.max(0, at - now));
}

function identifierValue(identifier: ApiIdentifier): string {
  switch (identifier.type) {
    case 'USER_POINT':
      return identifier.user_point_id;
    case 'USER_ACCOUNT':
      return `${identifier.user_account_id} (compartment ${identifier.compartment_id})`;
    case 'USER_EMAIL':
      return identifier.hash;
    case 'USER_AGENT':
      return identifier.vector_id;
  }
}
