import Papa from 'papaparse';
import { dropFields } from '../../../src/import/json-source.ts';
import { OMISSION_CODE } from '../../../src/import/omission-note.ts';

/** Error files as the service writes them: the failed records with three members or columns more. */

const ERROR_FIELDS = ['error_line', 'error_code', 'error_message'];

/** A line that failed, and why. */
export type FailedLine = {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  /** The record as it was sent. */
  readonly text: string;
};

export type Format = 'NDJSON' | 'CSV';

/** An error file is in the format of its input, and NDJSON begins with a brace. */
export function formatOf(errors: string): Format {
  return errors.startsWith('{') ? 'NDJSON' : 'CSV';
}

/** The failed lines of an error file, or of its beginning: a last line that is cut off is left out. */
export function readFailedLines(errors: string, isWhole: boolean): readonly FailedLine[] {
  return formatOf(errors) === 'NDJSON' ? readNdjson(errors, isWhole) : readCsv(errors, isWhole).lines;
}

/** The failed records as they were sent, to be corrected and sent again; of a whole error file. */
export function retryFileOf(errors: string): string {
  if (formatOf(errors) === 'NDJSON')
    return readNdjson(errors, true)
      .map(({ text }) => `${text}\n`)
      .join('');
  const { header, lines } = readCsv(errors, true);
  return [header, ...lines.map(({ text }) => text)].map((line) => `${line}\n`).join('');
}

function readNdjson(errors: string, isWhole: boolean): readonly FailedLine[] {
  const lines = errors.split('\n');
  return (isWhole ? lines : lines.slice(0, -1)).flatMap((line) => {
    if (line === '') return [];
    const { error_line, error_code, error_message, error_raw } = JSON.parse(line) as Record<string, unknown>;
    // a full error file ends with it, and it is no line that failed
    if (error_code === OMISSION_CODE && error_line === undefined) return [];
    return [
      {
        line: Number(error_line),
        code: String(error_code),
        message: String(error_message),
        // what was no JSON object stands in a member as it came
        text: typeof error_raw === 'string' ? error_raw : dropFields(line, ERROR_FIELDS),
      },
    ];
  });
}

function readCsv(errors: string, isWhole: boolean) {
  // the file names its separator where its header alone would not tell it; the service wrote the first column itself
  const [separatorLine = ''] = /^sep=.\n/.exec(errors) ?? [];
  const rest = errors.slice(separatorLine.length);
  const delimiter = /^error_line([,;\t])/.exec(rest)?.[1] ?? ',';
  const { data } = Papa.parse<string[]>(rest, { skipEmptyLines: true, delimiter });
  const [names = [], ...all] = data;
  const rows = all.filter(([line, code]) => line !== '' || code !== OMISSION_CODE);
  const write = (cells: readonly string[]) =>
    cells.length === 1 ? (cells[0] ?? '') : Papa.unparse([[...cells]], { delimiter });
  return {
    header: separatorLine + write(names.slice(ERROR_FIELDS.length)),
    lines: (isWhole ? rows : rows.slice(0, -1)).map(
      ([line = '', code = '', message = '', ...cells]): FailedLine => ({
        ...{ line: Number(line), code, message },
        text: write(cells),
      }),
    ),
  };
}
