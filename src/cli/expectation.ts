import type { ApiDocumentImport } from './api.ts';
import { UsageError } from './failures.ts';
import { formatCount, formatInstant } from './output.ts';
import type { Tone } from './style.ts';

/** What an import expects of its files: the flags, and how it is told. */

type Expect = NonNullable<ApiDocumentImport['expect']>;
export type Expected = NonNullable<ApiDocumentImport['expected']>;

export const EXPECT_ARGS = {
  every: { type: 'string', valueHint: '1d', description: 'how often a file is due, such as 6h, 1d or 1w' },
  by: { type: 'string', valueHint: 'HH:MM', description: 'time of day by which it is due' },
  on: {
    type: 'string',
    valueHint: 'DAY,…',
    description: 'days on which it is due: MON to SUN, or weekdays; with --every 1w exactly one',
  },
  'time-zone': {
    type: 'string',
    valueHint: 'NAME',
    description: 'time zone of --by; by default the time zone of the datamart',
  },
  'min-commands': {
    type: 'string',
    valueHint: 'N',
    description: 'report files with fewer commands; none: no limit',
  },
  'max-change': {
    type: 'string',
    valueHint: 'RATIO',
    description:
      'report files whose number of commands differs from earlier files by more than this share; none: no limit',
  },
  'max-failure-ratio': {
    type: 'string',
    valueHint: 'RATIO',
    description: 'report files of which more than this share of the commands fails; none: no limit',
  },
} as const;

type Flags = { readonly [name in keyof typeof EXPECT_ARGS]?: string | undefined };

/** What the flags make of what an import expected before; undefined where none is given. */
export function readExpectFlags(flags: Flags, before: Expect | undefined): object | undefined {
  const { every = before?.every, by = before?.by, 'time-zone': timeZone } = flags;
  if (Object.keys(EXPECT_ARGS).every((name) => flags[name as keyof Flags] === undefined)) return undefined;
  if (every === undefined || by === undefined)
    throw new UsageError('expected --every and --by: a file is due at a time, such as --every 1d --by 06:00');
  // days of the week of another rhythm are no part of this one
  const daysBefore = flags.every === undefined ? before?.on : undefined;
  return {
    every,
    by,
    on: flags.on === undefined ? daysBefore : readDays(flags.on),
    time_zone: timeZone ?? before?.time_zone,
    min_commands: readLimit('min-commands', flags, before?.min_commands),
    max_change: readLimit('max-change', flags, before?.max_change),
    max_failure_ratio: readLimit('max-failure-ratio', flags, before?.max_failure_ratio),
  };
}

function readDays(given: string): readonly string[] | null {
  if (given === 'none') return null;
  if (given === 'weekdays') return ['MON', 'TUE', 'WED', 'THU', 'FRI'];
  return given.split(',').map((day) => day.trim().toUpperCase());
}

/** A number for the service to judge. */
function readLimit(
  name: 'min-commands' | 'max-change' | 'max-failure-ratio',
  flags: Flags,
  before: number | null | undefined,
): number | null | undefined {
  const given = flags[name];
  if (given === undefined) return before;
  if (given === 'none') return null;
  const limit = Number(given);
  if (given.trim() === '' || !Number.isFinite(limit))
    throw new UsageError(`--${name}: expected a number or none, got ${JSON.stringify(given)}`);
  return limit;
}

export const STATE_TONES: Readonly<Record<string, Tone>> = {
  WAITING: 'quiet',
  ON_TIME: 'good',
  CAME_LATE: 'odd',
  LATE: 'bad',
  MISSING: 'bad',
};

/** `LATE`, `ON TIME, UNUSUAL SIZE` */
export function stateText({ state, problems }: Expected): string {
  return [state, ...problems].map((word) => word.replaceAll('_', ' ')).join(', ');
}

/** `every 1d by 06:00 (Europe/Paris)` */
export function scheduleText({ every, by, on, time_zone }: Expect): string {
  const days = on === null ? '' : ` on ${on.join(', ')}`;
  return `every ${every}${days} by ${by} (${time_zone})`;
}

/** What is known of the files, a line each. */
export function expectedLines(expect: Expect, expected: Expected): readonly string[] {
  const { last_execution_id: last, last_commands: commands, usual_commands: usual, missed } = expected;
  const limits = [
    expect.min_commands === null ? [] : [`at least ${formatCount(expect.min_commands)} commands`],
    expect.max_change === null ? [] : [`at most ${percent(expect.max_change)} more or fewer than usual`],
    expect.max_failure_ratio === null ? [] : [`at most ${percent(expect.max_failure_ratio)} failed`],
  ].flat();
  return [
    `expected   ${scheduleText(expect)}`,
    ...(limits.length === 0 ? [] : [`           ${limits.join(', ')}`]),
    `state      ${stateText(expected)}${missed === 0 ? '' : `, ${formatCount(missed)} missed before`}`,
    `next due   ${formatInstant(expected.due_ts)} UTC`,
    ...(last === null
      ? ['last file  none']
      : [
          `last file  execution ${last}, ${formatInstant(expected.last_end_date)} UTC, ${formatCount(commands ?? 0)} commands` +
            (usual === null ? '' : `, usually ${formatCount(usual)}`),
        ]),
  ];
}

function percent(ratio: number): string {
  return `${formatCount(Math.round(ratio * 1000) / 10)}%`;
}
