import Papa from 'papaparse';
import { MAX_LINE_BYTES } from './document-format.ts';

/** `COMMANDS`: a column `operation`, any segments. `USER_LIST`: users for the one segment that the upload names. */
export type CsvProfile = 'COMMANDS' | 'USER_LIST';

export type CsvHeader = {
  readonly delimiter: string;
  /** One record, with its quotes closed. */
  readonly isWhole: boolean;
  /** As they stand in the document. */
  readonly cells: readonly string[];
  /** Names in lower case, trimmed, in the order of the columns; '' for a column without a name. */
  readonly columns: readonly string[];
};

const DELIMITERS = [',', ';', '\t'] as const;
export const IDENTIFIER_COLUMNS = ['user_account_id', 'email_hash', 'user_agent_id'];
export const SEGMENT_COLUMNS = [
  'segment_id',
  'segment_ids',
  'segment_technical_name',
  'segment_technical_names',
];
/**
 * Reads the first record of a CSV document, without BOM and line end. The separator is the one under which the header
 * names the columns it must have; where several do, the one that gives the most columns.
 */
export function parseCsvHeader(
  headerText: string,
  profile: CsvProfile,
): { ok: true; header: CsvHeader } | { ok: false; message: string } {
  const readings = DELIMITERS.map((delimiter) => readHeader(headerText, delimiter));
  readings.sort((a, b) => b.columns.length - a.columns.length);
  const header = readings.find(({ columns }) => namesUsers(columns, profile)) ?? readings[0];
  const problem = header ? headerProblem(header, profile) : 'the header is empty';
  return header && problem === null ? { ok: true, header } : { ok: false, message: problem ?? '' };
}

function readHeader(text: string, delimiter: string): CsvHeader {
  const { data, errors } = parseCsv(text, delimiter);
  const cells = data[0] ?? [];
  const isWhole = data.length === 1 && errors.length === 0;
  return { delimiter, isWhole, cells, columns: cells.map((cell) => cell.trim().toLowerCase()) };
}

function namesUsers(columns: readonly string[], profile: CsvProfile): boolean {
  if (profile === 'COMMANDS') return columns.includes('operation');
  return IDENTIFIER_COLUMNS.some((column) => columns.includes(column));
}

function headerProblem({ cells, columns, isWhole }: CsvHeader, profile: CsvProfile): string | null {
  if (!isWhole) return 'a quoted name in the first line is not closed, or goes on after its quote';
  if (cells.some((cell) => cell.includes('\r'))) return 'lines must end in \\n or \\r\\n, got \\r alone';
  if (columns.length > MAX_COLUMNS)
    return `a row may have ${MAX_COLUMNS} columns, the first line names ${columns.length}`;
  const came = `got ${columns
    .map((column) => JSON.stringify(column.slice(0, 40)))
    .slice(0, 12)
    .join(', ')}`;
  if (!namesUsers(columns, profile)) {
    const expected = profile === 'COMMANDS' ? 'operation' : `one of ${IDENTIFIER_COLUMNS.join(', ')}`;
    return `the first line must name the columns, among them ${expected}, separated by commas, semicolons or tabs; ${came}`;
  }
  const seen = new Set<string>();
  const twice = columns.find((column) => column !== '' && seen.size === seen.add(column).size);
  if (twice !== undefined) return `each column may be named once, ${JSON.stringify(twice)} is named twice`;
  const segment =
    profile === 'USER_LIST' ? columns.find((column) => SEGMENT_COLUMNS.includes(column)) : undefined;
  if (segment !== undefined) return `a list of users for one segment has no segment columns; got ${segment}`;
  return null;
}

/** Far more than any table has; each row is looked at column by column. */
const MAX_COLUMNS = 10_000;

/** The longest header, in bytes. */
export const MAX_HEADER_BYTES = MAX_LINE_BYTES;

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const TAB = 0x09;

/** Where the look for the end of a header stands; a quote opens a cell only at its start. */
export type HeaderState = { at: 'CELL_START' | 'CELL' | 'QUOTED' | 'AFTER_QUOTE' };

/** Index of the `\n` that ends the header, or -1; `state` goes on from one block to the next. */
export function findHeaderEnd(block: Buffer, state: HeaderState): number {
  for (let i = 0; i < block.length; i++) {
    const byte = block[i];
    if (state.at === 'QUOTED') {
      if (byte === QUOTE) state.at = 'AFTER_QUOTE';
    } else if (byte === NEWLINE) {
      return i;
    } else if (byte === QUOTE && state.at !== 'CELL') {
      // at the start of a cell, or the second of two quotes, which stand for one
      state.at = 'QUOTED';
    } else {
      state.at = byte === COMMA || byte === SEMICOLON || byte === TAB ? 'CELL_START' : 'CELL';
    }
  }
  return -1;
}

/** The text of a header's bytes: without BOM and line end. */
export function headerText(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\r$/, '');
}

/** Reads the cells of whole records, whose lines end in `\n`. */
export function parseCsv(text: string, delimiter: string): Papa.ParseResult<string[]> {
  // the parser takes a BOM at the start for one of the document's, which is gone by now: give it one to take
  const kept = text.startsWith('\ufeff') ? `\ufeff${text}` : text;
  return Papa.parse<string[]>(kept, { delimiter, newline: '\n' });
}
