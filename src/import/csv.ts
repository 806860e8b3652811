import type { Rejection } from '../model/command.ts';
import { type CsvHeader, IDENTIFIER_COLUMNS, parseCsv, SEGMENT_COLUMNS } from './csv-header.ts';
import { cutCsvRecords, type RawCsvRecord } from './csv-records.ts';
import type { CommandSource, DocumentFormat, DocumentRecord, Position, Splitter } from './document-format.ts';
import { jsonText } from './json-source.ts';
import { createLineReader } from './line-reader.ts';
import { isOmissionRow } from './omission-note.ts';
import { createPlainCsvReader } from './plain-csv.ts';
import { csvErrorFileHeader, csvErrorLine } from './rejections.ts';

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
/** What commands are read from; other columns are passed over. */
export const COMMAND_COLUMNS: ReadonlySet<string> = new Set([
  ...TRIMMED_COLUMNS,
  ...IDENTIFIER_COLUMNS,
  ...SEGMENT_COLUMNS,
  'data_bag',
]);

/** CSV as spec §6 reads it (RFC 4180), under a header that has been read and ends at `start`. */
export function csvFormat(header: CsvHeader, start: Position): DocumentFormat {
  return {
    start,
    createSplitter: (from) => createCsvSplitter(header, from),
    createPlainReader: (context) => createPlainCsvReader(header, COMMAND_COLUMNS, context),
    columns: header.cells,
    errorFileHeader: csvErrorFileHeader(header),
    errorLine: (record, rejection) => csvErrorLine(header, record, rejection),
  };
}

/** Cuts CSV below its header into records and reads their cells. Pure: any bytes in, records out. */
export function createCsvSplitter(header: CsvHeader, from: Position): Splitter {
  const reader = createLineReader(from);
  const columns = commandColumns(header);
  return {
    push: (block, last, plain) => {
      reader.append(block, last);
      return readRecords(cutCsvRecords(reader, header.delimiter, plain), header, columns);
    },
    position: reader.position,
  };
}

function readRecords(
  raw: readonly RawCsvRecord[],
  header: CsvHeader,
  columns: readonly CommandColumn[],
): DocumentRecord[] {
  const sound = raw.filter((record) => record.problem === null);
  const rows = readRows(sound, header.delimiter);
  const codeAt = header.columns.indexOf('error_code');
  let next = 0;
  return raw.flatMap(({ line, start, end, text, problem }) => {
    const cells = problem === null ? (rows[next++] ?? null) : null;
    if (codeAt !== -1 && cells !== null && isOmissionRow(cells, header.columns, codeAt)) return [];
    const content = problem ?? readCells(cells, columns, header.columns.length);
    return [{ line, start, end, text, content }];
  });
}

/** The cells of each record; null where the grammar of CSV is broken. All at once, which is several times faster. */
function readRows(records: readonly RawCsvRecord[], delimiter: string): (readonly string[] | null)[] {
  if (records.length === 0) return [];
  const all = parseCsv(records.map(({ text }) => text).join('\n'), delimiter);
  if (all.data.length === records.length && all.errors.length === 0) return all.data;
  return records.map(({ text }) => {
    const one = parseCsv(text, delimiter);
    return one.data.length === 1 && one.errors.length === 0 ? (one.data[0] ?? null) : null;
  });
}

/** A column that commands are read from, and how its cells are. */
type CommandColumn = {
  readonly index: number;
  readonly name: string;
  readonly isTrimmed: boolean;
  readonly isList: boolean;
};

function commandColumns({ columns }: CsvHeader): CommandColumn[] {
  return columns.flatMap((name, index) => {
    const column = { index, name, isTrimmed: TRIMMED_COLUMNS.has(name), isList: LIST_COLUMNS.has(name) };
    return COMMAND_COLUMNS.has(name) ? [column] : [];
  });
}

function readCells(
  cells: readonly string[] | null,
  columns: readonly CommandColumn[],
  width: number,
): CommandSource | Rejection {
  if (cells === null)
    return { code: 'INVALID_CSV', message: 'a quoted cell is not closed, or goes on after its quote' };
  for (let i = width; i < cells.length; i++) {
    if (cells[i]?.trim() !== '') {
      const message = `expected at most ${width} cells, as the header has, got ${cells.length}`;
      return { code: 'INVALID_CSV', message };
    }
  }
  const fields: Record<string, unknown> = {};
  for (const { index, name, isTrimmed, isList } of columns) {
    const cell = cells[index];
    if (cell === undefined || cell === '') continue;
    const text = isTrimmed ? cell.trim() : cell;
    fields[name] = isList ? readList(text) : text;
  }
  return { fields, source: cellSource(cells, columns), mayRound: () => true };
}

/** How the elements of lists were written; each cell that is asked about is parsed once. */
function cellSource(cells: readonly string[], columns: readonly CommandColumn[]): CommandSource['source'] {
  let lists: Map<string, ReturnType<typeof jsonText>> | null = null;
  return (field, index) => {
    lists ??= new Map();
    const cell = cells[columns.find(({ name }) => name === field)?.index ?? -1];
    const list = lists.get(field) ?? jsonText(`{"cell":${cell}}`);
    lists.set(field, list);
    return list.source('cell', index);
  };
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
