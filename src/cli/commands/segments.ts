import type { ApiSegment } from '../api.ts';
import type { Group } from '../command.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, SEGMENT_ARG } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findSegment } from '../find-segment.ts';
import {
  type Column,
  formatCount,
  formatDuration,
  note,
  print,
  printable,
  printJson,
  table,
} from '../output.ts';
import { DAY_MS, MAX_DAYS, MOST_ENTRIES, readCount } from '../read-args.ts';

/** How `--sort` is asked of the API. */
const ORDERS = { name: 'name', members: '-user_points_count', created: '-creation_ts' } as const;
const DEFAULT_LIMIT = 100;

const COLUMNS: readonly Column<ApiSegment>[] = [
  { title: 'ID', align: 'right', value: (segment) => segment.id },
  { title: 'TECHNICAL NAME', value: (segment) => segment.technical_name ?? '-' },
  { title: 'NAME', value: (segment) => segment.name },
  { title: 'TYPE', value: (segment) => `${segment.type}${segment.paused ? ', paused' : ''}` },
  { title: 'USERS', align: 'right', value: (segment) => formatCount(segment.user_points_count) },
  { title: 'ACCOUNTS', align: 'right', value: (segment) => formatCount(segment.user_accounts_count) },
  { title: 'EMAILS', align: 'right', value: (segment) => formatCount(segment.emails_count) },
  { title: 'AGENTS', align: 'right', value: (segment) => formatCount(segment.user_agents_count) },
  {
    title: 'DEFAULT TTL',
    align: 'right',
    value: ({ default_ttl: ttl }) => (ttl === null ? '-' : formatDuration(ttl)),
  },
];

export function segmentTable(segments: readonly ApiSegment[]): string {
  return table(segments, COLUMNS);
}

const list = command({
  name: 'segments list',
  description: 'lists segments with their sizes',
  args: {
    keywords: { type: 'string', description: 'only segments whose name contains this text' },
    'technical-name': { type: 'string', description: 'only the segment with this technical name' },
    sort: {
      type: 'string',
      valueHint: Object.keys(ORDERS).join('|'),
      default: 'name',
      description: 'sort by name, largest first or newest first',
    },
    limit: {
      type: 'string',
      valueHint: 'N',
      description: 'at most N; by default 100, or all with --json',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  run: async (args) => {
    datamartPath(args.datamart);
    const order = Object.hasOwn(ORDERS, args.sort) ? ORDERS[args.sort as keyof typeof ORDERS] : null;
    if (order === null)
      throw new UsageError(
        `--sort: expected ${Object.keys(ORDERS).join(', ')}, got ${JSON.stringify(args.sort)}`,
      );
    const most = args.json ? MOST_ENTRIES : DEFAULT_LIMIT;
    const limit = args.limit === undefined ? most : readCount('--limit', args.limit, MOST_ENTRIES);
    const { elements, total } = await openClient(args).listFirst<ApiSegment>('/audience_segments', limit, {
      datamart_id: args.datamart,
      keywords: args.keywords,
      technical_name: args['technical-name'],
      order_by: order,
    });
    if (args.json) printJson(elements);
    else print(elements.length === 0 ? 'no segments' : segmentTable(elements));
    if (!args.json && elements.length < total)
      note(`${formatCount(total - elements.length)} more; see them with --limit`);
    return 0;
  },
});

const create = command({
  name: 'segments create',
  description: 'creates a segment that files can be imported into',
  args: {
    name: { type: 'positional', required: true, description: 'its name' },
    'technical-name': { type: 'string', description: 'the name that files use for it' },
    'default-ttl-days': {
      type: 'string',
      valueHint: 'N',
      description: 'days a membership lasts if a line gives no expiry; without it, every line must give one',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  run: async (args) => {
    datamartPath(args.datamart);
    const days = args['default-ttl-days'];
    const segment = await openClient(args).post<ApiSegment>('/audience_segments', {
      datamart_id: args.datamart,
      type: 'USER_LIST',
      feed_type: 'FILE_IMPORT',
      name: args.name,
      technical_name: args['technical-name'],
      default_ttl: days === undefined ? undefined : readCount('--default-ttl-days', days, MAX_DAYS) * DAY_MS,
    });
    if (args.json) printJson(segment);
    else print(`segment ${segment.id} created: ${printable(segment.name)}`);
    return 0;
  },
});

const remove = command({
  name: 'segments delete',
  description: 'deletes a segment and all its memberships',
  args: { ...SEGMENT_ARG, ...DATAMART_ARG, ...CONNECTION_ARGS },
  run: async (args) => {
    const client = openClient(args);
    const found = await findSegment(client, datamartPath(args.datamart), args.segment);
    const segment = await client.delete<ApiSegment>(`/audience_segments/${found.id}`);
    if (args.json) printJson(segment);
    else print(`segment ${found.id} deleted: ${printable(found.technical_name ?? found.name)}`);
    return 0;
  },
});

export const segments: Group = {
  description: 'lists, creates, changes and deletes segments; shows their history and overlaps',
  fallback: 'list',
  commands: {
    list: async () => list,
    create: async () => create,
    update: async () => (await import('./segment-edits.ts')).updateSegment,
    pause: async () => (await import('./segment-edits.ts')).pauseSegment,
    resume: async () => (await import('./segment-edits.ts')).resumeSegment,
    delete: async () => remove,
    history: async () => (await import('./segment-history.ts')).segmentHistory,
    executions: async () => (await import('./segment-executions.ts')).segmentExecutions,
    expirations: async () => (await import('./segment-expirations.ts')).segmentExpirations,
    overlaps: async () => (await import('./segment-overlaps.ts')).segmentOverlaps,
  },
};
