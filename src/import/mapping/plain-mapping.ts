import { Buffer } from 'node:buffer';
import type { ExpiryFormat, IdentifierFormat } from '../../model/mapping.ts';
import { IDENTIFIER_FIELDS } from '../command-fields.ts';
import { LEAST_INSTANT_MS, readDuration, readIso8601 } from '../parse-expiry.ts';
import { PLAIN_FIELDS, type PlainDefault, type PlainValue, type Replacement } from '../plain-fields.ts';
import type { CompiledMapping } from './compile-mapping.ts';

export type PlainMapping = {
  /** Of a field that a column or member feeds, by its name; null: it is as it is documented. */
  readonly valueOf: (name: string, field: string) => PlainValue | null;
  readonly defaults: readonly PlainDefault[];
};

/** Expiries of a file are few: each is converted once. */
const MAX_CONVERTED = 4096;
/** A longer text that stands for another is not plain. */
export const MAX_CONSTANT_BYTES = 1024;
/** What may keep spreadsheets from making a number of a text, at its beginning. */
const MARKED = /^['=\s]/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * A mapping for plain lines; null: there are none under it. Whatever is not plainly seen to be
 * valid is left to the reference parser: a mapping here may be stricter than `mapFields`, never
 * laxer.
 */
export function createPlainMapping(compiled: CompiledMapping | null): PlainMapping | null {
  if (compiled === null) return { valueOf: () => null, defaults: [] };
  const defaults = compiled.defaults.map(({ field, value, unless }) => ({
    field: Array.isArray(value) ? -1 : indexOf(field),
    text: Array.isArray(value) ? Buffer.alloc(0) : Buffer.from(String(value)),
    unless: unless.reduce((group, name) => group | (indexOf(name) === -1 ? 0 : 1 << indexOf(name)), 0),
  }));
  if (defaults.some(({ text }) => text.length > MAX_CONSTANT_BYTES)) return null;
  return { valueOf: (name, field) => plainValue(compiled, name, field), defaults };
}

function plainValue(compiled: CompiledMapping, name: string, field: string): PlainValue | null {
  const column = compiled.columnByName.get(name);
  const hasWords = compiled.hasWords(field);
  if (column === undefined && !hasWords) return null;
  const isHashed = column !== undefined && column.hash !== null;
  const format = column?.format ?? null;
  const isOfIdentifiers = isIdentifierFormat(format);
  const convert = format === null || isIdentifierFormat(format) ? null : converter(format, field);
  const isIdentifier = IDENTIFIER_FIELDS.includes(field);

  function replace(text: string): Replacement {
    // its words are looked up without the apostrophe: the reference parser does
    if (isOfIdentifiers && MARKED.test(text)) return 'NOT_PLAIN';
    const word = hasWords ? compiled.translate(field, text) : undefined;
    if (word !== undefined) return word === '' || isIdentifier ? 'NOT_PLAIN' : constant(Buffer.from(word));
    if (isHashed) return SHA256.test(text) ? 'ITSELF' : 'NOT_PLAIN';
    return convert === null ? 'ITSELF' : constant(convert(text));
  }

  const isReplaced = hasWords || isHashed || isOfIdentifiers || convert !== null;
  return { rank: column?.rank ?? -1, replace: isReplaced ? replace : null };
}

function isIdentifierFormat(format: ExpiryFormat | IdentifierFormat | null): format is IdentifierFormat {
  return format === 'spreadsheet_text';
}

function constant(bytes: Buffer | null): Replacement {
  return bytes === null || bytes.length > MAX_CONSTANT_BYTES ? 'NOT_PLAIN' : bytes;
}

function indexOf(field: string): number {
  return (PLAIN_FIELDS as readonly string[]).indexOf(field);
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
