import Papa from 'papaparse';
import type { Rejection } from '../model/command.ts';
import type { Mapping } from '../model/mapping.ts';
import { ERROR_FIELDS } from './command-fields.ts';
import { readCsvCells } from './csv-cells.ts';
import { parseCsvHeader } from './csv-header.ts';
import { type CsvHeader, type DocumentFormat, type DocumentRecord, isRejection } from './document-format.ts';
import { dropFields, replaceValues } from './json-source.ts';

/**
 * Stands for an e-mail address; holds an `@`, so that it is refused again when it is sent as it is.
 */
export const MASK = '***@***';

/**
 * A failed NDJSON record as one line: its own fields as they were written, then the error's.
 * `secret` are the names and paths by which a mapping reads `email_hash`.
 */
export function ndjsonErrorLine(
  record: DocumentRecord,
  rejection: Rejection,
  secret: readonly string[] = [],
): string {
  const error = { error_line: record.line, error_code: rejection.code, error_message: rejection.message };
  if (isRejection(record.content)) {
    return `${JSON.stringify({ error_raw: maskInText(record.text, secret), ...error })}\n`;
  }
  const fields = record.content.mapped?.own ?? record.content.fields;
  const again = ERROR_FIELDS.some((field) => Object.hasOwn(fields, field));
  const own = again ? dropFields(record.text, ERROR_FIELDS) : record.text;
  const masked = own.includes('@') || own.includes('\\u') ? maskFields(own, secret) : own;
  const body = masked.slice(masked.indexOf('{') + 1, masked.lastIndexOf('}')).trim();
  return `{${body}${body === '' ? '' : ','}${JSON.stringify(error).slice(1)}\n`.replaceAll(
    /\r?\n(?!$)/g,
    ' ',
  );
}

/**
 * The header of an error file, the error's columns and then the document's; and its lines. A failed
 * row whose cells could not be read stands as it is in the first cell after the error's.
 */
export function csvErrorFile(
  header: CsvHeader,
  mapping: Mapping | null,
): Pick<DocumentFormat, 'errorFileHeader' | 'errorLine'> {
  const { delimiter, columns } = header;
  // a document may have thousands of columns and rows of two bytes: nothing here goes through the
  // columns for each row
  const skipped = new Set(columns.flatMap((name, i) => (ERROR_FIELDS.includes(name) ? [i] : [])));
  const emails = new Set(header.fields.flatMap((field, i) => (field === 'email_hash' ? [i] : [])));
  const own = <T>(cells: readonly T[]) =>
    skipped.size === 0 ? cells : cells.filter((_, i) => !skipped.has(i));

  function errorLine(record: DocumentRecord, rejection: Rejection): string {
    const error = [String(record.line), rejection.code, rejection.message];
    const { cells, problem } = readCsvCells(record.text, delimiter);
    const isUnreadable = ['INVALID_ENCODING', 'LINE_TOO_LONG'].includes(rejection.code);
    if (problem !== null || (isUnreadable && isRejection(record.content))) {
      const raw = emails.size === 0 ? record.text : maskWords(record.text);
      return csvLine([...error, raw], delimiter);
    }
    // in a row with too many cells the address may stand in any of them
    const mayBeAnywhere = isRejection(record.content) && emails.size > 0;
    const masked = cells.map((cell, i) =>
      cell.includes('@') && (mayBeAnywhere || emails.has(i)) ? MASK : cell,
    );
    return csvLine([...error, ...own(masked)], delimiter);
  }

  return { errorFileHeader: errorFileHeader(header, own(header.cells), mapping), errorLine };
}

/** It names its separator where that could not be found from the names of its columns. */
function errorFileHeader(
  { delimiter, profile }: CsvHeader,
  cells: readonly string[],
  mapping: Mapping | null,
): string {
  const line = csvLine([...ERROR_FIELDS, ...cells], delimiter);
  const read = parseCsvHeader(line.slice(0, -1), profile, mapping);
  return read.ok && read.header.delimiter === delimiter ? line : `sep=${delimiter}\n${line}`;
}

/** A row of CSV with its line end. */
export function csvLine(cells: readonly string[], delimiter: string): string {
  return `${Papa.unparse([[...cells]], { delimiter, newline: '\n' })}\n`;
}

/** Whether a text has an `@`, plain or as JSON may escape it. */
function holdsAddress(text: string): boolean {
  return /@|\\u0040/i.test(text);
}

/**
 * Masks `email_hash`, and what a mapping reads it from, in an object's text, each time it is given
 * with an address in clear, however its name is written.
 */
function maskFields(json: string, secret: readonly string[]): string {
  const mask = (value: string) => (holdsAddress(value) ? `"${MASK}"` : null);
  return ['email_hash', ...secret].reduce((text, name) => replaceValues(text, name, mask), json);
}

/**
 * Masks whatever holds an `@` in a text that is not JSON: what is its name and what its value
 * cannot be told.
 */
function maskInText(text: string, secret: readonly string[]): string {
  const mayHold = secret.length > 0 || text.includes('email_hash') || text.includes('\\u');
  return mayHold ? maskWords(text) : text;
}

/**
 * Masks whatever holds an `@`, where its column cannot be told. By words, not by a pattern around
 * the @: that would look at each character of a long word again and again.
 */
export function maskWords(text: string): string {
  return text.replace(/[^\s"',;:{}]+/g, (word) => (holdsAddress(word) ? MASK : word));
}
