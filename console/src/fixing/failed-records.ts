import { readCsvCells } from '../../../src/import/csv-cells.ts';
import { dropFields } from '../../../src/import/json-source.ts';
import { OMISSION_CODE } from '../../../src/import/omission-note.ts';
import { csvLine } from '../../../src/import/rejections.ts';

/**
 * Error files as the service writes them: the failed records with three members or columns more.
 */
const ERROR_FIELDS = ['error_line', 'error_code', 'error_message'];

/** How the records of an error file are written. */
export type FailedForm =
  | { readonly format: 'NDJSON' }
  | {
      readonly format: 'CSV';
      /** The line that names the separator, where the header alone does not tell it, or ''. */
      readonly start: string;
      readonly delimiter: string;
      readonly columns: readonly string[];
    };

/** What a record holds: the cells of a row; or a text, of an object or of a broken row. */
export type RecordContent =
  | { readonly cells: readonly string[]; readonly text?: undefined }
  | { readonly text: string; readonly cells?: undefined };

/** A record that failed, as it was sent. */
export type FailedRecord = {
  /** The first physical line of the record in the file that was sent. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly content: RecordContent;
};

export type FailedReader = {
  /** The records that a further piece of an error file completes. */
  push(piece: string): readonly FailedRecord[];
  /** The last record, where no line end follows it. */
  end(): readonly FailedRecord[];
  /** Null before the first line. */
  form(): FailedForm | null;
};

/** Reads an error file piece by piece. */
export function createFailedReader(): FailedReader {
  let form: FailedForm | null = null;
  let start = '';
  let rest = '';
  let scanned = 0;
  let isQuoted = false;

  function take(text: string): FailedRecord | null {
    // a line that an erasure has emptied
    if (text === '') return null;
    // an error file is in the format of its input, and NDJSON begins with a brace
    if (form === null && text.startsWith('{')) form = { format: 'NDJSON' };
    if (form?.format === 'NDJSON') return readObject(text);
    if (form !== null) return readRow(text, form);
    if (start === '' && /^sep=.$/.test(text)) start = `${text}\n`;
    else form = readHeader(text, start);
    return null;
  }

  return {
    push: (piece) => {
      rest += piece;
      const records: FailedRecord[] = [];
      let from = 0;
      for (; scanned < rest.length; scanned++) {
        const code = rest.charCodeAt(scanned);
        // in CSV a line end between quotes is part of its cell
        if (code === QUOTE && form?.format !== 'NDJSON' && rest[0] !== '{') isQuoted = !isQuoted;
        if (code !== NEWLINE || isQuoted) continue;
        const record = take(rest.slice(from, scanned));
        if (record !== null) records.push(record);
        from = scanned + 1;
      }
      rest = rest.slice(from);
      scanned -= from;
      return records;
    },
    end: () => {
      const record = take(rest);
      rest = '';
      scanned = 0;
      return record === null ? [] : [record];
    },
    form: () => form,
  };
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

function readObject(text: string): FailedRecord | null {
  const { error_line, error_code, error_message, error_raw } = JSON.parse(text) as Record<string, unknown>;
  // a full error file ends with a note, which is no line that failed
  if (typeof error_line !== 'number') return null;
  // what was no JSON object stands in a member as it came
  const own = typeof error_raw === 'string' ? error_raw : dropFields(text, ERROR_FIELDS);
  return {
    ...{ line: error_line, code: String(error_code), message: String(error_message) },
    content: { text: own },
  };
}

function readHeader(text: string, start: string): FailedForm {
  // the service wrote the first column itself
  const delimiter = /^error_line([,;\t])/.exec(text)?.[1] ?? (start.charAt('sep='.length) || ',');
  const columns = readCsvCells(text, delimiter).cells.slice(ERROR_FIELDS.length);
  return { format: 'CSV', start, delimiter, columns };
}

function readRow(
  text: string,
  { delimiter, columns }: Extract<FailedForm, { format: 'CSV' }>,
): FailedRecord | null {
  const [line = '', code = '', message = '', ...cells] = readCsvCells(text, delimiter).cells;
  if (code === OMISSION_CODE && line === '') return null;
  const content = (): RecordContent => {
    if (cells.length === columns.length) return { cells };
    // of a row that could not be read the text stands in one cell: quotes in it are part of it
    return { text: cells.length === 1 ? (cells[0] ?? '') : csvLine(cells, delimiter).slice(0, -1) };
  };
  return { line: Number(line), code, message, content: content() };
}

/**
 * A file of records as they were sent, or as they have become. `WITH_LINE` has their numbers, so
 * that those are counted which it repairs.
 */
export function writeRecords(
  form: FailedForm,
  records: readonly Pick<FailedRecord, 'line' | 'content'>[],
  numbers: 'AS_SENT' | 'WITH_LINE',
): string {
  if (form.format === 'NDJSON')
    return records.map(({ line, content }) => `${objectText(content, numbers, line)}\n`).join('');
  const { start, delimiter, columns } = form;
  const header = csvLine(numbers === 'AS_SENT' ? columns : ['error_line', ...columns], delimiter);
  const rows = records.map(({ line, content }) => {
    const row = content.cells === undefined ? `${content.text}\n` : csvLine(content.cells, delimiter);
    return numbers === 'AS_SENT' ? row : `${line}${delimiter}${row}`;
  });
  return [start, header, ...rows].join('');
}

function objectText({ text = '' }: RecordContent, numbers: 'AS_SENT' | 'WITH_LINE', line: number): string {
  if (numbers === 'AS_SENT' || !isObject(text)) return text;
  const own = dropFields(text, ERROR_FIELDS);
  return `{"error_line":${line}${own === '{}' ? '' : ','}${own.slice(1)}`;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
