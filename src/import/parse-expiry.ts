import type { Rejection } from '../model/command.ts';
import type { ExpiryFormat } from '../model/mapping.ts';
import type { CommandSource } from './document-format.ts';
import { isAbsent, rejection, show } from './read-field.ts';

export type Expiry =
  | { readonly type: 'GIVEN'; readonly expiresAt: number | null }
  | { readonly type: 'ABSENT' }
  | { readonly type: 'INVALID'; readonly rejection: Rejection };

export const MINUTE_MS = 60_000;
/** Instants below it are taken for seconds: as ms they lie in March 1973 or before (spec §5). */
export const LEAST_INSTANT_MS = 100_000_000_000;
/**
 * The end of the calendar that every reader of dates has; as ms, microseconds lie behind it (spec
 * §5).
 */
export const LAST_INSTANT = '9999-12-31T23:59:59.999Z';
export const LAST_INSTANT_MS = Date.parse(LAST_INSTANT);
const NUMBER_TEXT = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** 2^53 has as many. */
const MOST_DIGITS = 16;

/**
 * When an UPDATE's memberships end. `expiration_ts` wins where both are given; then the duration is
 * not looked at.
 */
export function parseExpiry(source: CommandSource, startDate: number): Expiry {
  const { expiration_ts, expiration_duration } = source.fields;
  if (!isAbsent(expiration_ts)) return parseInstant(source);
  if (!isAbsent(expiration_duration)) return parseDuration(source, startDate);
  return { type: 'ABSENT' };
}

/** How many minutes or ms one of what a mapping says is written has. */
const SCALE: Readonly<Record<Exclude<ExpiryFormat, 'iso_8601' | 'with_unit'>, number>> = {
  ...{ milliseconds: 1, seconds: 1000 },
  ...{ minutes: 1, hours: 60, days: 1440 },
};
/** As warehouses write it, a blank or `UTC` may stand before or for the offset. */
const ISO_8601 =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?)?$/i;

/**
 * The instant of an ISO 8601 text; a date alone begins at midnight, and what has no offset is UTC.
 * Null: it is none.
 */
export function readIso8601(text: string): number | null {
  const found = ISO_8601.exec(text);
  if (found === null) return null;
  const [, date = '', time = '00:00', written = 'Z'] = found;
  const offset = /^utc$/i.test(written) ? 'Z' : written;
  const day = Date.parse(`${date}T00:00:00Z`);
  // 2026-02-30 is no day, and not the second of March
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return null;
  const [, sign = '', hours = '', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? [];
  const zone = sign === '' ? 'Z' : `${sign}${hours}:${minutes}`;
  const instant = Date.parse(`${date}T${withSeconds(time.replace(',', '.'))}${zone}`);
  return Number.isNaN(instant) ? null : instant;
}

const WITH_UNIT = /^(\d{1,9}) ?(m|mins?|minutes?|h|hours?|d|days?|w|weeks?)$/i;
const MINUTES_BY_UNIT: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440, w: 10_080 };
/** Of the parts that always have the same length. */
const ISO_DURATION = /^P(?=[\dT])(?:(\d{1,6})W)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?)?$/i;

/**
 * The minutes of `30d`, `12h`, `2w` or `90 days`, or those of `P30D` or `PT12H`; 0 is never. Null:
 * it is none.
 */
export function readDuration(text: string, format: 'with_unit' | 'iso_8601'): number | null {
  if (text === '0') return 0;
  if (format === 'with_unit') {
    const [, number, unit = ''] = WITH_UNIT.exec(text) ?? [];
    return number === undefined
      ? null
      : Number(number) * (MINUTES_BY_UNIT[unit.charAt(0).toLowerCase()] ?? 0);
  }
  const parts = ISO_DURATION.exec(text)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (parts === undefined) return null;
  const [weeks = 0, days = 0, hours = 0, minutes = 0] = parts;
  return weeks * 10_080 + days * 1440 + hours * 60 + minutes;
}

/** With seconds and at most ms, as `Date.parse` reads them everywhere. */
function withSeconds(time: string): string {
  return time.length === 5 ? `${time}:00` : time.slice(0, 12);
}

/** `readIso8601` of a field. 0, which means never, is an instant as well. */
function parseIso8601(source: CommandSource): Expiry {
  const value = source.fields.expiration_ts;
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '0' || value === 0) return { type: 'GIVEN', expiresAt: null };
  const instant = readIso8601(text);
  if (instant === null || instant < LEAST_INSTANT_MS) {
    const example = '2027-01-31 or 2027-01-31T12:00:00Z';
    return invalid(
      `expiration_ts must be a date or instant in ISO 8601, as ${example}, ${show(source, 'expiration_ts')}`,
    );
  }
  return { type: 'GIVEN', expiresAt: instant };
}

function parseInstant(source: CommandSource): Expiry {
  const format = source.mapped?.formatOf('expiration_ts') ?? 'milliseconds';
  if (format === 'iso_8601') return parseIso8601(source);
  if (format === 'seconds') return parseSeconds(source);
  const instant = wholeNumberOf(source, 'expiration_ts');
  const came = () => show(source, 'expiration_ts');
  if (instant === null) {
    return invalid(`expiration_ts must be a whole number of milliseconds since 1970, ${came()}`);
  }
  if (instant > 0 && instant < LEAST_INSTANT_MS) {
    return invalid(`expiration_ts must be in milliseconds, ${came()}, which looks like seconds`);
  }
  if (instant > LAST_INSTANT_MS) {
    const looks = 'which looks like microseconds or nanoseconds';
    return invalid(`expiration_ts must be in milliseconds, at most ${LAST_INSTANT}, ${came()}, ${looks}`);
  }
  return { type: 'GIVEN', expiresAt: instant === 0 ? null : instant };
}

/** Seconds since 1970, as a mapping may say that instants are written. */
function parseSeconds(source: CommandSource): Expiry {
  const seconds = wholeNumberOf(source, 'expiration_ts');
  const came = () => show(source, 'expiration_ts');
  if (seconds === null)
    return invalid(`expiration_ts must be a whole number of seconds since 1970, ${came()}`);
  const instant = seconds * SCALE.seconds;
  if (instant > LAST_INSTANT_MS)
    return invalid(`expiration_ts must be in seconds, at most ${LAST_INSTANT}, ${came()}`);
  if (instant > 0 && instant < LEAST_INSTANT_MS)
    return invalid(`expiration_ts must be in seconds since 1970, ${came()}, which is before March 1973`);
  return { type: 'GIVEN', expiresAt: instant === 0 ? null : instant };
}

function parseDuration(source: CommandSource, startDate: number): Expiry {
  const format = source.mapped?.formatOf('expiration_duration') ?? 'minutes';
  const minutes = minutesOf(source, format);
  const came = () => show(source, 'expiration_duration');
  if (minutes === null)
    return invalid(`expiration_duration must be ${DURATION_NAMES[format] ?? ''}, ${came()}`);
  const expiresAt = startDate + minutes * MINUTE_MS;
  if (minutes !== 0 && expiresAt > LAST_INSTANT_MS) {
    const unit = isTextFormat(format) ? '' : `is in ${format} and `;
    return invalid(`expiration_duration ${unit}must end by ${LAST_INSTANT}, ${came()}`);
  }
  return { type: 'GIVEN', expiresAt: minutes === 0 ? null : expiresAt };
}

const DURATION_NAMES: Readonly<Partial<Record<ExpiryFormat, string>>> = {
  minutes: 'a whole number of minutes',
  hours: 'a whole number of hours',
  days: 'a whole number of days',
  with_unit: 'a number with its unit, as 30d, 12h, 2w or 90 days',
  iso_8601: 'a duration in ISO 8601 without years, months and seconds, as P30D or PT12H',
};

function isTextFormat(format: ExpiryFormat): format is 'with_unit' | 'iso_8601' {
  return format === 'with_unit' || format === 'iso_8601';
}

/** A duration in minutes; null: it is not written as its format says. */
function minutesOf(source: CommandSource, format: ExpiryFormat): number | null {
  if (isTextFormat(format)) {
    const value = source.fields.expiration_duration;
    if (value === 0) return 0;
    return typeof value === 'string' ? readDuration(value.trim(), format) : null;
  }
  const number = wholeNumberOf(source, 'expiration_duration');
  return number === null ? null : number * SCALE[format];
}

/**
 * A field that holds a number, or the text of one, that is whole and not negative; else null. It is
 * exact below 2^53, and Infinity from there on.
 */
function wholeNumberOf(source: CommandSource, field: string): number | null {
  const value = source.fields[field];
  if (typeof value === 'string') return readWholeNumber(value);
  if (typeof value !== 'number') return null;
  const isExact = Number.isSafeInteger(value) && value > 0 && !source.mayRound();
  return isExact ? value : readWholeNumber(source.source(field));
}

/**
 * Reads a JSON number in digits, so that 10.0 and 1e1 are 10, and 10.00000000000000000000001 is
 * not.
 */
function readWholeNumber(text: string): number | null {
  const match = NUMBER_TEXT.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.slice(0, lengthWithoutZeros(digits));
  if (significant === '') return 0;
  const zeros = digits.length - significant.length + Number(exponent) - fraction.length;
  if (sign === '-' || zeros < 0) return null;
  if (significant.length + zeros > MOST_DIGITS) return Number.POSITIVE_INFINITY;
  const number = Number(significant + '0'.repeat(zeros));
  return Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY;
}

/** Not by `/0+$/`: that goes through each run of zeros again from each of its zeros. */
function lengthWithoutZeros(digits: string): number {
  let length = digits.length;
  while (length > 0 && digits[length - 1] === '0') length--;
  return length;
}

function invalid(message: string): Expiry {
  return { type: 'INVALID', rejection: rejection('INVALID_EXPIRATION', message) };
}
