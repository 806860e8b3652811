import type { Rejection, RejectionCode } from '../model/command.ts';
import type { CommandSource } from './document-format.ts';

/** A value in a message is cut at this length. */
const MAX_SHOWN = 100;

export function rejection(code: RejectionCode, message: string): Rejection {
  return { code, message };
}

/**
 * A value as messages name it: as it was written, `"vip"` or 123.0. Undefined `index`: not one of a
 * list.
 */
export function written(source: CommandSource, field: string, index?: number): string {
  const value = valueAt(source, field, index);
  if (typeof value !== 'object') return shorten(source.source(field, index));
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
}

/** What came, for messages: `got "7d"`. */
export function show(source: CommandSource, field: string, index?: number): string {
  const isThere = valueAt(source, field, index) !== undefined;
  return isThere ? `got ${written(source, field, index)}` : 'got nothing';
}

function valueAt({ fields }: CommandSource, field: string, index?: number): unknown {
  const value = fields[field];
  return index === undefined ? value : (value as readonly unknown[])[index];
}

/** A long text is cut, between two characters, and says so. */
export function shorten(text: string): string {
  if (text.length <= MAX_SHOWN) return text;
  const isBetween = (text.codePointAt(MAX_SHOWN - 1) ?? 0) <= 0xffff;
  return `${text.slice(0, isBetween ? MAX_SHOWN : MAX_SHOWN - 1)}… (cut, it has ${text.length} characters)`;
}

/** Absent is what is not there, null, or a text of white space alone (spec §5). */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && isBlank(value));
}

/**
 * Empty or white space alone. The first character nearly always tells, and trim() makes a new
 * string.
 */
function isBlank(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first > 0x20 && first < 0x7f) return false;
  return text.trim() === '';
}

/** A field that holds a text or a whole number; null when absent. */
export function readText(source: CommandSource, field: string): string | null | Rejection {
  const value = source.fields[field];
  return isAbsent(value) ? null : toText(source, field, value);
}

/**
 * The texts of a field for one value and a field for several, which may hold one bare value (spec
 * §5).
 */
export function readTexts(source: CommandSource, single: string, several: string): string[] | Rejection {
  const texts: string[] = [];
  const one = readText(source, single);
  if (typeof one === 'string') texts.push(one);
  else if (one !== null) return one;

  const list = source.fields[several];
  if (!Array.isArray(list)) {
    const bare = readText(source, several);
    if (typeof bare === 'string') texts.push(bare);
    else if (bare !== null) return bare;
    return texts;
  }
  for (let i = 0; i < list.length; i++) {
    if (isAbsent(list[i])) continue;
    const text = toText(source, several, list[i], i);
    if (typeof text !== 'string') return text;
    texts.push(text);
  }
  return texts;
}

/**
 * The field that `readTexts` had a text from, with the text as it was written: `segment_ids "7"`.
 */
export function nameText(source: CommandSource, single: string, several: string, text: string): string {
  if (readText(source, single) === text) return `${single} ${written(source, single)}`;
  const list = source.fields[several];
  if (!Array.isArray(list)) return `${several} ${written(source, several)}`;
  const index = list.findIndex(
    (element, i) => !isAbsent(element) && toText(source, several, element, i) === text,
  );
  return `${several} ${written(source, several, index)}`;
}

/** A text as it is; a whole number as the digits it was written with, also beyond 2^53. */
function toText(source: CommandSource, field: string, value: unknown, index?: number): string | Rejection {
  if (typeof value === 'number') {
    const isExact = Number.isSafeInteger(value) && !Object.is(value, -0) && !source.mayRound();
    const digits = isExact ? String(value) : source.source(field, index);
    if (/^-?\d+$/.test(digits)) return digits;
  }
  if (typeof value !== 'string') {
    const came = show(source, field, index);
    return rejection('INVALID_TYPE', `${field} must be a text or a whole number, ${came}`);
  }
  return textProblem(value, field) ?? value;
}

/** Why a text cannot be kept: what no UTF-8 can hold, and U+0000, which not every store can. */
export function textProblem(text: string, field: string): Rejection | null {
  if (!text.isWellFormed()) {
    return rejection('INVALID_ENCODING', `${field} holds half of a surrogate pair, which is not a character`);
  }
  if (text.includes('\0'))
    return rejection('INVALID_ENCODING', `${field} must not hold the character U+0000`);
  return null;
}
