import { Buffer } from 'node:buffer';
import { NEWLINE, QUOTE } from '../import/ascii.ts';
import { ERROR_FIELDS } from '../import/command-fields.ts';
import { readCsvCells } from '../import/csv-cells.ts';
import { dropFields } from '../import/json-source.ts';
import { csvLine } from '../import/rejections.ts';
import type { FileReader } from '../model/file-reader.ts';
import type { MimeType } from '../model/records.ts';

/** A line that failed, as its error file has it. */
export type FailedLine = {
  /** The first physical line of the record in the input. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
  /** The record as far as the error file shows it, cut at MAX_RAW_CHARS. */
  readonly raw: string;
};

/** How much of a record is shown: a hundred of them are one answer. */
export const MAX_RAW_CHARS = 8192;

const BLOCK_BYTES = 64 * 1024;
const DELIMITERS = [',', ';', '\t'];

/**
 * Reads the first `most` failed lines of an error file, of those with `code` if one is given. Lines
 * that an erasure has emptied are passed over.
 */
export async function readFailedLines(
  file: Pick<FileReader, 'read'>,
  {
    mimeType,
    most,
    code,
  }: { readonly mimeType: MimeType; readonly most: number; readonly code?: string | undefined },
): Promise<readonly FailedLine[]> {
  const failed: FailedLine[] = [];
  if (most === 0) return failed;
  for await (const line of failedLinesIn(file, mimeType, code)) {
    failed.push({ ...line, raw: shorten(line.raw) });
    if (failed.length === most) break;
  }
  return failed;
}

/** The numbers of all lines of an error file, ascending. */
export async function readFailedNumbers(
  file: Pick<FileReader, 'read'>,
  mimeType: MimeType,
): Promise<readonly number[]> {
  const numbers: number[] = [];
  for await (const { line } of failedLinesIn(file, mimeType)) numbers.push(line);
  return numbers;
}

/** The lines of an error file, those with `code` if one is given, with their records whole. */
async function* failedLinesIn(
  file: Pick<FileReader, 'read'>,
  mimeType: MimeType,
  code?: string,
): AsyncGenerator<FailedLine> {
  const isCsv = mimeType === 'TEXT_CSV';
  let delimiter: string | null = null;
  for await (const text of recordsOf(file, isCsv)) {
    if (text.trim() === '') continue;
    if (isCsv && delimiter === null) {
      // a line like `sep=;` names the separator, which the header tells as well
      if (text.startsWith('sep=')) continue;
      delimiter = delimiterOf(text);
      continue;
    }
    // a search costs far less than reading a line that another code stands in
    if (code !== undefined && !text.includes(code)) continue;
    const line = isCsv ? readRow(text, delimiter ?? ',') : readObject(text);
    if (code !== undefined && line.code !== code) continue;
    // the header below a line like `sep=;`, and what else is said of no line
    if (Number.isInteger(line.line)) yield line;
  }
}

/** The lines of an error file; in CSV a line end between quotes is part of its cell. */
async function* recordsOf(file: Pick<FileReader, 'read'>, hasQuotes: boolean): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let isOpen = false;
  for (let at = 0; ; ) {
    const block = await file.read(at, BLOCK_BYTES);
    if (block.length === 0) break;
    at += block.length;
    let from = 0;
    for (let i = 0; i < block.length; i++) {
      if (hasQuotes && block[i] === QUOTE) isOpen = !isOpen;
      if (block[i] !== NEWLINE || isOpen) continue;
      yield Buffer.concat([...pieces, block.subarray(from, i)]).toString('utf8');
      pieces = [];
      from = i + 1;
    }
    // a copy: the reader may use its block again
    pieces.push(Buffer.from(block.subarray(from)));
  }
  yield Buffer.concat(pieces).toString('utf8');
}

/**
 * The first line names it, as `sep=;` or behind the first column, which the service wrote itself.
 */
function delimiterOf(header: string): string {
  const named = header.startsWith('sep=') ? header.charAt(4) : '';
  return named !== ''
    ? named
    : (DELIMITERS.find((delimiter) => header.includes(`error_line${delimiter}`)) ?? ',');
}

function readRow(text: string, delimiter: string): FailedLine {
  const [line = '', code = '', message = '', ...cells] = readCsvCells(text, delimiter).cells;
  // a row that could not be read stands in one cell as it came
  const raw = cells.length === 1 ? (cells[0] ?? '') : csvLine(cells, delimiter).slice(0, -1);
  return { line: /^\d+$/.test(line) ? Number(line) : Number.NaN, code, message, raw };
}

function readObject(text: string): FailedLine {
  const { error_line, error_code, error_message, ...own } = JSON.parse(text) as Record<string, unknown>;
  const isUnread = typeof own.error_raw === 'string' && Object.keys(own).length === 1;
  return {
    line: typeof error_line === 'number' ? error_line : Number.NaN,
    code: String(error_code),
    message: String(error_message),
    // what was no JSON object stands in a member as it came
    raw: isUnread ? String(own.error_raw) : dropFields(text, ERROR_FIELDS),
  };
}

function shorten(text: string): string {
  return text.length > MAX_RAW_CHARS ? `${text.slice(0, MAX_RAW_CHARS)}…` : text;
}
