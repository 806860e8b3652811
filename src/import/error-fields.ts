import { readCsvCells } from './csv-cells.ts';
import { type DocumentFormat, type DocumentRecord, isRejection } from './document-format.ts';

/**
 * Reads a field that an error file adds to its records, such as `error_line`; null where the file
 * has no column for it.
 */
export function errorFieldReader(
  format: DocumentFormat,
  name: string,
): ((record: DocumentRecord) => unknown) | null {
  if (format.csv === null)
    return ({ content }) =>
      isRejection(content) ? undefined : (content.mapped?.own ?? content.fields)[name];
  const { columns, delimiter } = format.csv.header;
  const at = columns.indexOf(name);
  return at === -1 ? null : ({ text }) => readCsvCells(text, delimiter).cells[at];
}
