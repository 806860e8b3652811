import type { Rejection } from '../model/command.ts';
import type { Mapping } from '../model/mapping.ts';
import { ERROR_FIELDS, IDENTIFIER_FIELDS } from './command-fields.ts';
import { readCsvCells } from './csv-cells.ts';
import { namesSeparator } from './csv-header.ts';
import { createCsvCutter, type RawCsvRecord } from './csv-records.ts';
import {
  type CommandSource,
  type CsvHeader,
  type DocumentFormat,
  type DocumentRecord,
  MAX_ERROR_RAW_CHARS,
  type Position,
  type Splitter,
} from './document-format.ts';
import { jsonText } from './json-source.ts';
import { LineReader } from './line-reader.ts';
import {
  type CompiledMapping,
  compileMapping,
  foldName,
  type MappedColumn,
} from './mapping/compile-mapping.ts';
import { mapFields } from './mapping/map-fields.ts';
import { isOmissionRow } from './omission-note.ts';
import { csvLayout } from './plain-layout.ts';
import { createFailedCsvReader } from './read-failed.ts';
import { csvErrorFile } from './rejections.ts';

const LIST_COLUMNS = new Set(['segment_ids', 'segment_technical_names']);
/** Cells of identifiers and technical names are verbatim; these are not (spec §6). */
const TRIMMED_COLUMNS = new Set([
  'operation',
  'compartment_id',
  'compartment_token',
  'segment_id',
  'segment_ids',
  'expiration_duration',
  'expiration_ts',
]);

/** CSV as spec §6 reads it (RFC 4180), under a header that has been read and ends at `start`. */
export function csvFormat(
  header: CsvHeader,
  start: Position,
  mapping: Mapping | null = null,
): DocumentFormat {
  const compiled = mapping === null ? null : compileMapping(mapping);
  const readFailed = createFailedCsvReader(header);
  return {
    csv: { header, start },
    mapping,
    start,
    createSplitter: (from) => createCsvSplitter(header, from, compiled),
    plainLayout: csvLayout(header, compiled),
    readFailed: ({ text }) => readFailed(text),
    columns: header.cells,
    ...csvErrorFile(header, mapping),
  };
}

/**
 * Cuts CSV below its header into records and reads their cells. Pure: any bytes in, records out.
 */
export function createCsvSplitter(
  header: CsvHeader,
  from: Position,
  compiled: CompiledMapping | null = null,
): Splitter {
  const reader = new LineReader(from);
  const cutter = createCsvCutter(reader, header.delimiter);
  const layout = layoutOf(header, compiled);
  return {
    push: (block, last, plain) => {
      reader.append(block, last);
      return cutter.cut(plain).flatMap((record) => readRecord(record, layout) ?? []);
    },
    position: () => reader.position(),
  };
}

/**
 * A row with its cells, or why they cannot be read; null for one that is no command: all blank, or
 * a note.
 */
function readRecord(
  { line, start, end, text, problem }: RawCsvRecord,
  layout: Layout,
): DocumentRecord | null {
  const content = problem ?? readCells(text, layout);
  return content === null ? null : { line, start, end, text, content };
}

/** A column that commands are read from, and how its cells are. */
type CommandColumn = {
  readonly index: number;
  readonly name: string;
  readonly isTrimmed: boolean;
  readonly isList: boolean;
};

/**
 * How rows are read. No row costs more than its own length, however many columns the header has.
 */
type Layout = {
  readonly header: CsvHeader;
  readonly commandColumns: readonly CommandColumn[];
  /** How fields are read from columns that have names of their own. */
  readonly mapped: { readonly compiled: CompiledMapping; readonly columns: MappedColumns } | null;
  /** How many cells a row has at least that repeats the header. */
  readonly leastWidth: number;
  /** Of the column `error_code`; -1 where there is none. */
  readonly codeAt: number;
};

/** The column of the document that each column of a mapping is. */
type MappedColumns = ReadonlyMap<MappedColumn, CommandColumn>;

function layoutOf(header: CsvHeader, compiled: CompiledMapping | null): Layout {
  const columnAt = (index: number, name: string): CommandColumn => ({
    ...{ index, name, isTrimmed: TRIMMED_COLUMNS.has(name), isList: LIST_COLUMNS.has(name) },
  });
  const isMapped = (index: number) => compiled?.columnByName.has(header.columns[index] ?? '') === true;
  const commandColumns = header.fields.flatMap((field, index) =>
    field === '' || isMapped(index) ? [] : [columnAt(index, field)],
  );
  const columns = (compiled?.columns ?? []).flatMap((column) => {
    const index = header.columns.indexOf(foldName(column.name));
    return index === -1 ? [] : [[column, columnAt(index, column.field)] as const];
  });
  return {
    ...{ header, commandColumns },
    mapped: compiled === null ? null : { compiled, columns: new Map(columns) },
    leastWidth: header.columns.findLastIndex((name) => name !== '') + 1,
    codeAt: header.columns.indexOf('error_code'),
  };
}

function readCells(text: string, layout: Layout): CommandSource | Rejection | null {
  const { header, commandColumns } = layout;
  const { cells, problem } = readCsvCells(text, header.delimiter);
  if (problem === 'BROKEN_QUOTES')
    return invalidCsv('a quoted cell is not closed, or goes on after its quote');
  const lastFilled = cells.findLastIndex((cell) => cell.trim() !== '');
  if (lastFilled === -1) return null;
  if (layout.codeAt !== -1 && isOmissionRow(cells, header.columns, layout.codeAt)) return null;
  if (problem === 'LONE_CARRIAGE_RETURN') {
    return invalidCsv('expected \\n or \\r\\n at the end of a line, got \\r alone in a cell without quotes');
  }
  const width = header.columns.length;
  if (lastFilled >= width) {
    return invalidCsv(`expected at most ${width} cells, as the header has, got ${lastFilled + 1}`);
  }
  if (isHeader(cells, layout)) return invalidCsv('the header again: only the first line names the columns');
  if (isUnreadRow(cells, layout)) {
    return invalidCsv('the whole row is in one cell: give each of its values its own cell');
  }
  const fields: Record<string, unknown> = {};
  for (const column of commandColumns) {
    const value = valueIn(cells, column);
    if (value !== undefined) fields[column.name] = value;
  }
  const source = cellSource(cells, commandColumns);
  const mayRound = () => true;
  if (layout.mapped === null) return { fields, source, mayRound };
  const { compiled, columns } = layout.mapped;
  const record = {
    own: fields,
    valueOf: (of: MappedColumn) => {
      const column = columns.get(of);
      return column === undefined ? undefined : valueIn(cells, column);
    },
    writtenIn: (of: MappedColumn | string, index?: number) => {
      const column = typeof of === 'string' ? undefined : columns.get(of);
      if (column === undefined) return source(typeof of === 'string' ? of : of.field, index);
      return cellSource(cells, [column])(column.name, index);
    },
    mayRound,
  };
  return mapFields(record, compiled);
}

function valueIn(cells: readonly string[], { index, isTrimmed, isList }: CommandColumn): unknown {
  const cell = cells[index];
  if (cell === undefined || cell === '') return undefined;
  const value = isTrimmed ? cell.trim() : cell;
  return isList ? readList(value) : value;
}

function invalidCsv(message: string): Rejection {
  return { code: 'INVALID_CSV', message };
}

/**
 * Whether a row repeats the header, or a line like `sep=;`: files that were joined have those of
 * each. In a list of users no value may be the name of an identifier, so that a header with other
 * columns makes no user either. The columns of an error file do not count: such a row fails again
 * when it is sent again.
 */
function isHeader(cells: readonly string[], { header, leastWidth }: Layout): boolean {
  const { columns, profile } = header;
  const nameOf = (cell: string) => cell.trim().toLowerCase();
  if (profile === 'USER_LIST' && cells.some((cell) => IDENTIFIER_FIELDS.includes(nameOf(cell)))) return true;
  const isFilled = (cell: string, i: number) => cell.trim() !== '' && !isErrorColumn(columns[i]);
  const filled = cells.findIndex(isFilled);
  if (namesSeparator(cells[filled] ?? '') && cells.findLastIndex(isFilled) === filled) return true;
  if (cells.length < leastWidth) return false;
  return cells.every((cell, i) => nameOf(cell) === (columns[i] ?? '') || isErrorColumn(columns[i]));
}

/**
 * What fails a row as a whole stays in its text: quotes, line ends, what was no UTF-8, or more than
 * a line may have.
 */
const UNREAD_TEXT = /["\r\ufffd]/;
const UNREAD_CODES: readonly unknown[] = ['INVALID_CSV', 'INVALID_ENCODING', 'LINE_TOO_LONG'];

/**
 * Whether a row of an error file still has in one cell what could not be read. Of commands it lacks
 * the operation; in a list of users, or under a mapping that has the rest by default, it would be
 * somebody whose id is a whole row.
 */
function isUnreadRow(cells: readonly string[], { header, mapped, codeAt }: Layout): boolean {
  if (header.profile !== 'USER_LIST' && mapped === null) return false;
  if (codeAt === -1 || !UNREAD_CODES.includes(cells[codeAt])) return false;
  const own = cells.filter((cell, i) => !isErrorColumn(header.columns[i]) && cell.trim() !== '');
  const [text = ''] = own;
  return own.length === 1 && (text.length >= MAX_ERROR_RAW_CHARS || UNREAD_TEXT.test(text));
}

function isErrorColumn(name: string | undefined): boolean {
  return name !== undefined && ERROR_FIELDS.includes(name);
}

/**
 * How cells were written: as CSV writes them in quotes, and the elements of lists as in the JSON
 * there. Each list that is asked about is parsed once.
 */
function cellSource(cells: readonly string[], columns: readonly CommandColumn[]): CommandSource['source'] {
  const lists = new Map<string, ReturnType<typeof jsonText>>();
  return (field, index) => {
    const cell = cells[columns.find(({ name }) => name === field)?.index ?? -1] ?? '';
    if (index === undefined) return quoteCell(cell);
    const list = lists.get(field) ?? jsonText(`{"cell":${cell}}`);
    lists.set(field, list);
    return list.source('cell', index);
  };
}

/** A cell as CSV writes it in quotes, on one line: of control characters their escapes. */
function quoteCell(cell: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  const shown = cell.replace(/[\0-\x1f\x7f]/g, (character) => JSON.stringify(character).slice(1, -1));
  return `"${shown.replaceAll('"', '""')}"`;
}

/** A JSON array in the cell, or one bare value (spec §6). */
function readList(cell: string): unknown {
  if (!cell.trimStart().startsWith('[')) return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
