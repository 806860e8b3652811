import type { DefaultValue, ExpiryFormat, HashRule, IdentifierFormat, Mapping } from '../../model/mapping.ts';
import { COMMAND_FIELDS, IDENTIFIER_FIELDS, SEGMENT_FIELDS } from '../command-fields.ts';

/** A column or member of a mapping. */
export type MappedColumn = {
  /** As the mapping names it; of nested members a path with dots. */
  readonly name: string;
  readonly field: string;
  /** The place among all columns of the mapping: of several that are filled, the lowest counts. */
  readonly rank: number;
  readonly isIdentifier: boolean;
  readonly hash: HashRule | null;
  readonly format: ExpiryFormat | IdentifierFormat | null;
  /** Whether a CSV header may lack it. */
  readonly isOptional: boolean;
};

/** A default with the fields that keep it from being used. */
export type MappedDefault = {
  readonly field: string;
  readonly value: DefaultValue;
  readonly unless: readonly string[];
};

/** A mapping, ready to be used on each record. */
export type CompiledMapping = {
  readonly mapping: Mapping;
  readonly columns: readonly MappedColumn[];
  /** By name, trimmed and in small letters, as names of CSV columns are compared. */
  readonly columnByName: ReadonlyMap<string, MappedColumn>;
  /**
   * The fields that are read from columns of the mapping, and no longer from those of their own
   * name.
   */
  readonly fields: ReadonlySet<string>;
  readonly defaults: readonly MappedDefault[];
  /** The field's value that an own word stands for; undefined: it stands for itself. */
  readonly translate: (field: string, word: string) => string | undefined;
  /** Whether a field has own words. */
  readonly hasWords: (field: string) => boolean;
};

const EXPIRY_FIELDS = ['expiration_duration', 'expiration_ts'];
const COMPARTMENT_FIELDS = ['compartment_id', 'compartment_token'];
/**
 * A default stands where a record has none of a group: a constant segment is none beside one that
 * the record names.
 */
const GROUPS: readonly (readonly string[])[] = [SEGMENT_FIELDS, EXPIRY_FIELDS, COMPARTMENT_FIELDS];

/** How names of columns and words are compared: blanks around them and capitals do not count. */
export function foldName(name: string): string {
  return name.trim().toLowerCase();
}

/**
 * The columns of a mapping with their fields, in order; those that are only hashed feed
 * `email_hash`.
 */
export function columnsOf({ columns, hash, formats, optional = [] }: Mapping): readonly MappedColumn[] {
  const own = (record: Readonly<Record<string, unknown>>, name: string) => Object.hasOwn(record, name);
  const named = Object.entries(columns);
  const hashed = Object.keys(hash)
    .filter((name) => !own(columns, name))
    .map((name) => [name, IDENTIFIER_FIELDS.includes(name) ? name : 'email_hash'] as const);
  // an expiry or identifier under its own name, written in its own way
  const formatted = Object.keys(formats)
    .filter((name) => !own(columns, name))
    .map((name) => [name, name] as const);
  return [...named, ...hashed, ...formatted].map(([name, field], rank) => ({
    ...{ name, field, rank, isIdentifier: IDENTIFIER_FIELDS.includes(field) },
    hash: own(hash, name) ? (hash[name] ?? null) : null,
    format: own(formats, name) ? (formats[name] ?? null) : null,
    isOptional: optional.includes(name),
  }));
}

export function compileMapping(mapping: Mapping): CompiledMapping {
  const columns = columnsOf(mapping);
  const words = new Map(
    Object.entries(mapping.values).map(([field, values]) => [
      field,
      new Map(Object.entries(values).map(([word, value]) => [foldName(word), value])),
    ]),
  );
  return {
    mapping,
    columns,
    columnByName: new Map(columns.map((column) => [foldName(column.name), column])),
    fields: new Set(columns.map(({ field }) => field)),
    defaults: Object.entries(mapping.defaults).map(([field, value]) => ({
      ...{ field, value },
      unless: GROUPS.find((group) => group.includes(field)) ?? [field],
    })),
    translate: (field, word) => words.get(field)?.get(foldName(word)),
    hasWords: (field) => words.has(field),
  };
}

/** The field that a column of its own name feeds where a mapping is in use: '' for none. */
export function fieldOfColumn(name: string, compiled: CompiledMapping | null): string {
  const mapped = compiled?.columnByName.get(name);
  if (mapped !== undefined) return mapped.field;
  return COMMAND_FIELDS.has(name) && !compiled?.fields.has(name) ? name : '';
}

/** The field that a member of NDJSON feeds, or the path to a nested one; null for none. */
export function fieldOfMember(name: string, compiled: CompiledMapping | null): string | null {
  const mapped = compiled?.columns.find((column) => column.name === name);
  if (mapped !== undefined) return mapped.field;
  return COMMAND_FIELDS.has(name) && !compiled?.fields.has(name) ? name : null;
}

/** Whether a mapping hashes anything, so that files are changed as they come. */
export function hashesColumns(mapping: Mapping | null): mapping is Mapping {
  return mapping !== null && Object.keys(mapping.hash).length > 0;
}
