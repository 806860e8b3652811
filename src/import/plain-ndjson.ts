import { Buffer } from 'node:buffer';
import type { CommandContext, PlainLineReader } from './document-format.ts';
import { createPlainCommandReader, type FoundFields, noFields, PLAIN_FIELDS } from './plain-command.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;

const NAMES = PLAIN_FIELDS.map((name) => Buffer.from(name));
/** Fields by the length of their name. */
const FIELDS_BY_LENGTH: readonly (readonly number[])[] = Array.from({ length: 32 }, (_, length) =>
  NAMES.flatMap((name, field) => (name.length === length ? [field] : [])),
);
/** The fields whose value may be a number, and the one whose text may have escapes. */
const NUMBERS = new Set(['expiration_duration', 'expiration_ts']);
const MAY_BE_NUMBER = PLAIN_FIELDS.map((name) => NUMBERS.has(name));
const DATA_BAG = PLAIN_FIELDS.indexOf('data_bag');

/** Reads lines that are one flat JSON object of known fields, each at most once; see `plain-command.ts`. */
export function createPlainNdjsonReader(context: CommandContext): PlainLineReader {
  const found = noFields();
  const expected = new Int8Array(PLAIN_FIELDS.length + 1);
  const readCommand = createPlainCommandReader(context, unescapeJson);
  return (bytes, { start, end, number }) =>
    findFields(bytes, { start, end }, { found, expected }) ? readCommand(bytes, found, number) : null;
}

/**
 * Finds the fields of an object that lies from `start` to `end`; false for anything that is not plain. Objects of a file
 * nearly always have their fields in one order: `expected` has that of the last one, which spares looking for their names.
 */
function findFields(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
  { found, expected }: { found: FoundFields; expected: Int8Array },
): boolean {
  if (bytes[start] !== OPENING_BRACE) return false;
  found.present = 0;
  found.escaped = 0;
  let at = start + 1;
  for (let place = 0; ; place++) {
    at = skipSpaces(bytes, at, end);
    if (bytes[at] !== QUOTE) return false;
    const nameStart = ++at;
    let field = expected[place] as number;
    if (isNamed(bytes, nameStart, field)) {
      at += (NAMES[field] as Buffer).length;
    } else {
      while (at < end && bytes[at] !== QUOTE) at++;
      field = fieldNamed(bytes, nameStart, at);
      if (field === -1) return false;
      expected[place] = field;
    }
    if (found.present & (1 << field)) return false;
    found.present |= 1 << field;
    at = skipSpaces(bytes, at + 1, end);
    if (bytes[at] !== COLON) return false;
    at = skipSpaces(bytes, at + 1, end);
    at =
      bytes[at] === QUOTE
        ? findText(bytes, at + 1, end, field, found)
        : findDigits(bytes, at, end, field, found);
    if (at === -1) return false;
    at = skipSpaces(bytes, at, end);
    if (bytes[at] === CLOSING_BRACE) return at + 1 === end;
    if (at >= end || bytes[at] !== COMMA) return false;
    at++;
  }
}

function skipSpaces(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === SPACE) at++;
  return at;
}

function fieldNamed(bytes: Buffer, start: number, end: number): number {
  for (const field of FIELDS_BY_LENGTH[end - start] ?? []) if (isNamed(bytes, start, field)) return field;
  return -1;
}

/** Whether the name of a field, with its closing quote, begins at `start`. */
function isNamed(bytes: Buffer, start: number, field: number): boolean {
  const name = NAMES[field] as Buffer;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return bytes[start + name.length] === QUOTE;
}

/** Finds the end of a text whose opening quote lies before `start`; where it goes on after it, or -1. */
function findText(bytes: Buffer, start: number, end: number, field: number, found: FoundFields): number {
  found.start[field] = start;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      found.end[field] = at;
      return at + 1;
    }
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) {
      if (field !== DATA_BAG || !isEscape(bytes[at + 1])) return -1;
      found.escaped |= 1 << field;
      at++;
    }
  }
  return -1;
}

/** What may follow a backslash in JSON, but for `u`. */
function isEscape(byte: number | undefined): boolean {
  return byte !== undefined && '"\\/bfnrt'.includes(String.fromCharCode(byte));
}

/** Finds the end of a whole number as JSON writes it: digits without leading zeros; where it goes on, or -1. */
function findDigits(bytes: Buffer, start: number, end: number, field: number, found: FoundFields): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
  if (at === start || !MAY_BE_NUMBER[field] || (bytes[start] === ZERO && at > start + 1)) return -1;
  found.start[field] = start;
  found.end[field] = at;
  return at;
}

function unescapeJson(bytes: Buffer, start: number, end: number): string | null {
  try {
    return JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string;
  } catch {
    return null;
  }
}
