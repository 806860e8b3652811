import { readFile } from 'node:fs/promises';
import Papa from 'papaparse';

export type FailedLine = { readonly line: number; readonly code: string; readonly message: string };

/** Reads an error file of the demo, which is small. */
export async function readFailedLines(file: string): Promise<readonly FailedLine[]> {
  const text = await readFile(file, 'utf8');
  const records = file.endsWith('.csv')
    ? Papa.parse<Record<string, unknown>>(text, { header: true, skipEmptyLines: true }).data
    : text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
  return records.map((record) => ({
    line: Number(record.error_line),
    code: String(record.error_code),
    message: String(record.error_message),
  }));
}
