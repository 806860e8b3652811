import { Type } from 'typebox';
import type { RecordOf } from './record.ts';
import { nullableInteger, oneOf } from './schema.ts';

/** What a document import says of its files: when they are due, and what they usually are. */

export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** The hours that divide a day: all days have the same due times. */
const DUE_HOURS = [1, 2, 3, 4, 6, 8, 12] as const;
const MAX_DUE_DAYS = 31;
const MAX_DUE_WEEKS = 8;

/** What `every` may say. */
export const EVERY = `${DUE_HOURS.map((hours) => `${hours}h`).join(', ')}, 1d to ${MAX_DUE_DAYS}d or 1w to ${MAX_DUE_WEEKS}w`;
/** A hundred times as much is as good as anything. */
const MAX_CHANGE = 100;

const ratio = (description: string, maximum: number) =>
  Type.Unsafe<number | null>({ type: ['number', 'null'], minimum: 0, maximum, description });

export const EXPECT_FIELDS = {
  every: Type.String({ description: `how often a file is due: ${EVERY}`, examples: ['1d'] }),
  by: Type.String({
    description: 'until when, as HH:MM by the clocks of the time zone',
    examples: ['06:00'],
  }),
  on: Type.Unsafe<readonly Weekday[] | null>({
    ...{ ...Type.Array(oneOf(WEEKDAYS)), maxItems: 7, type: ['array', 'null'] },
    description:
      'the days on which a file is due; null: every day. Of weeks one day, that of the first file; days that are counted have none',
  }),
  time_zone: Type.String(),
  min_commands: nullableInteger({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'a file with fewer commands is of an unusual size',
  }),
  max_change: ratio(
    'a file whose commands differ by more than this share from the usual number, the median of the 7 files before it, is of an unusual size; 0.5 is by half',
    MAX_CHANGE,
  ),
  max_failure_ratio: ratio('a file of which more than this share fails has many failures', 1),
};

/** Due times count from `sinceTs` on; every few days and weeks are counted from the first. */
export type Expectation = RecordOf<typeof EXPECT_FIELDS> & { readonly sinceTs: number };
export type Schedule = Pick<Expectation, 'every' | 'by' | 'on' | 'timeZone' | 'sinceTs'>;

/** What `every` says; null where it says nothing that can be expected. */
export type Interval = { readonly count: number; readonly unit: 'h' | 'd' | 'w' };

export function parseEvery(every: string): Interval | null {
  const [, digits, unit] = /^([1-9][0-9]?)([hdw])$/.exec(every) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const count = Number(digits);
  if (unit === 'h') return DUE_HOURS.some((hours) => hours === count) ? { count, unit } : null;
  if (unit === 'd') return count <= MAX_DUE_DAYS ? { count, unit } : null;
  return count <= MAX_DUE_WEEKS ? { count, unit: 'w' } : null;
}

/** Minutes after midnight; null for what is no time of the day. */
export function parseTimeOfDay(text: string): number | null {
  const [, hours, minutes] = /^([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(text) ?? [];
  return hours === undefined ? null : Number(hours) * 60 + Number(minutes);
}

/** Whether two schedules are the same, whenever each began. */
export function isSameSchedule(one: Schedule, other: Schedule): boolean {
  const text = ({ every, by, on, timeZone }: Schedule) => JSON.stringify([every, by, on, timeZone]);
  return text(one) === text(other);
}
