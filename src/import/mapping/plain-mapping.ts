import { Buffer } from 'node:buffer';
import type { ExpiryFormat, IdentifierFormat } from '../../model/mapping.ts';
import { LEAST_INSTANT_MS, readDuration, readIso8601 } from '../parse-expiry.ts';
import { type FoundFields, IDENTIFIERS, PLAIN_FIELDS, textAt } from '../plain-command.ts';
import type { CompiledMapping } from './compile-mapping.ts';

/** What a mapping makes of a plain value. */
export type PlainValue = {
  /** Whether a value that is filled counts: not where a column before it in the mapping has one. */
  readonly counts: (found: FoundFields) => boolean;
  /** Puts what the value stands for in its place; false: this is not plainly told. */
  readonly replace: (bytes: Buffer, found: FoundFields) => boolean;
};

export type PlainMapping = {
  /** To be called before the fields of a record are found. */
  readonly begin: (found: FoundFields) => void;
  /**
   * Of a field that a column or member feeds, by its name; null: the value is as it is documented.
   */
  readonly valueOf: (name: string, field: string) => PlainValue | null;
  /** Adds what a record lacks; false: this is not plainly told. */
  readonly addDefaults: (found: FoundFields) => boolean;
};

const APOSTROPHE = 0x27;
const EQUALS = 0x3d;
const BLANK = 0x20;
/** Expiries of a file are few: each is converted once. */
const MAX_CONVERTED = 4096;

/**
 * A mapping for the plain readers. As they do, it leaves to the reference parser whatever it does
 * not plainly see to be valid, and may be stricter than `mapFields`, never laxer.
 */
export function createPlainMapping(compiled: CompiledMapping): PlainMapping {
  const ranks = new Int16Array(PLAIN_FIELDS.length);
  const defaults = compiled.defaults.map(({ field, value, unless }) => ({
    at: indexOf(field),
    constant: Array.isArray(value) ? null : Buffer.from(String(value)),
    group: unless.reduce((group, name) => group | (indexOf(name) === -1 ? 0 : 1 << indexOf(name)), 0),
  }));
  let identifierRank = 0;

  function plainValueOf(name: string, field: string): PlainValue | null {
    const column = compiled.columnByName.get(name);
    const at = indexOf(field);
    if (column === undefined && !compiled.hasWords(field)) return null;
    const format = column?.format ?? null;
    const convert = format === null || isOfIdentifiers(format) ? null : converter(format, field);
    const isIdentifier = ((1 << at) & IDENTIFIERS) !== 0;

    function counts(found: FoundFields): boolean {
      if (column === undefined) return true;
      if (isIdentifier) {
        if (identifierRank >= 0 && identifierRank < column.rank) return false;
        // what came before it in the record comes after it in the mapping
        if (identifierRank >= 0) found.present &= ~IDENTIFIERS;
        identifierRank = column.rank;
        return true;
      }
      const rank = ranks[at] as number;
      if (rank >= 0 && rank < column.rank) return false;
      ranks[at] = column.rank;
      found.constant[at] = null;
      return true;
    }

    function replace(bytes: Buffer, found: FoundFields): boolean {
      const isEscaped = (found.escaped & (1 << at)) !== 0;
      const start = found.start[at] as number;
      const end = found.end[at] as number;
      // its words are looked up without the apostrophe: the reference parser does
      if (isOfIdentifiers(format) && isMarked(bytes, start)) return false;
      if (compiled.hasWords(field)) {
        if (isEscaped) return false;
        const word = compiled.translate(field, textAt(bytes, start, end));
        if (word !== undefined) return word !== '' && !isIdentifier && put(found, at, Buffer.from(word));
      }
      if (column !== undefined && column.hash !== null) return !isEscaped && isHash(bytes, start, end);
      if (convert === null) return true;
      const converted = isEscaped ? null : convert(textAt(bytes, start, end));
      return converted !== null && put(found, at, converted);
    }

    return { counts, replace };
  }

  return {
    begin(found) {
      ranks.fill(-1);
      identifierRank = -1;
      found.constant.fill(null);
    },
    valueOf: plainValueOf,
    addDefaults(found) {
      const { present } = found;
      for (const { at, constant, group } of defaults) {
        if (present & group) continue;
        if (at === -1 || constant === null) return false;
        put(found, at, constant);
      }
      return true;
    },
  };
}

function indexOf(field: string): number {
  return (PLAIN_FIELDS as readonly string[]).indexOf(field);
}

function put(found: FoundFields, at: number, constant: Buffer): true {
  found.present |= 1 << at;
  found.escaped &= ~(1 << at);
  found.constant[at] = constant;
  found.start[at] = 0;
  found.end[at] = constant.length;
  return true;
}

function isOfIdentifiers(format: ExpiryFormat | IdentifierFormat | null): format is IdentifierFormat {
  return format === 'spreadsheet_text';
}

/** Whether a text may have what keeps spreadsheets from making a number of it. */
function isMarked(bytes: Buffer, start: number): boolean {
  const first = bytes[start] as number;
  return first === APOSTROPHE || first === EQUALS || first <= BLANK;
}

/** 64 hexadecimal digits in small letters. */
function isHash(bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== 64) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return false;
  }
  return true;
}

const WHOLE = /^(?:0|[1-9]\d{0,9})$/;
const MINUTES: Partial<Record<ExpiryFormat, number>> = { hours: 60, days: 1440 };

/** Makes of an expiry the digits of ms, or of minutes; null: it is not plainly one. */
function converter(format: ExpiryFormat, field: string): ((text: string) => Buffer | null) | null {
  if (format === 'milliseconds' || format === 'minutes') return null;
  const converted = new Map<string, Buffer | null>();
  return (text) => {
    const known = converted.get(text);
    if (known !== undefined) return known;
    if (converted.size === MAX_CONVERTED) converted.clear();
    const digits = field === 'expiration_duration' ? minutesOf(text, format) : instantOf(text, format);
    const bytes = digits === null ? null : Buffer.from(digits);
    converted.set(text, bytes);
    return bytes;
  };
}

function minutesOf(text: string, format: ExpiryFormat): string | null {
  if (format === 'with_unit' || format === 'iso_8601') {
    const minutes = readDuration(text, format);
    return minutes === null ? null : String(minutes);
  }
  return WHOLE.test(text) ? String(Number(text) * (MINUTES[format] ?? 1)) : null;
}

function instantOf(text: string, format: ExpiryFormat): string | null {
  if (format === 'iso_8601') {
    if (text === '0') return text;
    const instant = readIso8601(text);
    // 1970-01-01 is 0 as well, which would be never
    return instant === null || instant < LEAST_INSTANT_MS ? null : String(instant);
  }
  return WHOLE.test(text) ? String(Number(text) * (format === 'seconds' ? 1000 : 1)) : null;
}
