import { type Static, type TSchema, Type } from 'typebox';

/** The pieces of which the schemas of records, requests and answers are made. */

/** What an id is: a decimal string. */
const ID_PATTERN = /^(0|[1-9][0-9]{0,17})$/;
export const ID = { pattern: ID_PATTERN.source, examples: ['1'] };
/** Whether a text can be an id as the service makes them; others are not looked up. */
export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/** An id; a number is taken as one, since the validator turns it into text. */
export const Id = Type.String(ID);
/** The last instant that a date can be. */
export const LATEST_INSTANT = 8_640_000_000_000_000;
/** An instant: one that can be a date. */
export const Instant = instant('ms since the epoch');
export const Name = Type.String({ minLength: 1, maxLength: 255 });
export const Count = Type.Integer({ minimum: 0 });

/** An instant that needs more than `ms since the epoch` to be said of it. */
export function instant(description: string) {
  return Type.Integer({ minimum: 0, maximum: LATEST_INSTANT, description });
}

/** A text that may be null; in a request an empty one is null too. */
export function nullableText(options: { description?: string; maxLength?: number } = {}) {
  return Type.Unsafe<string | null>({ type: ['string', 'null'], ...options });
}

/** A whole number that may be null. */
export function nullableInteger(options: { description?: string; minimum?: number; maximum?: number } = {}) {
  return Type.Unsafe<number | null>({ type: ['integer', 'null'], ...options });
}

/**
 * A value that may be null, where null decides over access: neither an empty text nor anything else
 * is turned into it, as the validator does for types in a list.
 */
export function nullOr<T extends TSchema>(schema: T, options: { description: string }) {
  return Type.Unsafe<Static<T> | null>({ anyOf: [{ enum: [null] }, schema], ...options });
}

/** One of these texts, exactly. */
export function oneOf<T extends string>(values: readonly T[]) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values] });
}
