import { Buffer } from 'node:buffer';
import type { CatalogueSegment } from '../model/catalogue.ts';
import { KIND_BIT } from '../model/identifier.ts';
import type { CommandContext, PlainPair } from './document-format.ts';
import { parseDataBagText } from './parse-data-bag.ts';
import { LAST_INSTANT_MS, LEAST_INSTANT_MS, MINUTE_MS } from './parse-expiry.ts';
import { FAR_EXPIRY_MS, holdsEmail, ODD, oddIdentifier } from './warnings.ts';

/**
 * The fields that plainly valid commands have, as bits of `FoundFields.present` and as indexes. A
 * record with any other field that matters is left to the reference parser.
 */
export const PLAIN_FIELDS = [
  'operation',
  'user_account_id',
  'email_hash',
  'user_agent_id',
  'compartment_id',
  'segment_id',
  'segment_technical_name',
  'expiration_duration',
  'expiration_ts',
  'data_bag',
] as const;

const OPERATION = 0;
const ACCOUNT = 1;
const EMAIL = 2;
const AGENT = 3;
const COMPARTMENT = 4;
const SEGMENT = 5;
const TECHNICAL_NAME = 6;
const DURATION = 7;
const INSTANT = 8;
const DATA_BAG = 9;

/**
 * Where the fields of a record lie in its bytes, without quotes. One object, filled anew for each
 * record.
 */
export type FoundFields = {
  /** Bit `i`: field `i` is there. */
  present: number;
  /** Bit `i`: the text of field `i` is not as it stands, it has escapes or doubled quotes. */
  escaped: number;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /**
   * What a mapping gives in place of what the record has: its field lies there, and not in the
   * bytes of the record.
   */
  readonly constant: (Buffer | null)[];
};

export function noFields(): FoundFields {
  const { length } = PLAIN_FIELDS;
  return {
    ...{ present: 0, escaped: 0, start: new Int32Array(length), end: new Int32Array(length) },
    constant: PLAIN_FIELDS.map(() => null),
  };
}

/**
 * Makes a text of bytes that have escapes or doubled quotes; null when they are not plain after
 * all.
 */
export type Unescape = (bytes: Buffer, start: number, end: number) => string | null;

/**
 * Makes the pair of a record whose fields have been found, or null when it is not plainly a valid
 * command. One object, filled anew for each record.
 */
export type PlainCommandReader = (bytes: Buffer, found: FoundFields, line: number) => PlainPair | null;

/** The kind of each identifier's field. */
const KIND_OF: Readonly<Record<number, number>> = {
  [ACCOUNT]: KIND_BIT.USER_ACCOUNT,
  [EMAIL]: KIND_BIT.USER_EMAIL,
  [AGENT]: KIND_BIT.USER_AGENT,
};

const BIT = (field: number): number => 1 << field;
export const IDENTIFIERS = BIT(ACCOUNT) | BIT(EMAIL) | BIT(AGENT);
const SEGMENTS = BIT(SEGMENT) | BIT(TECHNICAL_NAME);
const UPDATE = Buffer.from('UPDATE');
const DELETE = Buffer.from('DELETE');
const AT = 0x40;

/**
 * What may be odd about an identifier that has a byte: one look for each tells that nearly none has
 * any.
 */
const MAY_BE = { ADDRESS: 1, FLOAT: 2, CAPITALS: 4 } as const;
const HINTS = new Uint8Array(256);
HINTS[AT] = MAY_BE.ADDRESS;
for (const byte of Buffer.from('.,+')) HINTS[byte] = MAY_BE.FLOAT;
for (const byte of Buffer.from('ABCDEF')) HINTS[byte] = MAY_BE.CAPITALS;
const HINTS_OF_HASHES = MAY_BE.FLOAT | MAY_BE.CAPITALS;
const NINE = 0x39;
/** As many digits are exact as a number, whichever they are. */
const MOST_DIGITS = 15;

/**
 * The fast way through `parseCommand` for the commands that nearly all are: one identifier, one
 * segment, whole numbers. It knows a part of the rules and none of the messages: whatever it does
 * not plainly see to be valid is null, and the reference parser reads it. So a condition here may
 * be stricter than the rule, never laxer; test/import/plain.test.ts holds the two together.
 */
export function createPlainCommandReader(
  { catalogue, startDate, newSegments }: CommandContext,
  readEscaped: Unescape,
): PlainCommandReader {
  const segments = [...catalogue.segmentById.values()].filter(
    (segment) => segment.importable && !segment.paused,
  );
  const toPlain = ({ id, defaultTtlMs }: CatalogueSegment) => ({ id: Number(id), defaultTtlMs });
  const plainSegments = segments.map(toPlain);
  const segmentById = new Map(plainSegments.map((segment) => [segment.id, segment]));
  const compartments = [...catalogue.compartmentById].filter(([, { archived }]) => !archived);
  const compartmentIds = new Set(compartments.map(([id]) => Number(id)));
  const defaultCompartment = Number(catalogue.defaultCompartmentId ?? 0);
  const pair: PlainPair = {
    line: 0,
    kind: 0,
    compartmentId: 0,
    valueStart: 0,
    valueEnd: 0,
    segmentId: 0,
    isUpdate: false,
    expiresAt: 0,
    dataBag: '',
    odd: 0,
  };
  const farAfter = startDate + FAR_EXPIRY_MS;

  function textOf(line: Buffer, found: FoundFields, field: number): string | null {
    const bytes = found.constant[field] ?? line;
    const start = found.start[field] as number;
    const end = found.end[field] as number;
    return found.escaped & BIT(field) ? readEscaped(bytes, start, end) : textAt(bytes, start, end);
  }

  /** 0: not plainly one. */
  function compartmentOf(bytes: Buffer, found: FoundFields): number {
    if (!(found.present & BIT(COMPARTMENT))) return defaultCompartment;
    const id = digitsAt(bytes, found, COMPARTMENT, MOST_DIGITS);
    return compartmentIds.has(id) ? id : 0;
  }

  function segmentOf(bytes: Buffer, found: FoundFields) {
    if (found.present & BIT(SEGMENT)) return segmentById.get(digitsAt(bytes, found, SEGMENT, MOST_DIGITS));
    const name = textOf(bytes, found, TECHNICAL_NAME);
    if (name === null) return undefined;
    const segment = catalogue.segmentByTechnicalName.get(name);
    if (segment !== undefined) return segmentById.get(Number(segment.id));
    const standIn = newSegments?.get(name);
    return standIn && toPlain(standIn);
  }

  /** 0: never; -1: not plainly an expiry. */
  function expiryOf(bytes: Buffer, found: FoundFields, defaultTtlMs: number | null): number {
    const expiresAt = writtenExpiry(bytes, found, defaultTtlMs);
    return expiresAt <= LAST_INSTANT_MS ? expiresAt : -1;
  }

  function writtenExpiry(bytes: Buffer, found: FoundFields, defaultTtlMs: number | null): number {
    if (found.present & BIT(INSTANT)) {
      const instant = digitsAt(bytes, found, INSTANT, MOST_DIGITS);
      return instant === 0 || instant >= LEAST_INSTANT_MS ? instant : -1;
    }
    if (found.present & BIT(DURATION)) {
      const minutes = digitsAt(bytes, found, DURATION, 9);
      return minutes <= 0 ? minutes : startDate + minutes * MINUTE_MS;
    }
    return defaultTtlMs === null ? -1 : startDate + defaultTtlMs;
  }

  /** '': none; null: not plainly a data bag. */
  function dataBagOf(bytes: Buffer, found: FoundFields): string | null {
    if (!(found.present & BIT(DATA_BAG))) return '';
    const text = textOf(bytes, found, DATA_BAG);
    if (text === null) return null;
    const dataBag = parseDataBagText(text);
    if (dataBag === null) return '';
    return typeof dataBag === 'string' ? dataBag : null;
  }

  return (bytes, found, line) => {
    const { present } = found;
    const identifier = identifierIn(present & IDENTIFIERS);
    const oneSegment = (present & SEGMENTS) === BIT(SEGMENT) || (present & SEGMENTS) === BIT(TECHNICAL_NAME);
    if (identifier === 0 || !oneSegment || !(present & BIT(OPERATION))) return null;
    const isUpdate = isWord(bytes, found, UPDATE);
    if (!isUpdate && !isWord(bytes, found, DELETE)) return null;

    const valueStart = found.start[identifier] as number;
    const valueEnd = found.end[identifier] as number;
    if (valueStart === valueEnd || found.escaped & BIT(identifier)) return null;
    if (!isVisible(bytes[valueStart] as number)) return null;
    const hints = hintsIn(bytes, valueStart, valueEnd);
    if (identifier === EMAIL && hints & MAY_BE.ADDRESS) return null;
    const compartmentId = identifier === ACCOUNT ? compartmentOf(bytes, found) : 0;
    if (identifier === ACCOUNT && compartmentId === 0) return null;
    const segment = segmentOf(bytes, found);
    if (segment === undefined) return null;
    const expiresAt = isUpdate ? expiryOf(bytes, found, segment.defaultTtlMs) : 0;
    const dataBag = isUpdate ? dataBagOf(bytes, found) : '';
    if (expiresAt < 0 || dataBag === null) return null;
    const kind = KIND_OF[identifier] as number;
    const isOrdinary = hints === 0 && isVisible(bytes[valueEnd - 1] as number);
    let odd = isOrdinary ? 0 : oddValue(bytes, found, { identifier, hints });
    if (isUpdate && expiresAt > farAfter) odd |= farExpiry(present);
    pair.line = line;
    pair.kind = kind;
    pair.compartmentId = compartmentId;
    pair.valueStart = valueStart;
    pair.valueEnd = valueEnd;
    pair.segmentId = segment.id;
    pair.isUpdate = isUpdate;
    pair.expiresAt = expiresAt;
    pair.dataBag = dataBag;
    pair.odd = odd;
    return pair;
  };
}

/** The field of the one identifier there is, or 0. */
function identifierIn(present: number): number {
  if (present === BIT(ACCOUNT)) return ACCOUNT;
  if (present === BIT(EMAIL)) return EMAIL;
  return present === BIT(AGENT) ? AGENT : 0;
}

/** Whether a byte is a character of ASCII that is no blank. */
function isVisible(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

function hintsIn(bytes: Buffer, start: number, end: number): number {
  let hints = 0;
  for (let i = start; i < end; i++) hints |= HINTS[bytes[i] as number] as number;
  return hints;
}

/**
 * `oddIdentifier` of a value that begins with no blank, told by its bytes where they tell enough.
 */
function oddValue(
  bytes: Buffer,
  found: FoundFields,
  { identifier, hints }: { identifier: number; hints: number },
): number {
  const start = found.start[identifier] as number;
  const end = found.end[identifier] as number;
  const hasPlainEnd = isVisible(bytes[end - 1] as number);
  if (identifier !== EMAIL && hasPlainEnd && !(hints & MAY_BE.FLOAT && (bytes[start] as number) <= NINE))
    return hints & MAY_BE.ADDRESS && holdsEmail(bytes, start, end) ? ODD.EMAIL : 0;
  if (hasPlainEnd && !(hints & HINTS_OF_HASHES)) return 0;
  return oddIdentifier(KIND_OF[identifier] as number, textAt(bytes, start, end));
}

/**
 * Which field says an expiry that is far away; the default of a segment is not what the file says.
 */
function farExpiry(present: number): number {
  if (present & BIT(INSTANT)) return ODD.FAR_INSTANT;
  return present & BIT(DURATION) ? ODD.FAR_DURATION : 0;
}

function isWord(line: Buffer, found: FoundFields, word: Buffer): boolean {
  const bytes = found.constant[OPERATION] ?? line;
  const start = found.start[OPERATION] as number;
  if ((found.end[OPERATION] as number) - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false;
  return true;
}

/** A whole number written in digits, without leading zeros, or -1. */
function digitsAt(line: Buffer, found: FoundFields, field: number, mostDigits: number): number {
  const bytes = found.constant[field] ?? line;
  const start = found.start[field] as number;
  const end = found.end[field] as number;
  if (end === start || end - start > mostDigits) return -1;
  if (bytes[start] === 0x30 && end - start > 1) return -1;
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/**
 * The text of valid UTF-8; bytes below 0x80 alone, as most are, are several times faster to take as
 * Latin-1.
 */
export function textAt(bytes: Buffer, start: number, end: number): string {
  for (let i = start; i < end; i++)
    if ((bytes[i] as number) >= 0x80) return bytes.toString('utf8', start, end);
  return bytes.toString('latin1', start, end);
}
