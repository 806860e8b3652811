import Papa from 'papaparse';
import { dropFields } from '../../../src/import/json-source.ts';
import { OMISSION_CODE } from '../../../src/import/omission-note.ts';

/**
 * Error files as the service writes them: the failed records with three members or columns more.
 */
const ERROR_FIELDS = ['error_line', 'error_code', 'error_message'];

/** The failed records of a whole error file as they were sent, to be corrected and sent again. */
export function retryFileOf(errors: string): string {
  return failedRecords(errors, 'AS_SENT');
}

/** The same with the number of each line, so that those are counted which are repaired. */
export function correctionOf(errors: string): string {
  return failedRecords(errors, 'WITH_LINE');
}

type Form = 'AS_SENT' | 'WITH_LINE';

function failedRecords(errors: string, form: Form): string {
  // an error file is in the format of its input, and NDJSON begins with a brace
  const lines = errors.startsWith('{') ? readNdjson(errors, form) : readCsv(errors, form);
  return lines.map((line) => `${line}\n`).join('');
}

function readNdjson(errors: string, form: Form): readonly string[] {
  const added = form === 'AS_SENT' ? ERROR_FIELDS : ERROR_FIELDS.slice(1);
  return errors.split('\n').flatMap((line) => {
    if (line === '') return [];
    const { error_line, error_code, error_raw } = JSON.parse(line) as Record<string, unknown>;
    // a full error file ends with it, and it is no line that failed
    if (error_code === OMISSION_CODE && error_line === undefined) return [];
    // what was no JSON object stands in a member as it came
    return [typeof error_raw === 'string' ? error_raw : dropFields(line, added)];
  });
}

function readCsv(errors: string, form: Form): readonly string[] {
  // the file names its separator where its header alone would not tell it; the service wrote the
  // first column itself
  const [separatorLine = ''] = /^sep=.\n/.exec(errors) ?? [];
  const rest = errors.slice(separatorLine.length);
  const delimiter = /^error_line([,;\t])/.exec(rest)?.[1] ?? ',';
  const { data } = Papa.parse<string[]>(rest, { skipEmptyLines: true, delimiter });
  const [names = [], ...all] = data;
  const rows = all.filter(([line, code]) => line !== '' || code !== OMISSION_CODE);
  const [header = '', ...lines] = [names, ...rows].map((row) => {
    const cells = row.slice(ERROR_FIELDS.length);
    // of one column the rows stand as they were sent: quotes that were not read are part of them
    const number = form === 'AS_SENT' ? '' : `${row[0] ?? ''}${delimiter}`;
    return cells.length === 1 && names.length > ERROR_FIELDS.length + 1
      ? number + (cells[0] ?? '')
      : number + Papa.unparse([cells], { delimiter });
  });
  return [separatorLine + header, ...lines];
}
