import { ERROR_FIELDS } from './command-fields.ts';

/**
 * The last record of an error file that is full: it says how many failed lines are not in it. It
 * belongs to no command, and readers pass over it, so that a corrected error file can be sent again
 * as it is.
 */
export const OMISSION_CODE = 'ERROR_LINES_OMITTED';

/**
 * How an error file ends of which so many lines were left out. `start` is its beginning, up to its
 * delimiter at least.
 */
export function omissionNote(omitted: number, { isCsv, start }: { isCsv: boolean; start: Buffer }): string {
  const lines = omitted === 1 ? '1 more line failed and is' : `${omitted} more lines failed and are`;
  const message = `${lines} not in this file: it is full`;
  if (!isCsv) return `${JSON.stringify({ error_code: OMISSION_CODE, error_message: message })}\n`;
  const [first = ''] = ERROR_FIELDS;
  const delimiter = String.fromCharCode(start[start.indexOf(first) + first.length] ?? 0x2c);
  return `${['', OMISSION_CODE, message].join(delimiter)}\n`;
}

/** Whether an object is such a note: it has the fields of an error and no others. */
export function isOmissionNote(fields: Readonly<Record<string, unknown>>): boolean {
  return (
    fields.error_code === OMISSION_CODE && Object.keys(fields).every((name) => ERROR_FIELDS.includes(name))
  );
}

/** The same of a row; `codeAt` is where its column `error_code` is. */
export function isOmissionRow(cells: readonly string[], columns: readonly string[], codeAt: number): boolean {
  if (cells[codeAt] !== OMISSION_CODE) return false;
  return cells.every((cell, i) => cell.trim() === '' || ERROR_FIELDS.includes(columns[i] ?? ''));
}
