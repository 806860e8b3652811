import { Buffer } from 'node:buffer';
import type { CsvProfile, Mapping } from '../model/mapping.ts';
import { COMMA, NEWLINE, QUOTE, RETURN, SEMICOLON, SPACE, TAB } from './ascii.ts';
import { ERROR_FIELDS, IDENTIFIER_FIELDS, SEGMENT_FIELDS } from './command-fields.ts';
import { type CellProblem, readCsvCells } from './csv-cells.ts';
import { type CsvHeader, MAX_LINE_BYTES } from './document-format.ts';
import { type CompiledMapping, compileMapping, fieldOfColumn, foldName } from './mapping/compile-mapping.ts';
import { missingColumns } from './mapping/missing-columns.ts';

const DELIMITERS = [',', ';', '\t'] as const;
/**
 * Excel's way to name the separator: a first line of nothing else. Some programs quote it as they
 * quote every cell.
 */
const SEPARATOR_LINE = /^\ufeff*"?sep=([^"\r\n]?)"? *\r?$/i;
/** The longest of them, in bytes; BOMs of empty files that were joined may come before it. */
const MAX_SEPARATOR_LINE_BYTES = 64;

/**
 * The separator that a line like `sep=;` names, '' where it names none; null for any other line.
 */
function namedSeparator(line: string): string | null {
  return line.length > MAX_SEPARATOR_LINE_BYTES ? null : (SEPARATOR_LINE.exec(line)?.[1] ?? null);
}

/**
 * Blank cells under any separator, without line ends; a byte order mark is of files that were
 * joined.
 */
const BLANK_ROW = /^(?:[ \t\r,;\ufeff]|"[ \t]*"(?!"))*$/;

/**
 * Whether a line has nothing but blank cells, as spreadsheets write empty rows; such lines may be
 * above a header.
 */
export function isBlankRow(line: string): boolean {
  return BLANK_ROW.test(line);
}

/**
 * Whether a cell is what a line like `sep=;` leaves: separated by what it names, its separator is
 * gone.
 */
export function namesSeparator(cell: string): boolean {
  const named = namedSeparator(cell);
  return named === '' || (named !== null && (DELIMITERS as readonly string[]).includes(named));
}

/**
 * Reads the header of a CSV document, without BOM and line end: its first record, or that below a
 * line like `sep=;`, which names the separator then; blank rows may be above both. Otherwise the
 * separator is the one under which the header names the columns it must have; where several do, the
 * one that gives the most columns.
 */
export function parseCsvHeader(
  headerText: string,
  profile: CsvProfile,
  mapping: Mapping | null = null,
): { ok: true; header: CsvHeader } | { ok: false; message: string } {
  const compiled = mapping === null ? null : compileMapping(mapping);
  const readings = readingsOf(headerText, { profile, compiled });
  if (typeof readings === 'string') return { ok: false, message: readings };
  const reading = readings.find(({ header }) => namesUsers(header, compiled)) ?? readings[0];
  const problem = reading ? headerProblem(reading, compiled) : 'the header is empty';
  return reading && problem === null
    ? { ok: true, header: reading.header }
    : { ok: false, message: problem ?? '' };
}

/**
 * The ways in which a header can be read whatever its columns are called, those with the most
 * columns first.
 */
export function possibleHeaders(headerText: string): readonly CsvHeader[] {
  const readings = readingsOf(headerText, { profile: 'COMMANDS', compiled: null });
  if (typeof readings === 'string') return [];
  return readings.filter(({ problem }) => problem === null).map(({ header }) => header);
}

/**
 * A header under each separator that it may have, the one with the most columns first; or why it
 * has none.
 */
function readingsOf(headerText: string, of: ReadAs): readonly HeaderReading[] | string {
  const newline = headerText.indexOf('\n');
  const named = namedSeparator(newline === -1 ? headerText : headerText.slice(0, newline));
  if (named !== null && !(DELIMITERS as readonly string[]).includes(named))
    return `the separator must be a comma, a semicolon or a tab, got ${JSON.stringify(named)}`;
  const below = newline === -1 ? '' : withoutBlankRows(headerText.slice(newline + 1));
  if (named !== null && isBlankRow(below)) return 'the line below sep= must name the columns, got none';
  const text = named === null ? headerText : below;
  const readings = (named === null ? DELIMITERS : [named]).map((each) => readHeader(text, each, of));
  return readings.sort((a, b) => b.header.columns.length - a.header.columns.length);
}

/**
 * The names of the columns that no command is read from, as they stand in the document and in their
 * order.
 */
export function unknownColumns({ cells, columns, fields }: CsvHeader): string[] {
  const isUnknown = (name: string, i: number) =>
    name !== '' && fields[i] === '' && !ERROR_FIELDS.includes(name);
  return cells.map((cell) => cell.trim()).filter((_, i) => isUnknown(columns[i] ?? '', i));
}

type ReadAs = { readonly profile: CsvProfile; readonly compiled: CompiledMapping | null };
type HeaderReading = { readonly header: CsvHeader; readonly problem: CellProblem | null };

function readHeader(text: string, delimiter: string, { profile, compiled }: ReadAs): HeaderReading {
  const { cells, problem } = readCsvCells(text, delimiter);
  const columns = cells.map(foldName);
  const fields = columns.map((name) => fieldOfColumn(name, compiled));
  return { header: { delimiter, profile, cells, columns, fields }, problem };
}

function namesUsers({ columns, fields, profile }: CsvHeader, compiled: CompiledMapping | null): boolean {
  if (compiled !== null) return missingColumns(columns, fields, compiled) === null;
  if (profile === 'COMMANDS') return fields.includes('operation');
  return IDENTIFIER_FIELDS.some((column) => columns.includes(column));
}

function headerProblem({ header, problem }: HeaderReading, compiled: CompiledMapping | null): string | null {
  const { columns, fields, profile } = header;
  if (problem === 'BROKEN_QUOTES')
    return 'a quoted name in the first line is not closed, or goes on after its quote';
  if (problem === 'LONE_CARRIAGE_RETURN') return 'lines must end in \\n or \\r\\n, got \\r alone';
  // the error file of a file with the most columns has more, and can be sent as it is
  const own = columns.filter((column) => !ERROR_FIELDS.includes(column)).length;
  if (own > MAX_COLUMNS) return `a row may have ${MAX_COLUMNS} columns, the first line names ${own}`;
  const came = `got ${columns
    .map((column) => JSON.stringify(column.slice(0, 40)))
    .slice(0, 12)
    .join(', ')}`;
  const missing = compiled === null ? null : missingColumns(columns, fields, compiled);
  if (missing !== null) return `${missing}; ${came}`;
  if (!namesUsers(header, compiled)) {
    const expected = profile === 'COMMANDS' ? 'operation' : `one of ${IDENTIFIER_FIELDS.join(', ')}`;
    const hint = profile === 'COMMANDS' && fields.every((field) => field === '') ? MAPPING_HINT : '';
    return `the first line must name the columns, among them ${expected}, separated by commas, semicolons or tabs; ${came}${hint}`;
  }
  const seen = new Set<string>();
  const twice = columns.find((column) => column !== '' && seen.size === seen.add(column).size);
  if (twice !== undefined) return `each column may be named once, ${JSON.stringify(twice)} is named twice`;
  const segment =
    profile === 'USER_LIST' ? columns.find((column) => SEGMENT_FIELDS.includes(column)) : undefined;
  if (segment !== undefined) return `a list of users for one segment has no segment columns; got ${segment}`;
  return null;
}

/** Of a header whose names are all its own. */
const MAPPING_HINT = '; columns of other names need a mapping: muster imports map suggests one';

/** Far more than any table has; each row is looked at column by column. */
const MAX_COLUMNS = 10_000;

/** The longest header, in bytes. */
export const MAX_HEADER_BYTES = MAX_LINE_BYTES;
/** The bytes at the beginning of a kept file that have its header, that of an error file too. */
export const HEADER_ROOM_BYTES = MAX_HEADER_BYTES + ERROR_FIELDS.join().length + 16;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Where the look for the end of a header stands; a quote opens a cell only at its start, blanks
 * aside. `at` is CELL_START at the start of a document, and nothing else is given.
 */
export type HeaderState = {
  at: 'CELL_START' | 'CELL' | 'QUOTED' | 'AFTER_QUOTE';
  /**
   * Whether something other than blank cells has come in this row: rows of nothing else may be
   * above a header.
   */
  hasBegun?: boolean;
  /** The first bytes of this row, for a line like `sep=;`; null when that has been passed. */
  row?: number[] | null;
};

/** Index of the `\n` that ends the header, or -1; `state` goes on from one block to the next. */
export function findHeaderEnd(block: Buffer, state: HeaderState): number {
  if (state.row === undefined) state.row = [];
  for (let i = 0; i < block.length; i++) {
    const byte = block[i] as number;
    if (byte !== NEWLINE || state.at === 'QUOTED') {
      if (state.row !== null && state.row.length <= MAX_SEPARATOR_LINE_BYTES) state.row.push(byte);
      follow(byte, state);
      continue;
    }
    const isSeparator = isSeparatorLine(state);
    if (state.hasBegun && !isSeparator) return i;
    Object.assign(state, {
      ...{ at: 'CELL_START', hasBegun: false },
      row: isSeparator || state.row === null ? null : [],
    });
  }
  return -1;
}

function follow(byte: number, state: HeaderState): void {
  if (state.at === 'QUOTED') {
    if (byte === QUOTE) state.at = 'AFTER_QUOTE';
    else if (byte !== SPACE && byte !== TAB) state.hasBegun = true;
  } else if (byte === COMMA || byte === SEMICOLON || byte === TAB) {
    state.at = 'CELL_START';
  } else if (byte === QUOTE && state.at !== 'CELL') {
    // at the start of a cell, or the second of two quotes, which stand for one
    if (state.at === 'AFTER_QUOTE') state.hasBegun = true;
    state.at = 'QUOTED';
  } else if (!isBlankAt(byte, state)) {
    state.at = 'CELL';
    state.hasBegun = true;
  }
}

/**
 * Blanks before a cell; in a row of nothing else also what files that were joined, or its line end,
 * leave there.
 */
function isBlankAt(byte: number, { at, hasBegun }: HeaderState): boolean {
  if (!hasBegun) return byte === SPACE || byte === RETURN || BOM.includes(byte);
  return byte === SPACE && at === 'CELL_START';
}

/** Whether the row that ends here is one like `sep=;`, and the first that is not blank. */
function isSeparatorLine({ row }: HeaderState): boolean {
  return Boolean(row) && namedSeparator(Buffer.from(row ?? []).toString('utf8')) !== null;
}

/** The text of a header's bytes: without BOMs, the blank rows above it, and line end. */
export function headerText(bytes: Buffer): string {
  return withoutBlankRows(bytes.toString('utf8').replace(/\r$/, ''));
}

function withoutBlankRows(text: string): string {
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
    if (!isBlankRow(text.slice(start, end))) break;
    start = end + 1;
  }
  return stripBoms(text.slice(start));
}

/**
 * A text without the BOMs it begins with: files that were joined, some of them empty, may have
 * several.
 */
function stripBoms(text: string): string {
  let at = 0;
  while (text[at] === '\ufeff') at++;
  return text.slice(at);
}
