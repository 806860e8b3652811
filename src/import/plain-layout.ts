import { Buffer } from 'node:buffer';
import { IDENTIFIER_FIELDS } from './command-fields.ts';
import { namesSeparator } from './csv-header.ts';
import type { CsvHeader } from './document-format.ts';
import { type CompiledMapping, foldName } from './mapping/compile-mapping.ts';
import { createPlainMapping, type PlainMapping } from './mapping/plain-mapping.ts';
import { PLAIN_FIELDS, type PlainLayout, type PlainMember } from './plain-fields.ts';

/** Of members and columns that no field is read from. */
const IGNORED = -1;
/** Of columns that matter, but not to plain commands: a row with anything in one is not plain. */
const NOT_PLAIN = -2;

/** As many bits as the reader has for the members of an object. */
const MAX_MEMBERS = 30;
/** The longest name of a member, in bytes without its quotes. */
const MAX_NAME_BYTES = 62;
const MAX_COLUMNS = 512;

/** The layout of NDJSON; null: no line is plain. */
export function ndjsonLayout(compiled: CompiledMapping | null): PlainLayout | null {
  const mapped = createPlainMapping(compiled);
  if (mapped === null) return null;
  const own = PLAIN_FIELDS.filter((name) => !compiled?.fields.has(name) && !compiled?.columnByName.has(name));
  const members = [
    ...own.map((name) => ({ name: name as string, field: name as string })),
    ...(compiled?.columns ?? []),
  ].map(({ name, field }) => ({
    name: Buffer.from(JSON.stringify(name)),
    ...memberOf(mapped, foldName(name), field),
  }));
  const isTooLong = members.some(({ name }) => name.length > MAX_NAME_BYTES + 2);
  if (members.length > MAX_MEMBERS || isTooLong) return null;
  return { separator: null, members, defaults: compiled === null ? null : mapped.defaults };
}

/** The layout of a CSV; null: no row is plain. */
export function csvLayout(header: CsvHeader, compiled: CompiledMapping | null): PlainLayout | null {
  const { columns, fields, delimiter } = header;
  const mapped = createPlainMapping(compiled);
  if (mapped === null || columns.length > MAX_COLUMNS) return null;
  // an error file under a mapping has rows that are no commands and still have all that one needs
  if (compiled !== null && columns.includes('error_code')) return null;
  const members = columns.map((name, i) => {
    const member = memberOf(mapped, name, fields[i] ?? '');
    return hasConstantOperation(compiled) ? refusingHeader(member, name, fields[i] ?? '') : member;
  });
  return {
    separator: delimiter.charCodeAt(0),
    members,
    defaults: compiled === null ? null : mapped.defaults,
  };
}

function hasConstantOperation(compiled: CompiledMapping | null): boolean {
  return compiled?.defaults.some(({ field }) => field === 'operation') === true;
}

/**
 * A column of identifiers in which the header again, or a line like `sep=;`, is no user. Where rows
 * have an operation of their own, such a row lacks it.
 */
function refusingHeader(member: PlainMember, name: string, field: string): PlainMember {
  if (!IDENTIFIER_FIELDS.includes(field)) return member;
  const { rank = -1, replace = null } = member.value ?? {};
  const isNoUser = (text: string) => foldName(text) === name || namesSeparator(text);
  return {
    ...member,
    value: { rank, replace: (text) => (isNoUser(text) ? 'NOT_PLAIN' : (replace?.(text) ?? 'ITSELF')) },
  };
}

function memberOf(mapped: PlainMapping, name: string, fieldName: string): PlainMember {
  const field = (PLAIN_FIELDS as readonly string[]).indexOf(fieldName);
  if (field === -1) return { field: fieldName === '' ? IGNORED : NOT_PLAIN, value: null };
  return { field, value: mapped.valueOf(name, fieldName) };
}
