import type { ApiAuditEntry } from '../api.ts';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, openClient } from '../connection.ts';
import { type Column, formatInstant, print, printJson, table } from '../output.ts';
import { MOST_ENTRIES, readCount, readId, readInstant } from '../read-args.ts';

const PAGE_SIZE = 1000;

const COLUMNS: readonly Column<ApiAuditEntry>[] = [
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
    datamart: { type: 'string', valueHint: 'ID', description: 'only what belongs to this datamart' },
    by: { type: 'string', valueHint: 'ID', description: 'only what this token did, by its id' },
    action: { type: 'string', valueHint: 'ACTION', description: 'only this, such as DELETE or DOWNLOAD' },
    resource: {
      type: 'string',
      valueHint: 'TYPE[:ID]',
      description: 'only what was done to these, such as segment or segment:12',
    },
    from: { type: 'string', valueHint: 'DATE', description: 'from this day or instant on, UTC' },
    to: { type: 'string', valueHint: 'DATE', description: 'before this day or instant, UTC' },
    limit: { type: 'string', valueHint: 'N', default: '50', description: 'so many, the newest' },
    ...CONNECTION_ARGS,
  },
  examples: ['muster audit --action DELETE --from 2026-01-01', 'muster audit --resource execution:17'],
  run: async (args) => {
    const [resourceType, resourceId] = args.resource?.split(':', 2) ?? [];
    const query = {
      datamart_id: args.datamart === undefined ? undefined : readId(args.datamart, '--datamart'),
      token_id: args.by === undefined ? undefined : readId(args.by, '--by'),
      action: args.action?.toUpperCase(),
      resource_type: resourceType,
      resource_id: resourceId,
      from: readInstant('--from', args.from),
      to: readInstant('--to', args.to),
    };
    const entries = await newest(openClient(args), query, readCount('--limit', args.limit, MOST_ENTRIES));
    if (args.json) printJson(entries);
    else print(entries.length === 0 ? 'no entries' : table(entries, COLUMNS));
    return 0;
  },
});

async function newest(
  client: Client,
  query: Readonly<Record<string, string | number | undefined>>,
  limit: number,
): Promise<ApiAuditEntry[]> {
  const entries: ApiAuditEntry[] = [];
  while (entries.length < limit) {
    const page = { first_result: entries.length, max_results: Math.min(PAGE_SIZE, limit - entries.length) };
    const { data } = await client.list<ApiAuditEntry>('/audit_log', { ...query, ...page });
    if (data.length === 0) break;
    entries.push(...data);
  }
  return entries;
}

function whoOf({ token_id: id, token_name: name }: ApiAuditEntry): string {
  return id === null ? name : `${name} (${id})`;
}
