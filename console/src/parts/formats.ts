import { BYTE_UNITS } from '../texts/byte-units.ts';
import { shownLocale, t } from '../texts/texts.ts';

/** Numbers, sizes and times as they are shown. */

/** What one decimal can tell. */
const LEAST_SHARE = 0.001;

/** The formats of a language. All times are local, by 24 hours. */
function formatsOf(locale: string) {
  const dates = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const numbers = (options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options);
  const day = { day: 'numeric', month: 'short' } as const;
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return {
    numbers: numbers({}),
    shortNumbers: numbers({ notation: 'compact', maximumFractionDigits: 1 }),
    ungrouped: numbers({ useGrouping: false, maximumFractionDigits: 20, signDisplay: 'negative' }),
    tenths: numbers({ useGrouping: false, minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    wholes: numbers({ useGrouping: false, maximumFractionDigits: 0 }),
    percents: numbers({ style: 'percent', maximumFractionDigits: 1 }),
    instants: dates({ dateStyle: 'medium', timeStyle: 'medium' }),
    zonedInstants: dates({
      ...{ ...day, year: 'numeric', ...time },
      ...{ second: '2-digit', timeZoneName: 'longOffset' },
    }),
    clock: dates({ timeStyle: 'medium', hourCycle: 'h23' }),
    days: dates(day),
    hours: dates({ ...day, hour: '2-digit', minute: '2-digit' }),
    times: dates(time),
    texts: new Intl.Collator(locale),
  };
}

type Formats = ReturnType<typeof formatsOf>;
const made = new Map<string, Formats>();

/** The formats of the language that is shown. */
function formats(): Formats {
  const locale = shownLocale();
  const known = made.get(locale);
  if (known !== undefined) return known;
  const own = formatsOf(locale);
  made.set(locale, own);
  return own;
}

/** Stands for a number that is none. */
const NO_NUMBER = '–';

export const formatNumber = (value: number) => writeNumber(formats().numbers, value);
export const formatShort = (value: number) => writeNumber(formats().shortNumbers, value);

function writeNumber(format: Intl.NumberFormat, value: number): string {
  return Number.isFinite(value) ? format.format(value) : NO_NUMBER;
}

/** What stands before the decimals of a number that is typed. */
export function decimalSign(): string {
  const parts = formats().tenths.formatToParts(0.5);
  return parts.find(({ type }) => type === 'decimal')?.value ?? '.';
}

/** Which of two texts comes first, as people sort them. */
export const compareTexts = (one: string, other: string) => formats().texts.compare(one, other);

/**
 * A share in percent. What is not all is never shown as 100 %, and what is not nothing never as 0
 * %.
 */
export function formatShare(part: number, whole: number): string {
  const share = whole === 0 ? 0 : part / whole;
  if (!Number.isFinite(share)) return NO_NUMBER;
  const { percents } = formats();
  if (share > 0 && share < LEAST_SHARE) return t.units.lessThan(percents.format(LEAST_SHARE));
  if (share < 1 && share > 1 - LEAST_SHARE) return t.units.moreThan(percents.format(1 - LEAST_SHARE));
  return percents.format(share);
}

/**
 * The first and the last instant that have a date: year 1, since `Intl` names no era, and the end
 * of `Date`.
 */
const FIRST_INSTANT = -62_135_596_800_000;
const LAST_INSTANT = 8_640_000_000_000_000;
/** The last instant whose year has four digits, as an attribute must have it. */
const LAST_SHORT_INSTANT = 253_402_300_799_999;

/**
 * An instant in ms since the epoch, to the second. One that no calendar has is written as the
 * number it is.
 */
export const formatInstant = (instant: number) => writeInstant(formats().instants, instant);
export const formatTime = (instant: number) => writeInstant(formats().times, instant);
/** The same with the zone, and the instant in UTC. */
export function formatInstantInZone(instant: number): string {
  const iso = isoInstant(instant);
  return iso === undefined
    ? formatInstant(instant)
    : `${writeInstant(formats().zonedInstants, instant)} · ${iso}`;
}
export const formatClock = (instant: number) => writeInstant(formats().clock, instant);
export const formatDay = (instant: number) => writeInstant(formats().days, instant);
export const formatHour = (instant: number) => writeInstant(formats().hours, instant);

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
export const formatMs = (ms: number) =>
  t.units.milliseconds(writeNumber(formats().ungrouped, Number(ms.toPrecision(3))));

export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NO_NUMBER;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const { wholes, tenths } = formats();
  return t.units.bytes(
    writeNumber(unit === 0 || value >= 100 ? wholes : tenths, value),
    BYTE_UNITS[unit] ?? 'B',
  );
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
  if (ms < SECOND_MS) return t.units.milliseconds(writeNumber(formats().ungrouped, Math.round(ms)));
  const step = ms >= LEAST_YEARS_MS ? YEARS : (STEPS.find((candidate) => ms >= candidate.ms) ?? STEPS[3]);
  const value = ms / step.ms;
  const hasTenths = (step.name === 'second' || step.name === 'year') && value < 10;
  const rounded = hasTenths ? Math.round(value * 10) / 10 : Math.round(value);
  const options = { style: 'unit', unit: step.name, unitDisplay: 'long' } as const;
  return new Intl.NumberFormat(shownLocale(), options).format(rounded);
}
