/** What a document import says of its files: when they are due, and what they usually are. */

export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When files are due: at a time of the day in a time zone. */
export type Schedule = {
  /** A number and a unit: `6h`, `1d`, `2w`. */
  readonly every: string;
  /** `HH:MM` by the clocks of the time zone. */
  readonly by: string;
  /** The days on which a file is due; null: all, and of weeks the one on which the first is. */
  readonly on: readonly Weekday[] | null;
  readonly timeZone: string;
  /** Due times count from here on; every few days and weeks are counted from the first. */
  readonly sinceTs: number;
};

export type Expectation = Schedule & {
  /** A file with fewer commands is of an unusual size. */
  readonly minCommands: number | null;
  /** So is one whose commands differ by more than this share from the usual number. */
  readonly maxChange: number | null;
  /** A file of which more than this share of the commands fails has many failures. */
  readonly maxFailureRatio: number | null;
};

/** What `every` says; null where it says nothing that can be expected. */
export type Interval = { readonly count: number; readonly unit: 'h' | 'd' | 'w' };

/** The hours that divide a day: all days have the same due times. */
export const DUE_HOURS = [1, 2, 3, 4, 6, 8, 12] as const;
export const MAX_DUE_DAYS = 31;
export const MAX_DUE_WEEKS = 8;

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
