import Papa from 'papaparse';
import type { Rejection } from '../model/command.ts';
import type { CsvHeader } from './csv-header.ts';
import { type DocumentRecord, isRejection } from './document-format.ts';
import { dropFields } from './json-source.ts';

/** What an error file adds to a record. A reader of commands ignores them, so that a corrected file can be sent again. */
export const ERROR_FIELDS = ['error_line', 'error_code', 'error_message', 'error_raw'] as const;
/** They come first, so that a row with too many cells keeps them all. */
const ERROR_COLUMNS = ['error_line', 'error_code', 'error_message'];

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
  const masked = own.includes('@') || isClearEmail(fields.email_hash) ? maskField(own) : own;
  const body = masked.slice(masked.indexOf('{') + 1, masked.lastIndexOf('}')).trim();
  return `{${body}${body === '' ? '' : ','}${JSON.stringify(error).slice(1)}\n`.replaceAll(
    /\r?\n(?!$)/g,
    ' ',
  );
}

/** The header of an error file: the error's columns, then the document's. */
export function csvErrorFileHeader(header: CsvHeader): string {
  return csvLine([...ERROR_COLUMNS, ...withoutErrorColumns(header, header.cells)], header.delimiter);
}

/** A failed CSV row. Where its cells could not be read, the row as it stands is the first cell after the error's. */
export function csvErrorLine(header: CsvHeader, record: DocumentRecord, rejection: Rejection): string {
  const error = [String(record.line), rejection.code, rejection.message];
  const cells = Papa.parse<string[]>(record.text, { delimiter: header.delimiter, newline: '\n' });
  const broken = cells.data.length !== 1 || cells.errors.length > 0 || rejection.code === 'INVALID_ENCODING';
  const own =
    broken || !cells.data[0] ? [maskInRow(record.text, header)] : withoutErrorColumns(header, cells.data[0]);
  const email = header.columns.filter((column) => !ERROR_COLUMNS.includes(column)).indexOf('email_hash');
  if (!broken && isClearEmail(own[email])) own[email] = MASK;
  return csvLine([...error, ...own], header.delimiter);
}

function withoutErrorColumns({ columns }: CsvHeader, cells: readonly string[]): string[] {
  return cells.filter((_, i) => !ERROR_COLUMNS.includes(columns[i] ?? ''));
}

function csvLine(cells: readonly string[], delimiter: string): string {
  return `${Papa.unparse([[...cells]], { delimiter, newline: '\n' })}\n`;
}

function isClearEmail(value: unknown): boolean {
  return typeof value === 'string' && value.includes('@');
}

/** Masks `email_hash` in an object's text, each time it is given with an address in clear. */
function maskField(json: string): string {
  return json.replace(/("email_hash"\s*:\s*)("(?:[^"\\]|\\.)*")/g, (whole, name: string, value: string) =>
    isClearEmail(JSON.parse(value)) ? `${name}"${MASK}"` : whole,
  );
}

/** Masks what looks like an e-mail address given as a hash in a text that is not JSON. */
function maskInText(text: string): string {
  return text.replace(/(email_hash"?\s*[:=]\s*"?)([^"\s,;}]+)/gi, (whole, name: string, value: string) =>
    isClearEmail(value) ? `${name}${MASK}` : whole,
  );
}

/** Masks whatever looks like an e-mail address in a row whose columns cannot be told apart. */
function maskInRow(text: string, { columns }: CsvHeader): string {
  if (!columns.includes('email_hash')) return text;
  // by words, not by a pattern around the @: that would look at each character of a long word again and again
  return text.replace(/[^\s"',;]+/g, (word) => (isClearEmail(word) ? MASK : word));
}
