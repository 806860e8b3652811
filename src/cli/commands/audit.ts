import { type AuditEntry, everyOf } from '../../client/client.ts';
import { AUDIT_ACTIONS, AUDIT_RESOURCES } from '../../model/audit.ts';
import { listOf } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { type Column, formatInstant, print, printJson, table } from '../output.ts';
import { MOST_ENTRIES, readCount, readId, readInstant } from '../read-args.ts';

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'WHEN (UTC)', value: (entry) => formatInstant(entry.date) },
  { title: 'WHO', value: (entry) => whoOf(entry) },
  { title: 'ACTION', value: (entry) => entry.action },
  { title: 'WHAT', value: (entry) => `${entry.resource_type} ${entry.resource_id}` },
  { title: 'DATAMART', align: 'right', value: (entry) => entry.datamart_id ?? '-' },
  { title: 'DETAILS', value: ({ details }) => (details === null ? '' : JSON.stringify(details)) },
];

export const audit = command({
  name: 'audit',
  description: 'lists who created, changed, deleted, uploaded, canceled or downloaded what',
  args: {
    datamart: { type: 'string', valueHint: 'ID', description: 'only events of this datamart' },
    by: { type: 'string', valueHint: 'ID', description: 'only what the token with this id did' },
    action: {
      type: 'string',
      valueHint: 'ACTION',
      description: 'only this action, such as DELETE or DOWNLOAD',
    },
    resource: {
      type: 'string',
      valueHint: 'TYPE[:ID]',
      description: 'only this type of object or this object, such as segment or segment:12',
    },
    from: { type: 'string', valueHint: 'DATE', description: 'from this day or time on, UTC' },
    to: { type: 'string', valueHint: 'DATE', description: 'before this day or time, UTC' },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'at most N, newest first' },
    ...CONNECTION_ARGS,
  },
  choices: { action: AUDIT_ACTIONS, resource: AUDIT_RESOURCES },
  examples: ['muster audit --action DELETE --from 2026-01-01', 'muster audit --resource execution:17'],
  run: async (args) => {
    const [resourceType, resourceId] = args.resource?.split(':', 2) ?? [];
    const query = {
      datamart_id: args.datamart === undefined ? undefined : readId(args.datamart, '--datamart'),
      token_id: args.by === undefined ? undefined : readId(args.by, '--by'),
      action: among('--action', args.action?.toUpperCase(), AUDIT_ACTIONS),
      resource_type: among('--resource', resourceType, AUDIT_RESOURCES),
      resource_id: resourceId,
      from: readInstant('--from', args.from),
      to: readInstant('--to', args.to),
    };
    const { api } = openClient(args);
    const limit = readCount('--limit', args.limit, MOST_ENTRIES);
    const entries = await listOf(
      everyOf((page) => api.GET('/v1/audit_log', { params: { query: { ...query, ...page } } }), limit),
    );
    if (args.json) printJson(entries);
    else print(entries.length === 0 ? 'no entries' : table(entries, COLUMNS));
    return 0;
  },
});

function among<T extends string>(
  flag: string,
  given: string | undefined,
  values: readonly T[],
): T | undefined {
  if (given === undefined) return undefined;
  const value = values.find((each) => each === given);
  if (value !== undefined) return value;
  throw new UsageError(`${flag}: expected one of ${values.join(', ')}, got ${JSON.stringify(given)}`);
}

function whoOf({ token_id: id, token_name: name }: AuditEntry): string {
  return id === null ? name : `${name} (${id})`;
}
