import type { Rejection } from '../model/command.ts';
import { isAbsent, rejection, show } from './read-field.ts';

export type Expiry =
  | { readonly type: 'GIVEN'; readonly expiresAt: number | null }
  | { readonly type: 'ABSENT' }
  | { readonly type: 'INVALID'; readonly rejection: Rejection };

const MINUTE_MS = 60_000;
/** Instants below it are taken for seconds: as ms they lie in March 1973 or before (spec §5). */
const LEAST_INSTANT_MS = 100_000_000_000;
const NUMBER_TEXT = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** When an UPDATE's memberships end. `expiration_ts` wins where both are given; then the duration is not looked at. */
export function parseExpiry(fields: Readonly<Record<string, unknown>>, startDate: number): Expiry {
  if (!isAbsent(fields.expiration_ts)) return parseInstant(fields.expiration_ts);
  if (!isAbsent(fields.expiration_duration)) return parseDuration(fields.expiration_duration, startDate);
  return { type: 'ABSENT' };
}

function parseInstant(value: unknown): Expiry {
  const instant = toWholeNumber(value);
  if (instant === null) {
    return invalid(`expiration_ts must be a whole number of milliseconds since 1970, ${show(value)}`);
  }
  if (instant > 0 && instant < LEAST_INSTANT_MS) {
    return invalid(`expiration_ts must be in milliseconds, ${instant} looks like seconds`);
  }
  return { type: 'GIVEN', expiresAt: instant === 0 ? null : instant };
}

function parseDuration(value: unknown, startDate: number): Expiry {
  const minutes = toWholeNumber(value);
  const expiresAt = minutes === null ? null : startDate + minutes * MINUTE_MS;
  if (expiresAt === null || !Number.isSafeInteger(expiresAt)) {
    return invalid(`expiration_duration must be a whole number of minutes, ${show(value)}`);
  }
  return { type: 'GIVEN', expiresAt: minutes === 0 ? null : expiresAt };
}

/** A whole number that is not negative and below 2^53, given as a number or as the text of one: `"10"` and `10.0` are 10. */
function toWholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && NUMBER_TEXT.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number + 0 : null;
}

function invalid(message: string): Expiry {
  return { type: 'INVALID', rejection: rejection('INVALID_EXPIRATION', message) };
}
