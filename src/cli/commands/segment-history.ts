import type { ApiHistory } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, SEGMENT_ARG } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findSegment } from '../find-segment.ts';
import { type Column, formatCount, formatInstant, print, printJson, table } from '../output.ts';
import { readInstant } from '../read-args.ts';

type Bucket = ApiHistory['history'][number];

const COLUMNS: readonly Column<Bucket>[] = [
  { title: 'FROM (UTC)', value: (bucket) => formatInstant(bucket.from) },
  { title: 'ENTRIES', align: 'right', value: (bucket) => formatCount(bucket.entries) },
  { title: 'UPDATES', align: 'right', value: (bucket) => formatCount(bucket.updates) },
  { title: 'EXITS', align: 'right', value: (bucket) => formatCount(bucket.exits) },
  { title: 'EXPIRED', align: 'right', value: (bucket) => formatCount(bucket.expirations) },
  { title: 'USERS AT END', align: 'right', value: (bucket) => formatCount(bucket.user_points_count) },
];

export const segmentHistory = command({
  name: 'segments history',
  description: 'shows how many users entered and left a segment, by day or hour',
  args: {
    ...SEGMENT_ARG,
    interval: { type: 'string', valueHint: 'INTERVAL', default: 'day', description: 'day or hour' },
    from: {
      type: 'string',
      valueHint: 'DATE',
      description: 'from this day or time on, UTC; by default 30 days or 48 hours back',
    },
    to: { type: 'string', valueHint: 'DATE', description: 'before this day or time, UTC' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: [
    'muster segments history vip',
    'muster segments history vip --interval hour --from 2026-01-31T06:00',
  ],
  notes: ['Days follow the time zone of the datamart. EXITS include EXPIRED.'],
  run: async (args) => {
    if (args.interval !== 'day' && args.interval !== 'hour')
      throw new UsageError(`--interval: expected day or hour, got ${JSON.stringify(args.interval)}`);
    const query = new URLSearchParams({ interval: args.interval });
    for (const name of ['from', 'to'] as const) {
      const instant = readInstant(`--${name}`, args[name]);
      if (instant !== undefined) query.set(name, String(instant));
    }
    const client = openClient(args);
    const segment = await findSegment(client, datamartPath(args.datamart), args.segment);
    const told = await client.get<ApiHistory>(`/audience_segments/${segment.id}/history?${query}`);
    if (args.json) printJson(told);
    else print(`${table(told.history, COLUMNS)}\n\nknown since ${formatInstant(told.known_since)} UTC`);
    return 0;
  },
});
