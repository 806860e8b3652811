import { parseEvery, parseTimeOfDay, type Schedule, WEEKDAYS } from './expectation.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const DAY_MINUTES = 24 * 60;
/** The epoch was a Thursday. */
const EPOCH_WEEKDAY = 3;

/** The first due time after an instant, whether the schedule had begun by then or not. */
export function nextDue(schedule: Schedule, after: number): number {
  const rhythm = rhythmOf(schedule);
  for (let day = dayOf(schedule.timeZone, after) - 1; ; day++) {
    day = rhythm.dayFrom(day);
    for (const minutes of rhythm.minutes) {
      const due = instantAt(schedule.timeZone, day, minutes);
      if (due > after) return due;
    }
  }
}

/** The last due time before an instant. */
export function dueBefore(schedule: Schedule, instant: number): number {
  const { longestDays } = rhythmOf(schedule);
  // from near by first: an hourly schedule has two hundred due times in nine days
  let days = 1;
  let found = nextDue(schedule, instant - days * DAY_MS);
  while (found >= instant && days < longestDays) {
    days = Math.min(2 * days, longestDays);
    found = nextDue(schedule, instant - days * DAY_MS);
  }
  for (let due = found; due < instant; due = nextDue(schedule, due)) found = due;
  return found;
}

/** Whether the time zone is one that is known here. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

type Rhythm = {
  /** The first day with due times that is not before a day; days are counted from the epoch. */
  readonly dayFrom: (day: number) => number;
  /** When on such a day, ascending. */
  readonly minutes: readonly number[];
  /** Within so many days there is a due time, whatever the clocks do. */
  readonly longestDays: number;
};

function rhythmOf(schedule: Schedule): Rhythm {
  const { every, by, on } = schedule;
  const { count, unit } = parseEvery(every) ?? { count: 1, unit: 'd' as const };
  const at = parseTimeOfDay(by) ?? 0;
  const isOn = (day: number) => on === null || on.includes(weekdayOf(day));
  const firstOn = (day: number) => {
    let found = day;
    while (!isOn(found)) found++;
    return found;
  };
  if (unit === 'h') {
    const step = count * 60;
    const times = Array.from({ length: DAY_MINUTES / step }, (_, i) => (at % step) + i * step);
    return { dayFrom: firstOn, minutes: times, longestDays: 9 };
  }
  const step = unit === 'w' ? count * 7 : count;
  const minutes = [at];
  if (step === 1) return { dayFrom: firstOn, minutes, longestDays: 9 };
  const first = firstDay(schedule, { at, firstOn });
  const dayFrom = (day: number) => first + Math.ceil((day - first) / step) * step;
  return { dayFrom, minutes, longestDays: step + 2 };
}

/** The day of the first due time of a schedule that counts its days. */
function firstDay(
  { timeZone, sinceTs }: Schedule,
  { at, firstOn }: { readonly at: number; readonly firstOn: (day: number) => number },
): number {
  const day = firstOn(dayOf(timeZone, sinceTs));
  return instantAt(timeZone, day, at) > sinceTs ? day : firstOn(day + 1);
}

function weekdayOf(day: number) {
  return WEEKDAYS[(((day + EPOCH_WEEKDAY) % 7) + 7) % 7] ?? 'MON';
}

/** The day that it is in a time zone. */
function dayOf(timeZone: string, instant: number): number {
  return Math.floor((instant + offsetAt(timeZone, instant)) / DAY_MS);
}

/**
 * When clocks show a time of a day: the first time where they show it twice, and as much later as
 * they are put forward where they never do.
 */
function instantAt(timeZone: string, day: number, minutes: number): number {
  const shown = day * DAY_MS + minutes * MINUTE_MS;
  const before = shown - offsetAt(timeZone, shown - DAY_MS);
  const after = shown - offsetAt(timeZone, shown + DAY_MS);
  const shows = (instant: number) => instant + offsetAt(timeZone, instant) === shown;
  const found = [before, after].filter(shows);
  return found.length === 0 ? before : Math.min(...found);
}

/** More zones than there are with clocks of their own are not kept. */
const MAX_FORMATS = 100;
const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of a time zone are ahead of UTC, in ms. */
function offsetAt(timeZone: string, instant: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    if (formats.size >= MAX_FORMATS) formats.clear();
    format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
    formats.set(timeZone, format);
  }
  const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  const ms = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
  return sign === '-' ? -ms : ms;
}
