import { LOCALE, t } from '../texts/texts.ts';

/** Numbers, sizes and times as they are shown. */

const numbers = new Intl.NumberFormat(LOCALE);
const shortNumbers = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 1 });
/** What one decimal can tell. */
const LEAST_SHARE = 0.001;
const dates = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' });
const zonedDates = new Intl.DateTimeFormat(LOCALE, {
  ...{
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  },
  ...{ hourCycle: 'h23', timeZoneName: 'longOffset' },
});
const clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: 'medium', hourCycle: 'h23' });
const days = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const hours = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** One format for all times: local, by 24 hours. */
const times = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** Stands for a number that is none. */
const NO_NUMBER = '–';

export const formatNumber = (value: number) => writeNumber(numbers, value);
export const formatShort = (value: number) => writeNumber(shortNumbers, value);

function writeNumber(format: Intl.NumberFormat, value: number): string {
  return Number.isFinite(value) ? format.format(value) : NO_NUMBER;
}

/** A share in percent. What is not all is never shown as 100 %, and what is not nothing never as 0 %. */
export function formatShare(part: number, whole: number): string {
  const share = whole === 0 ? 0 : part / whole;
  if (!Number.isFinite(share)) return NO_NUMBER;
  if (share > 0 && share < LEAST_SHARE) return `<${percents.format(LEAST_SHARE)}`;
  if (share < 1 && share > 1 - LEAST_SHARE) return `>${percents.format(1 - LEAST_SHARE)}`;
  return percents.format(share);
}

/** The first and the last instant that have a date: year 1, since `Intl` names no era, and the end of `Date`. */
const FIRST_INSTANT = -62_135_596_800_000;
const LAST_INSTANT = 8_640_000_000_000_000;
/** The last instant whose year has four digits, as an attribute must have it. */
const LAST_SHORT_INSTANT = 253_402_300_799_999;

/** An instant in ms since the epoch, to the second. One that no calendar has is written as the number it is. */
export const formatInstant = (instant: number) => writeInstant(dates, instant);
export const formatTime = (instant: number) => writeInstant(times, instant);
/** The same with the zone, and the instant in UTC. */
export function formatInstantInZone(instant: number): string {
  const iso = isoInstant(instant);
  return iso === undefined ? formatInstant(instant) : `${writeInstant(zonedDates, instant)} · ${iso}`;
}
export const formatClock = (instant: number) => writeInstant(clock, instant);
export const formatDay = (instant: number) => writeInstant(days, instant);
export const formatHour = (instant: number) => writeInstant(hours, instant);

function writeInstant(format: Intl.DateTimeFormat, instant: number): string {
  const hasDate = instant >= FIRST_INSTANT && instant <= LAST_INSTANT;
  return hasDate ? format.format(instant) : t.units.noDate(formatNumber(instant));
}

/** An instant as the attribute `datetime` of an element takes it; undefined where it cannot. */
export function isoInstant(instant: number): string | undefined {
  const isShort = instant >= FIRST_INSTANT && instant <= LAST_SHORT_INSTANT;
  return isShort ? new Date(instant).toISOString() : undefined;
}

/** Times that are a matter of milliseconds, by three digits. */
export const formatMs = (ms: number) => t.units.milliseconds(Number(ms.toPrecision(3)));

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NO_NUMBER;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${UNITS[unit]}`;
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400 * SECOND_MS;
/** Days are counted up to here: `400 days` says more than `1.1 years`. */
const LEAST_YEARS_MS = 2 * 365 * DAY_MS;
const YEARS = { ms: 365.25 * DAY_MS, name: 'year' } as const;
const STEPS = [
  { ms: DAY_MS, name: 'day' },
  { ms: 3_600 * SECOND_MS, name: 'hour' },
  { ms: 60 * SECOND_MS, name: 'minute' },
  { ms: SECOND_MS, name: 'second' },
] as const;

/** A span of ms in its largest unit that fits, such as `3 days`. */
export function formatSpan(ms: number): string {
  if (!Number.isFinite(ms)) return NO_NUMBER;
  if (ms < SECOND_MS) return t.units.milliseconds(Math.round(ms));
  const step = ms >= LEAST_YEARS_MS ? YEARS : (STEPS.find((candidate) => ms >= candidate.ms) ?? STEPS[3]);
  const value = ms / step.ms;
  const hasTenths = (step.name === 'second' || step.name === 'year') && value < 10;
  const rounded = hasTenths ? Math.round(value * 10) / 10 : Math.round(value);
  return new Intl.NumberFormat(LOCALE, { style: 'unit', unit: step.name, unitDisplay: 'long' }).format(
    rounded,
  );
}
