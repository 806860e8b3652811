import type { Rejection, RejectionCode } from '../model/command.ts';
import type { CommandSource } from './document-format.ts';

/** A value in a message is cut at this length. */
const MAX_SHOWN = 100;

export function rejection(code: RejectionCode, message: string): Rejection {
  return { code, message };
}

/** A value as messages name it: `"vip"`. */
export function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** What came, for messages: `got "7d"`. */
export function show(value: unknown): string {
  return value === undefined ? 'got nothing' : `got ${quote(value)}`;
}

/** Absent is what is not there, null, or a text of white space alone (spec §5). */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && isBlank(value));
}

/** Empty or white space alone. The first character nearly always tells, and trim() makes a new string. */
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

/** The texts of a field for one value and a field for several, which may hold one bare value (spec §5). */
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

/** A text as it is; a whole number as the digits it was written with, also beyond 2^53. */
function toText(source: CommandSource, field: string, value: unknown, index?: number): string | Rejection {
  if (typeof value === 'number') {
    const isExact = Number.isSafeInteger(value) && !Object.is(value, -0) && !source.mayRound();
    const digits = isExact ? String(value) : source.source(field, index);
    if (/^-?\d+$/.test(digits)) return digits;
  }
  if (typeof value !== 'string') {
    // what came instead of a hash may be an address
    const came = field === 'email_hash' ? 'got another type' : show(value);
    return rejection('INVALID_TYPE', `${field} must be a text or a whole number, ${came}`);
  }
  return textProblem(value, field) ?? value;
}

/** Why a text cannot be kept: what no UTF-8 can hold, and U+0000, which not every store can. */
export function textProblem(text: string, field: string): Rejection | null {
  if (!text.isWellFormed()) {
    return rejection('INVALID_ENCODING', `${field} holds half of a surrogate pair, which is no character`);
  }
  if (text.includes('\0'))
    return rejection('INVALID_ENCODING', `${field} must not hold the character U+0000`);
  return null;
}
