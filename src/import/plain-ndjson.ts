import { Buffer } from 'node:buffer';
import type { CommandContext, PlainLineReader } from './document-format.ts';
import { type CompiledMapping, foldName } from './mapping/compile-mapping.ts';
import { createPlainMapping, type PlainMapping, type PlainValue } from './mapping/plain-mapping.ts';
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

/**
 * The members that plain objects have: their names, the field that each feeds (-1: none that is
 * plain), and how.
 */
type Members = {
  readonly names: readonly Buffer[];
  readonly fields: readonly number[];
  readonly values: readonly (PlainValue | null)[];
  /** By the length of their name. */
  readonly byLength: readonly (readonly number[])[];
};

/** As many bits as a number has for them. */
const MAX_MEMBERS = 30;

function membersOf(compiled: CompiledMapping | null, mapped: PlainMapping | null): Members | null {
  const own = PLAIN_FIELDS.filter((name) => !compiled?.fields.has(name) && !compiled?.columnByName.has(name));
  const members = [
    ...own.map((name) => ({ name: name as string, field: name as string })),
    ...(compiled?.columns ?? []),
  ];
  if (members.length > MAX_MEMBERS) return null;
  const names = members.map(({ name }) => Buffer.from(name));
  const longest = Math.max(...names.map(({ length }) => length));
  return {
    names,
    fields: members.map(({ field }) => (PLAIN_FIELDS as readonly string[]).indexOf(field)),
    values: members.map(({ name, field }) => mapped?.valueOf(foldName(name), field) ?? null),
    byLength: Array.from({ length: longest + 1 }, (_, length) =>
      names.flatMap((name, member) => (name.length === length ? [member] : [])),
    ),
  };
}
/** The fields whose value may be a number, and the one whose text may have escapes. */
const NUMBERS = new Set(['expiration_duration', 'expiration_ts']);
const MAY_BE_NUMBER = PLAIN_FIELDS.map((name) => NUMBERS.has(name));
const DATA_BAG = PLAIN_FIELDS.indexOf('data_bag');

/**
 * Reads lines that are one flat JSON object of known fields, each at most once; see
 * `plain-command.ts`.
 */
export function createPlainNdjsonReader(
  context: CommandContext,
  compiled: CompiledMapping | null = null,
): PlainLineReader {
  const found = noFields();
  const mapped = compiled === null ? null : createPlainMapping(compiled);
  const members = membersOf(compiled, mapped);
  if (members === null) return () => null;
  const expected = new Int8Array(members.names.length + 1);
  const search = { found, expected, members, skipped: noFields() };
  const readCommand = createPlainCommandReader(context, unescapeJson);
  return (bytes, { start, end, number }) => {
    mapped?.begin(found);
    return findFields(bytes, { start, end }, search) && (mapped === null || mapped.addDefaults(found))
      ? readCommand(bytes, found, number)
      : null;
  };
}

type FieldSearch = {
  readonly found: FoundFields;
  readonly expected: Int8Array;
  readonly members: Members;
  /** Takes the values of members that do not count, since one before them in the mapping does. */
  readonly skipped: FoundFields;
};

/**
 * Finds the fields of an object that lies from `start` to `end`; false for anything that is not
 * plain. Objects of a file nearly always have their fields in one order: `expected` has that of the
 * last one, which spares looking for their names.
 */
function findFields(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
  { found, expected, members, skipped }: FieldSearch,
): boolean {
  const { names, fields, values } = members;
  let seen = 0;
  if (bytes[start] !== OPENING_BRACE) return false;
  found.present = 0;
  found.escaped = 0;
  let at = start + 1;
  for (let place = 0; ; place++) {
    at = skipSpaces(bytes, at, end);
    if (bytes[at] !== QUOTE) return false;
    const nameStart = ++at;
    let member = expected[place] as number;
    if (isNamed(bytes, nameStart, names[member] as Buffer)) {
      at += (names[member] as Buffer).length;
    } else {
      while (at < end && bytes[at] !== QUOTE) at++;
      member = memberNamed(bytes, { start: nameStart, end: at }, members);
      if (member === -1) return false;
      expected[place] = member;
    }
    const field = fields[member] as number;
    if (seen & (1 << member) || field === -1) return false;
    seen |= 1 << member;
    at = skipSpaces(bytes, at + 1, end);
    if (bytes[at] !== COLON) return false;
    at = skipSpaces(bytes, at + 1, end);
    const value = values[member] as PlainValue | null;
    const into = value === null || value.counts(found) ? found : skipped;
    into.escaped &= ~(1 << field);
    at =
      bytes[at] === QUOTE
        ? findText(bytes, at + 1, end, field, into)
        : findDigits(bytes, at, end, field, into);
    if (at === -1) return false;
    into.present |= 1 << field;
    if (value !== null && !isFilled(bytes, field, into)) return false;
    if (into === found && value !== null && !value.replace(bytes, found)) return false;
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

/** Whether a value plainly is not blank. */
function isFilled(bytes: Buffer, field: number, { start, end }: FoundFields): boolean {
  const first = bytes[start[field] as number] as number;
  return start[field] !== end[field] && first > SPACE && first < 0x7f;
}

function memberNamed(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
  { names, byLength }: Members,
): number {
  for (const member of byLength[end - start] ?? [])
    if (isNamed(bytes, start, names[member] as Buffer)) return member;
  return -1;
}

/** Whether a name, with its closing quote, begins at `start`. */
function isNamed(bytes: Buffer, start: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return bytes[start + name.length] === QUOTE;
}

/**
 * Finds the end of a text whose opening quote lies before `start`; where it goes on after it, or
 * -1.
 */
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

/**
 * Finds the end of a whole number as JSON writes it: digits without leading zeros; where it goes
 * on, or -1.
 */
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
