import { createCsvSplitter } from '../import/csv.ts';
import { readCsvCells } from '../import/csv-cells.ts';
import { findHeaderEnd, headerText, possibleHeaders } from '../import/csv-header.ts';
import { type CsvHeader, isRejection, type Position } from '../import/document-format.ts';
import { takeNone } from '../import/line-reader.ts';
import { readName } from '../import/mapping/suggest/read-name.ts';
import type { SampleTable } from '../import/mapping/suggest/suggest-mapping.ts';
import { createNdjsonSplitter } from '../import/ndjson.ts';
import type { MimeType } from '../model/records.ts';
import type { SampleBytes } from './read-sample.ts';

/** The rows of a sample by column, whatever the columns are called. */
export type SampleRows = SampleTable & {
  /** The separator of a CSV, null of NDJSON. */
  readonly delimiter: string | null;
  /** The first line of each row. */
  readonly lines: readonly number[];
  /** How much of the sample these rows are, in bytes. */
  readonly bytes: number;
};

/** Members within members, as far as they are looked for. */
const MAX_DEPTH = 5;
/** What a mapping may name: further columns are not looked at. */
const MAX_COLUMNS = 200;

/** Reads the first rows of a sample. Rows that cannot be read are left out. */
export function readRows(start: SampleBytes, mimeType: MimeType, maxRows: number): SampleRows {
  return mimeType === 'TEXT_CSV' ? readCsv(start, maxRows) : readNdjson(start, maxRows);
}

/**
 * Under the separator that most rows agree with; of several the one with the most columns, as a
 * header is read.
 */
function readCsv({ bytes, isWhole }: SampleBytes, maxRows: number): SampleRows {
  const newline = findHeaderEnd(bytes, { at: 'CELL_START' });
  const end = newline === -1 ? bytes.length : newline;
  const line = bytes.subarray(0, end).toString('latin1').split('\n').length;
  const from = { offset: Math.min(end + 1, bytes.length), line };
  let best: { rows: SampleRows; agreeing: number } | null = null;
  for (const header of possibleHeaders(headerText(bytes.subarray(0, end)))) {
    const rows = readUnder(header, { bytes, isWhole, from, maxRows });
    const agreeing =
      header.columns.length === 1 ? 0 : rows.widths.filter((width) => width === header.columns.length).length;
    if (best === null || agreeing > best.agreeing) best = { rows, agreeing };
  }
  return (
    best?.rows ?? { columns: [], rows: 0, names: 'FOLDED', delimiter: null, lines: [], bytes: bytes.length }
  );
}

function readUnder(
  header: CsvHeader,
  of: SampleBytes & { readonly from: Position; readonly maxRows: number },
): SampleRows & { readonly widths: readonly number[] } {
  const { from, maxRows } = of;
  const splitter = createCsvSplitter(header, from);
  const none = { take: takeNone, most: maxRows };
  const records = splitter.push(of.bytes.subarray(from.offset), of.isWhole, none);
  const read = records.filter(({ content }) => !isRejection(content));
  const rows = read.map(({ text }) => readCsvCells(text, header.delimiter).cells);
  const names = header.cells.slice(0, MAX_COLUMNS).map((cell) => cell.trim());
  return {
    columns: names.flatMap((name, at) => {
      const values = rows.map((cells) => cells[at]?.trim());
      return name === '' ? [] : [{ name, values }];
    }),
    ...{ rows: rows.length, names: 'FOLDED', delimiter: header.delimiter },
    lines: read.map(({ line }) => line),
    bytes: splitter.position().offset,
    widths: rows.map((cells) => cells.length),
  };
}

function readNdjson({ bytes, isWhole }: SampleBytes, maxRows: number): SampleRows {
  const splitter = createNdjsonSplitter({ offset: 0, line: 0 });
  const records = splitter.push(bytes, isWhole, { take: takeNone, most: maxRows });
  const read = records.flatMap(({ line, content }) =>
    isRejection(content) ? [] : [{ line, fields: content.fields }],
  );
  const columns = new Map<string, unknown[]>();
  const note = (path: string, row: number, value: unknown) => {
    if (!columns.has(path) && columns.size === MAX_COLUMNS) return;
    const values = columns.get(path) ?? new Array<unknown>(read.length).fill(undefined);
    columns.set(path, values);
    values[row] ??= value;
  };
  const walk = (members: Readonly<Record<string, unknown>>, row: number, path: readonly string[]) => {
    for (const [name, value] of Object.entries(members)) {
      const inner = [...path, name];
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      const isBag = isObject && readName(name).roles.has('BAG');
      if (!isObject || isBag) note(inner.join('.'), row, value);
      if (isObject && inner.length < MAX_DEPTH) walk(value as Record<string, unknown>, row, inner);
    }
  };
  for (const [row, { fields }] of read.entries()) walk(fields, row, []);
  return {
    columns: [...columns].map(([name, values]) => ({ name, values })),
    ...{ rows: read.length, names: 'EXACT', delimiter: null },
    lines: read.map(({ line }) => line),
    bytes: splitter.position().offset,
  };
}
