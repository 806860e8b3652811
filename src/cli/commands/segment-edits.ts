import type { ApiSegment } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, SEGMENT_ARG } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { findSegment } from '../find-segment.ts';
import { print, printable, printJson } from '../output.ts';
import { DAY_MS, MAX_DAYS, readCount } from '../read-args.ts';

const COMMON_ARGS = { ...SEGMENT_ARG, ...DATAMART_ARG, ...CONNECTION_ARGS } as const;

/** The fields of a segment that can be changed, as the API takes them. */
type Change = {
  readonly name?: string | undefined;
  readonly technical_name?: string | undefined;
  readonly default_ttl?: number | undefined;
  readonly paused?: boolean;
};

type Args = {
  readonly segment: string;
  readonly datamart: string;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly profile?: string | undefined;
  readonly json?: boolean | undefined;
};

async function change(args: Args, change: Change, told: string): Promise<0> {
  const client = openClient(args);
  const found = await findSegment(client, datamartPath(args.datamart), args.segment);
  const segment = await client.put<ApiSegment>(`/audience_segments/${found.id}`, change);
  if (args.json) printJson(segment);
  else print(`segment ${segment.id} ${told}: ${printable(segment.technical_name ?? segment.name)}`);
  return 0;
}

export const updateSegment = command({
  name: 'segments update',
  description: 'changes the name, technical name or default TTL of a segment',
  args: {
    name: { type: 'string', description: 'new name' },
    'technical-name': { type: 'string', description: 'new technical name' },
    'default-ttl-days': {
      type: 'string',
      valueHint: 'N|none',
      description: 'days a membership lasts if a line gives no expiry; none: every line must give one',
    },
    ...COMMON_ARGS,
  },
  examples: ['muster segments update vip --name "Very important" --default-ttl-days 90'],
  run: async (args) => {
    const { name, 'technical-name': technicalName, 'default-ttl-days': days } = args;
    if ([name, technicalName, days].every((each) => each === undefined))
      throw new UsageError('expected --name, --technical-name or --default-ttl-days, got none of them');
    const ttl = days === 'none' ? 0 : readOptionalDays(days);
    return change(args, { name, technical_name: technicalName, default_ttl: ttl }, 'updated');
  },
});

export const pauseSegment = command({
  name: 'segments pause',
  description: 'pauses a segment: its members stay, and lines that name it fail until it is resumed',
  args: COMMON_ARGS,
  run: (args) => change(args, { paused: true }, 'paused'),
});

export const resumeSegment = command({
  name: 'segments resume',
  description: 'resumes a paused segment',
  args: COMMON_ARGS,
  run: (args) => change(args, { paused: false }, 'resumed'),
});

function readOptionalDays(days: string | undefined): number | undefined {
  return days === undefined ? undefined : readCount('--default-ttl-days', days, MAX_DAYS) * DAY_MS;
}
