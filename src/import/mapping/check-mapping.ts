import {
  DURATION_FORMATS,
  HASH_RULES,
  type HashRule,
  IDENTIFIER_FORMATS,
  INSTANT_FORMATS,
  type Mapping,
} from '../../model/mapping.ts';
import { COMMAND_FIELDS, ERROR_FIELDS, IDENTIFIER_FIELDS } from '../command-fields.ts';
import { nearestField } from '../nearest-field.ts';
import { LAST_INSTANT, LAST_INSTANT_MS, LEAST_INSTANT_MS } from '../parse-expiry.ts';
import { columnsOf, foldName } from './compile-mapping.ts';

/** A mapping as a request has it, its shape checked. */
export type MappingInput = {
  readonly columns?: Readonly<Record<string, string>> | undefined;
  readonly values?: Readonly<Record<string, Readonly<Record<string, string | number>>>> | undefined;
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  readonly hash?: Readonly<Record<string, string>> | undefined;
  readonly formats?: Readonly<Record<string, string>> | undefined;
  readonly optional?: readonly string[] | undefined;
};

const MAX_COLUMNS = 200;
/** Each is looked for in every record while a file is received. */
const MAX_HASHED = 20;
/** As JSON: every execution has the mapping of its file. */
const MAX_MAPPING_CHARS = 64 * 1024;
const MAX_WORDS = 10_000;
const MAX_NAME_CHARS = 255;
const LIST_FIELDS = ['segment_ids', 'segment_technical_names'];
const OPERATIONS = ['UPDATE', 'DELETE'];

/** Why a mapping cannot be used, thrown to whoever checks it. */
class MappingProblem extends Error {}

function refuse(message: string): never {
  throw new MappingProblem(message);
}

/** Checks a mapping; `message` says what was expected and what came. */
export function checkMapping(
  input: MappingInput,
): { readonly ok: true; readonly mapping: Mapping } | { readonly ok: false; readonly message: string } {
  try {
    const mapping: Mapping = {
      columns: input.columns ?? {},
      values: readValues(input.values ?? {}),
      defaults: readDefaults(input.defaults ?? {}),
      hash: readHash(input.hash ?? {}),
      formats: {},
    };
    for (const [name, field] of Object.entries(mapping.columns)) checkField(field, `columns[${show(name)}]`);
    const formatted = { ...mapping, formats: readFormats(input.formats ?? {}, mapping.columns) };
    const optional = readOptional(input.optional ?? [], formatted);
    const whole = optional.length === 0 ? formatted : { ...formatted, optional };
    checkColumns(whole);
    const { length } = JSON.stringify(whole);
    if (length > MAX_MAPPING_CHARS)
      refuse(`mapping may have ${MAX_MAPPING_CHARS} characters as JSON, got ${length}`);
    return { ok: true, mapping: whole };
  } catch (problem) {
    if (problem instanceof MappingProblem) return { ok: false, message: problem.message };
    throw problem;
  }
}

function checkColumns(mapping: Mapping): void {
  const columns = columnsOf(mapping);
  if (columns.length === 0 && Object.keys(mapping.values).length + Object.keys(mapping.defaults).length === 0)
    refuse('mapping must have at least one of columns, values, defaults, hash and formats; null removes it');
  if (columns.length > MAX_COLUMNS) refuse(`mapping may name ${MAX_COLUMNS} columns, got ${columns.length}`);
  const seen = new Map<string, string>();
  for (const { name, field, hash } of columns) {
    const folded = foldName(name);
    if (folded === '' || name.length > MAX_NAME_CHARS)
      refuse(`the name of a column must have 1 to ${MAX_NAME_CHARS} characters, got ${show(name)}`);
    if (ERROR_FIELDS.includes(folded))
      refuse(`${show(name)} is a column that error files add, and is not read`);
    const same = seen.get(folded);
    if (same !== undefined)
      refuse(
        `names of columns are compared without capitals and blanks around them: ${show(same)} and ${show(name)} are the same`,
      );
    seen.set(folded, name);
    if (hash !== null && !IDENTIFIER_FIELDS.includes(field))
      refuse(
        `hash[${show(name)}] is for columns of ${IDENTIFIER_FIELDS.join(', ')}, this one feeds ${field}`,
      );
    if (hash?.endsWith('_phone') && !Object.hasOwn(mapping.columns, name))
      refuse(`columns must say which field the phone numbers of ${show(name)} feed, such as user_account_id`);
  }
}

function checkField(field: string, where: string): void {
  if (COMMAND_FIELDS.has(field)) return;
  const nearest = nearestField(field, [...COMMAND_FIELDS]);
  const hint = nearest === null ? ` (${[...COMMAND_FIELDS].join(', ')})` : `, did you mean ${nearest}?`;
  refuse(`${where} must be a field of commands, got ${show(field)}${hint}`);
}

function readValues(input: NonNullable<MappingInput['values']>): Mapping['values'] {
  const entries = Object.entries(input).map(([field, words]) => {
    checkField(field, 'values');
    if (field === 'data_bag') refuse('values cannot stand for data_bag');
    const pairs = Object.entries(words);
    if (pairs.length > MAX_WORDS) refuse(`values.${field} may have ${MAX_WORDS} words, got ${pairs.length}`);
    const seen = new Map<string, string>();
    const read = pairs.map(([word, value]) => {
      const where = `values.${field}[${show(word)}]`;
      const text = String(value);
      const before = seen.get(foldName(word));
      if (foldName(word) === '') refuse(`${where}: a blank value is absent, and defaults stand in for it`);
      if (before !== undefined && before !== text)
        refuse(
          `${where}: words are compared without capitals and blanks around them, and this one has another value too`,
        );
      seen.set(foldName(word), text);
      if (field === 'operation' && text !== '' && !OPERATIONS.includes(text))
        refuse(`${where} must be UPDATE or DELETE, got ${show(text)}`);
      if (IDENTIFIER_FIELDS.includes(field) && text !== '')
        refuse(`${where} can only be "", which makes the word absent: identifiers have no other words`);
      return [word, text] as const;
    });
    return [field, Object.fromEntries(read)] as const;
  });
  return Object.fromEntries(entries);
}

function readDefaults(input: NonNullable<MappingInput['defaults']>): Mapping['defaults'] {
  const entries = Object.entries(input).map(([field, value]) => {
    checkField(field, 'defaults');
    const where = `defaults.${field}`;
    if (IDENTIFIER_FIELDS.includes(field))
      refuse(`${where}: one identifier for all records makes one user of them`);
    return [field, readDefault(field, value, where)] as const;
  });
  return Object.fromEntries(entries);
}

function readDefault(field: string, value: unknown, where: string): Mapping['defaults'][string] {
  if (field === 'data_bag') {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return JSON.stringify(value);
    if (typeof value === 'string' && isObjectText(value)) return value;
    return refuse(`${where} must be an object, got ${show(value)}`);
  }
  if (Array.isArray(value)) {
    if (!LIST_FIELDS.includes(field)) refuse(`${where} must be one value, got a list`);
    if (!value.every(isScalar)) refuse(`${where} must be a list of texts or whole numbers`);
    return value as (string | number)[];
  }
  if (!isScalar(value)) return refuse(`${where} must be a text or a number, got ${show(value)}`);
  if (field === 'operation' && !OPERATIONS.includes(String(value)))
    refuse(`${where} must be UPDATE or DELETE, got ${show(value)}`);
  if (field.startsWith('expiration_') && !/^\d+$/.test(String(value)))
    refuse(`${where} must be a whole number, got ${show(value)}`);
  if (field === 'expiration_ts' && Number(value) !== 0 && !isInstant(Number(value)))
    refuse(`${where} must be ms since the epoch, up to ${LAST_INSTANT}, or 0 for never, got ${show(value)}`);
  return value;
}

function isInstant(ms: number): boolean {
  return ms >= LEAST_INSTANT_MS && ms <= LAST_INSTANT_MS;
}

function isScalar(value: unknown): value is string | number {
  return (typeof value === 'string' && value.trim() !== '') || Number.isSafeInteger(value);
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function readHash(input: Readonly<Record<string, string>>): Mapping['hash'] {
  const hashed = Object.entries(input);
  if (hashed.length > MAX_HASHED) refuse(`hash may name ${MAX_HASHED} columns, got ${hashed.length}`);
  for (const [name, rule] of hashed) {
    if (!(HASH_RULES as readonly string[]).includes(rule))
      refuse(
        `hash[${show(name)}] must be one of ${HASH_RULES.join(', ')}, got ${show(rule)}${hintOf(rule, HASH_RULES)}`,
      );
  }
  return input as Record<string, HashRule>;
}

function readFormats(
  input: Readonly<Record<string, string>>,
  columns: Mapping['columns'],
): Mapping['formats'] {
  for (const [name, format] of Object.entries(input)) {
    const field = Object.hasOwn(columns, name) ? columns[name] : name;
    const known = formatsOf(field ?? '');
    if (known.length === 0)
      refuse(`formats[${show(name)}] is for columns of expiries and identifiers: name its field in columns`);
    if (!known.includes(format))
      refuse(
        `formats[${show(name)}] must be one of ${known.join(', ')}, got ${show(format)}${hintOf(format, known)}`,
      );
  }
  return input as Mapping['formats'];
}

/** How the values of a field may be written; none where there is one way alone. */
function formatsOf(field: string): readonly string[] {
  if (field === 'expiration_ts') return INSTANT_FORMATS;
  if (field === 'expiration_duration') return DURATION_FORMATS;
  return IDENTIFIER_FIELDS.includes(field) ? IDENTIFIER_FORMATS : [];
}

/** Which columns a header may lack: columns of the mapping, each once. */
function readOptional(input: readonly string[], mapping: Mapping): readonly string[] {
  const names = columnsOf(mapping).map(({ name }) => name);
  for (const name of input) {
    if (names.includes(name)) continue;
    const nearest = nearestField(name, names);
    const hint = nearest === null ? '' : `, did you mean ${show(nearest)}?`;
    refuse(`optional names columns that the mapping reads, got ${show(name)}${hint}`);
  }
  return [...new Set(input)];
}

function hintOf(came: string, known: readonly string[]): string {
  const nearest = nearestField(came, known);
  return nearest === null ? '' : `, did you mean ${nearest}?`;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 100);
}
