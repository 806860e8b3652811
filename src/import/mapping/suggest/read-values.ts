import { LAST_INSTANT_MS, LEAST_INSTANT_MS, readDuration, readIso8601 } from '../../parse-expiry.ts';
import { isAbsent } from '../../read-field.ts';
import { holdsEmail } from '../../warnings.ts';
import { foldName } from '../compile-mapping.ts';
import { hashValue } from '../hash-rules.ts';
import { isNever, operationOf } from './own-words.ts';

/** What the values of a column look like: how many of those that are filled are of each kind. */
export type ReadValues = {
  /** Those that are not blank, as texts; of objects and lists their JSON. */
  readonly filled: readonly string[];
  /** What stands for nothing, as programs write null, each once and in small letters. */
  readonly nulls: readonly string[];
  /** With an apostrophe, or as a formula, that keeps spreadsheets from making a number of them. */
  readonly spreadsheetTexts: number;
  readonly addresses: number;
  readonly sha256: number;
  /** SHA-256 with a capital letter. */
  readonly capitals: number;
  /** 32 or 40 hexadecimal digits: MD5 and SHA-1, or something else. */
  readonly shortHashes: number;
  readonly phones: number;
  readonly operations: number;
  readonly never: number;
  readonly dates: number;
  readonly milliseconds: number;
  readonly seconds: number;
  /** `30d` and the like, and `P30D`; not `0`. */
  readonly withUnit: number;
  readonly isoDurations: number;
  /** Whole numbers too small for an instant. */
  readonly counts: number;
  readonly wholeNumbers: number;
  /** Texts and whole numbers: what identifiers and names of segments may be. */
  readonly scalars: number;
  readonly lists: number;
  readonly objects: number;
};

/** Of Snowflake and MySQL, of SQL Server, of pandas, of Excel. */
const NULLS: ReadonlySet<unknown> = new Set(['\\n', 'null', 'nan', '#n/a']);
const SHA256_HEX = /^[\da-f]{64}$/i;
const SHORT_HEX = /^(?:[\da-f]{32}|[\da-f]{40})$/i;
const WHOLE = /^(?:0|[1-9]\d{0,15})$/;
const PHONE = /^\+\d[\d ()./-]{6,20}$/;

/** Reads the values of a column, a row each; undefined where a row has none. */
export function readValues(values: readonly unknown[]): ReadValues {
  const present = values.filter((value) => !isAbsent(value) && !isNull(value));
  const nulls = values.filter(isNull).map((value) => foldName(String(value)));
  const filled = present.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value)));
  const texts = present.map((value, i) => (isScalar(value) ? (filled[i] ?? '').trim() : null));
  const count = (is: (text: string) => boolean) => texts.filter((text) => text !== null && is(text)).length;
  const number = (least: number, most: number) =>
    count((text) => WHOLE.test(text) && Number(text) >= least && Number(text) <= most);
  const leastSeconds = LEAST_INSTANT_MS / 1000;
  return {
    filled,
    nulls: [...new Set(nulls)],
    spreadsheetTexts: count((text) => /^'|^="/.test(text)),
    addresses: count(isAddress),
    sha256: count((text) => SHA256_HEX.test(text)),
    capitals: count((text) => SHA256_HEX.test(text) && /[A-F]/.test(text)),
    shortHashes: count((text) => SHORT_HEX.test(text)),
    phones: count((text) => PHONE.test(text)),
    operations: count((text) => operationOf(text) !== null),
    never: count(isNever),
    dates: count(isDate),
    milliseconds: number(LEAST_INSTANT_MS, LAST_INSTANT_MS),
    withUnit: count((text) => text !== '0' && readDuration(text, 'with_unit') !== null),
    isoDurations: count((text) => text !== '0' && readDuration(text, 'iso_8601') !== null),
    seconds: number(leastSeconds, LEAST_INSTANT_MS - 1),
    counts: number(0, leastSeconds - 1),
    wholeNumbers: count((text) => WHOLE.test(text)),
    scalars: texts.filter((text) => text !== null).length,
    lists: present.filter(isList).length,
    objects: present.filter(isObject).length,
  };
}

function isNull(value: unknown): boolean {
  return typeof value === 'string' && NULLS.has(foldName(value));
}

/** An address by itself: what can be hashed as one. */
function isAddress(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  if (!holdsEmail(bytes, 0, bytes.length)) return false;
  return !SHA256_HEX.test(text) && hashValue('sha256', text, () => '') !== null;
}

function isDate(text: string): boolean {
  const instant = readIso8601(text);
  return instant !== null && instant >= LEAST_INSTANT_MS && instant <= LAST_INSTANT_MS;
}

/** A text, or a number with no fraction: what is taken for a text. */
function isScalar(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

/** A list as it came, or as CSV has it in one cell. */
function isList(value: unknown): boolean {
  return Array.isArray(typeof value === 'string' ? parsed(value, '[') : value);
}

function isObject(value: unknown): boolean {
  const object = typeof value === 'string' ? parsed(value, '{') : value;
  return typeof object === 'object' && object !== null && !Array.isArray(object);
}

function parsed(text: string, opening: string): unknown {
  if (!text.trimStart().startsWith(opening)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
