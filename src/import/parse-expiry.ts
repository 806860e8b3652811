import type { Rejection } from '../model/command.ts';
import type { CommandSource } from './document-format.ts';
import { isAbsent, rejection, show } from './read-field.ts';

export type Expiry =
  | { readonly type: 'GIVEN'; readonly expiresAt: number | null }
  | { readonly type: 'ABSENT' }
  | { readonly type: 'INVALID'; readonly rejection: Rejection };

export const MINUTE_MS = 60_000;
/** Instants below it are taken for seconds: as ms they lie in March 1973 or before (spec §5). */
export const LEAST_INSTANT_MS = 100_000_000_000;
/** The end of the calendar that every reader of dates has; as ms, microseconds lie behind it (spec §5). */
export const LAST_INSTANT = '9999-12-31T23:59:59.999Z';
export const LAST_INSTANT_MS = Date.parse(LAST_INSTANT);
const NUMBER_TEXT = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** 2^53 has as many. */
const MOST_DIGITS = 16;

/** When an UPDATE's memberships end. `expiration_ts` wins where both are given; then the duration is not looked at. */
export function parseExpiry(source: CommandSource, startDate: number): Expiry {
  const { expiration_ts, expiration_duration } = source.fields;
  if (!isAbsent(expiration_ts)) return parseInstant(source);
  if (!isAbsent(expiration_duration)) return parseDuration(source, startDate);
  return { type: 'ABSENT' };
}

function parseInstant(source: CommandSource): Expiry {
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

function parseDuration(source: CommandSource, startDate: number): Expiry {
  const minutes = wholeNumberOf(source, 'expiration_duration');
  const came = () => show(source, 'expiration_duration');
  if (minutes === null) return invalid(`expiration_duration must be a whole number of minutes, ${came()}`);
  const expiresAt = startDate + minutes * MINUTE_MS;
  if (minutes !== 0 && expiresAt > LAST_INSTANT_MS) {
    return invalid(`expiration_duration is in minutes and must end by ${LAST_INSTANT}, ${came()}`);
  }
  return { type: 'GIVEN', expiresAt: minutes === 0 ? null : expiresAt };
}

/**
 * A field that holds a number, or the text of one, that is whole and not negative; else null. It is exact below 2^53, and
 * Infinity from there on.
 */
function wholeNumberOf(source: CommandSource, field: string): number | null {
  const value = source.fields[field];
  if (typeof value === 'string') return readWholeNumber(value);
  if (typeof value !== 'number') return null;
  const isExact = Number.isSafeInteger(value) && value > 0 && !source.mayRound();
  return isExact ? value : readWholeNumber(source.source(field));
}

/** Reads a JSON number in digits, so that 10.0 and 1e1 are 10, and 10.00000000000000000000001 is not. */
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
