import Papa from 'papaparse';
import type { Rejection } from '../model/command.ts';
import { type CsvHeader, parseCsv } from './csv-header.ts';
import { type DocumentRecord, isRejection } from './document-format.ts';
import { dropFields, fieldsOf } from './json-source.ts';

/**
 * What an error file adds to a record. A reader of commands ignores them, so that a corrected file can be sent again. In CSV
 * they are the first columns, so that a row with too many cells keeps them all.
 */
export const ERROR_FIELDS: readonly string[] = ['error_line', 'error_code', 'error_message'];

/** Stands for an e-mail address; holds an `@`, so that it is refused again when it is sent as it is. */
const MASK = '***@***';

/** A failed NDJSON record as one line: its own fields as they were written, then the error's. */
export function ndjsonErrorLine(record: DocumentRecord, rejection: Rejection): string {
  const error = { error_line: record.line, error_code: rejection.code, error_message: rejection.message };
  if (isRejection(record.content)) {
    return `${JSON.stringify({ error_raw: maskInText(record.text), ...error })}\n`;
  }
  const { fields } = record.content;
  const again = ERROR_FIELDS.some((field) => Object.hasOwn(fields, field));
  const own = again ? dropFields(record.text, ERROR_FIELDS) : record.text;
  const masked = own.includes('@') || own.includes('\\u') ? maskField(own) : own;
  const body = masked.slice(masked.indexOf('{') + 1, masked.lastIndexOf('}')).trim();
  return `{${body}${body === '' ? '' : ','}${JSON.stringify(error).slice(1)}\n`.replaceAll(
    /\r?\n(?!$)/g,
    ' ',
  );
}

/** The header of an error file: the error's columns, then the document's. */
export function csvErrorFileHeader(header: CsvHeader): string {
  return csvLine([...ERROR_FIELDS, ...withoutErrorColumns(header, header.cells)], header.delimiter);
}

/** A failed CSV row. Where its cells could not be read, the row as it stands is the first cell after the error's. */
export function csvErrorLine(header: CsvHeader, record: DocumentRecord, rejection: Rejection): string {
  const error = [String(record.line), rejection.code, rejection.message];
  const cells = parseCsv(record.text, header.delimiter);
  const isUnreadable = cells.data.length !== 1 || cells.errors.length > 0 || !cells.data[0];
  if (
    isUnreadable ||
    (['INVALID_ENCODING', 'LINE_TOO_LONG'].includes(rejection.code) && isRejection(record.content))
  ) {
    return csvLine([...error, maskAddresses(record.text, header)], header.delimiter);
  }
  const own = withoutErrorColumns(header, cells.data[0] ?? []);
  const names = withoutErrorColumns(header, header.columns);
  // in a row with too many cells the address may stand in any of them
  const mayBeAnywhere = isRejection(record.content) && names.includes('email_hash');
  const masked = own.map((cell, i) =>
    isClearEmail(cell) && (mayBeAnywhere || names[i] === 'email_hash') ? MASK : cell,
  );
  return csvLine([...error, ...masked], header.delimiter);
}

function withoutErrorColumns({ columns }: CsvHeader, cells: readonly string[]): string[] {
  return cells.filter((_, i) => !ERROR_FIELDS.includes(columns[i] ?? ''));
}

/** A row of CSV with its line end. */
export function csvLine(cells: readonly string[], delimiter: string): string {
  return `${Papa.unparse([[...cells]], { delimiter, newline: '\n' })}\n`;
}

function isClearEmail(value: unknown): boolean {
  return typeof value === 'string' && value.includes('@');
}

/** Whether a text has an `@`, plain or as JSON may escape it. */
function holdsAddress(text: string): boolean {
  return /@|\\u0040/i.test(text);
}

/** Masks `email_hash` in an object's text, each time it is given with an address in clear, however its name is written. */
function maskField(json: string): string {
  const clear = fieldsOf(json).filter(
    ({ name, start, end }) => name === 'email_hash' && holdsAddress(json.slice(start, end)),
  );
  return clear.reduceRight(
    (text, { start, end }) => `${text.slice(0, start)}"${MASK}"${text.slice(end)}`,
    json,
  );
}

/** Masks whatever holds an `@` in a text that is not JSON: what is its name and what its value cannot be told. */
function maskInText(text: string): string {
  return text.includes('email_hash') || text.includes('\\u') ? maskWords(text) : text;
}

/** Masks whatever holds an `@` in a row whose columns cannot be told apart. */
function maskAddresses(text: string, { columns }: CsvHeader): string {
  return columns.includes('email_hash') ? maskWords(text) : text;
}

/** By words, not by a pattern around the @: that would look at each character of a long word again and again. */
function maskWords(text: string): string {
  return text.replace(/[^\s"',;:{}]+/g, (word) => (holdsAddress(word) ? MASK : word));
}
