import Papa from 'papaparse';

/** One record of an error file: where, why, and the record itself as fields. */
export type ErrorRecord = {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  /** The record as it was given, when it was a JSON object or a row. */
  readonly fields: Readonly<Record<string, unknown>> | null;
};

/** Reads an error file as its receivers would. */
export function readErrorFile(format: 'NDJSON' | 'CSV', text: string): readonly ErrorRecord[] {
  if (text === '') return [];
  return format === 'NDJSON' ? readNdjson(text) : readCsv(text);
}

function readNdjson(text: string): ErrorRecord[] {
  if (!text.endsWith('\n')) throw new Error('the last line of the error file has no end');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const { error_line, error_code, error_message, ...fields } = JSON.parse(line);
      const isRaw = 'error_raw' in fields;
      return { line: error_line, code: error_code, message: error_message, fields: isRaw ? null : fields };
    });
}

function readCsv(text: string): ErrorRecord[] {
  const { data, errors } = Papa.parse<string[]>(text, {
    // Not guessed from cells that hold all kinds of text: it begins with `error_line` and the
    // separator.
    delimiter: /^"?error_line"?([,;\t])/.exec(text)?.[1] ?? ',',
    newline: '\n',
    skipEmptyLines: true,
  });
  if (errors.length > 0) throw new Error(`the error file is no CSV: ${JSON.stringify(errors[0])}`);
  const [header = [], ...rows] = data;
  const columns = header.map((name) => name.trim().toLowerCase());
  return rows.map((cells) => {
    // A row that failed for its number of cells has more than there are columns.
    const named = cells.map((cell, index) => [columns[index] ?? `more ${index}`, cell]);
    const { error_line, error_code, error_message, ...fields } = Object.fromEntries(named);
    return { line: Number(error_line), code: error_code, message: error_message, fields };
  });
}
