import type { ExpiryFormat } from '../../model/mapping.ts';
import { COMMAND_FIELDS } from '../command-fields.ts';
import type { CommandSource } from '../document-format.ts';
import { isAbsent } from '../read-field.ts';
import type { CompiledMapping, MappedColumn } from './compile-mapping.ts';
import { readSpreadsheetText } from './spreadsheet-text.ts';

/** How the values of a record are reached. */
export type RecordReader = {
  readonly own: Readonly<Record<string, unknown>>;
  readonly valueOf: (column: MappedColumn) => unknown;
  /**
   * How a value was written, of a column or, by its name, of a field that no column of the mapping
   * feeds.
   */
  readonly writtenIn: (of: MappedColumn | string, index?: number) => string;
  readonly mayRound: () => boolean;
};

/**
 * Reads the fields of a command from a record by a mapping. Fields that it does not feed keep their
 * own names.
 */
export function mapFields(record: RecordReader, compiled: CompiledMapping): CommandSource {
  const fields: Record<string, unknown> = {};
  const from = new Map<string, MappedColumn>();
  const constants = new Map<string, unknown>();
  for (const name of COMMAND_FIELDS) {
    if (compiled.fields.has(name) || compiled.columnByName.has(name)) continue;
    if (!Object.hasOwn(record.own, name)) continue;
    const { value, isWord } = translated(record.own[name], name, compiled);
    fields[name] = value;
    if (isWord) constants.set(name, value);
  }
  const identifiers: [string, unknown][] = [];
  for (const column of compiled.columns) {
    const { field, isIdentifier } = column;
    if (from.has(field) && !isIdentifier) continue;
    const value = translated(read(record.valueOf(column), column), field, compiled);
    if (isEmpty(value.value)) continue;
    if (isIdentifier && identifiers.push([field, exactOf(value.value, record, column)]) > 1) continue;
    fields[field] = value.value;
    from.set(field, column);
    // a word of the mapping is written as the field is documented
    if (value.isWord) constants.set(field, value.value);
  }
  for (const { field, value } of defaultsFor(fields, compiled)) {
    fields[field] = value;
    constants.set(field, value);
  }
  const columnOf = (field: string) => (constants.has(field) ? undefined : from.get(field));
  return {
    fields,
    source: (field, index) => {
      const column = from.get(field);
      if (column !== undefined) return record.writtenIn(column, index);
      if (!constants.has(field)) return record.writtenIn(field, index);
      const value = constants.get(field);
      return JSON.stringify(index === undefined ? value : (value as readonly unknown[])[index]);
    },
    mayRound: record.mayRound,
    mapped: {
      own: record.own,
      identifiers,
      formatOf: (field) => expiryFormatOf(columnOf(field)),
      hashOf: (field) => columnOf(field)?.hash ?? null,
    },
  };
}

/** A value without what keeps spreadsheets from making a number of it. */
function read(value: unknown, { format }: MappedColumn): unknown {
  return format === 'spreadsheet_text' && typeof value === 'string' ? readSpreadsheetText(value) : value;
}

function expiryFormatOf(column: MappedColumn | undefined): ExpiryFormat | null {
  const format = column?.format ?? null;
  return format === 'spreadsheet_text' ? null : format;
}

/** A number as it was written, where JavaScript has rounded it. */
function exactOf(value: unknown, record: RecordReader, column: MappedColumn): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? record.writtenIn(column) : value;
}

/** A value with the words of a mapping replaced; `isWord`: it was one itself. */
function translated(
  value: unknown,
  field: string,
  { translate, hasWords }: CompiledMapping,
): { readonly value: unknown; readonly isWord: boolean } {
  if (!hasWords(field)) return { value, isWord: false };
  if (Array.isArray(value)) {
    return { value: value.map((each) => translateOne(each, field, translate) ?? each), isWord: false };
  }
  const word = translateOne(value, field, translate);
  return word === undefined ? { value, isWord: false } : { value: word, isWord: true };
}

function translateOne(
  value: unknown,
  field: string,
  translate: CompiledMapping['translate'],
): string | undefined {
  if (typeof value === 'string') return translate(field, value);
  return typeof value === 'number' || typeof value === 'boolean'
    ? translate(field, String(value))
    : undefined;
}

/** The defaults that stand in for what a record lacks. */
function defaultsFor(fields: Readonly<Record<string, unknown>>, { defaults }: CompiledMapping) {
  return defaults.filter(({ unless }) => unless.every((name) => isEmpty(fields[name])));
}

function isEmpty(value: unknown): boolean {
  return isAbsent(value) || (Array.isArray(value) && value.every(isAbsent));
}
