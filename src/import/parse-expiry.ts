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
  if (instant === null) {
    const came = show(source.fields.expiration_ts);
    return invalid(`expiration_ts must be a whole number of milliseconds since 1970, ${came}`);
  }
  if (instant > 0 && instant < LEAST_INSTANT_MS) {
    return invalid(`expiration_ts must be in milliseconds, ${instant} looks like seconds`);
  }
  return { type: 'GIVEN', expiresAt: instant === 0 ? null : instant };
}

function parseDuration(source: CommandSource, startDate: number): Expiry {
  const minutes = wholeNumberOf(source, 'expiration_duration');
  const expiresAt = minutes === null ? null : startDate + minutes * MINUTE_MS;
  if (expiresAt === null || !Number.isSafeInteger(expiresAt)) {
    const came = show(source.fields.expiration_duration);
    return invalid(`expiration_duration must be a whole number of minutes, ${came}`);
  }
  return { type: 'GIVEN', expiresAt: minutes === 0 ? null : expiresAt };
}

/** A field that holds a number, or the text of one, that is whole, not negative, and exact below 2^53; else null. */
function wholeNumberOf(source: CommandSource, field: string): number | null {
  const value = source.fields[field];
  if (typeof value === 'string') return readWholeNumber(value);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return null;
  return source.mayRound() ? readWholeNumber(source.source(field)) : value + 0;
}

/** Reads a JSON number in digits, so that 10.0 and 1e1 are 10, and 10.00000000000000000000001 is not. */
function readWholeNumber(text: string): number | null {
  const match = NUMBER_TEXT.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutZerosAtEnd(digits);
  if (significant === '') return 0;
  const zeros = digits.length - significant.length + Number(exponent) - fraction.length;
  if (sign === '-' || zeros < 0 || significant.length + zeros > MOST_DIGITS) return null;
  const number = Number(significant + '0'.repeat(zeros));
  return Number.isSafeInteger(number) ? number : null;
}

/** Not by an expression, which looks at the zeros again from each of them, where others follow: a line may be a megabyte of them. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

function invalid(message: string): Expiry {
  return { type: 'INVALID', rejection: rejection('INVALID_EXPIRATION', message) };
}
