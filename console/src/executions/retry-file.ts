import { createFailedReader, type IsWanted, writeRecords } from '../fixing/failed-records.ts';

/** The failed records of a whole error file as they were sent, to be corrected and sent again. */
export function retryFileOf(errors: string): string {
  return rewritten(errors, 'AS_SENT', () => true);
}

/** Those that are wanted, each with the number of its line, so that what is repaired is counted. */
export function correctionOf(errors: string, isWanted: IsWanted): string {
  return rewritten(errors, 'WITH_LINE', isWanted);
}

function rewritten(errors: string, numbers: 'AS_SENT' | 'WITH_LINE', isWanted: IsWanted): string {
  const reader = createFailedReader();
  const records = [...reader.push(errors), ...reader.end()];
  const form = reader.form();
  if (form === null) return '';
  const wanted = records.filter((record) => isWanted(record, form));
  return writeRecords(form, wanted, numbers);
}
