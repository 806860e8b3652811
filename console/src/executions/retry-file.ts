import { Buffer } from 'node:buffer';
import { type SegmentName, unknownLinesIn } from '../../../src/import/unknown-segments.ts';
import { createFailedReader, type FailedRecord, writeRecords } from '../fixing/failed-records.ts';

/** The failed records of a whole error file as they were sent, to be corrected and sent again. */
export function retryFileOf(errors: string): string {
  return rewritten(errors, 'AS_SENT');
}

/** The same with the number of each line, so that what is repaired is counted. */
export function correctionOf(errors: string): string {
  return rewritten(errors, 'WITH_LINE');
}

/** Those that failed with UNKNOWN_SEGMENT and name one segment, and the numbers of their lines. */
export async function correctionNaming(
  errors: string,
  { kind, name }: SegmentName,
  of: Parameters<typeof unknownLinesIn>[1],
): Promise<{ readonly text: string; readonly lines: readonly number[] }> {
  const bytes = Buffer.from(errors);
  const file = { read: async (at: number, length: number) => bytes.subarray(at, at + length) };
  const lines = new Set<number>();
  for await (const { line, names } of unknownLinesIn(file, of))
    if (names.some((each) => each.kind === kind && each.name === name)) lines.add(line);
  return { text: rewritten(errors, 'WITH_LINE', ({ line }) => lines.has(line)), lines: [...lines] };
}

function rewritten(
  errors: string,
  numbers: 'AS_SENT' | 'WITH_LINE',
  isWanted: (record: FailedRecord) => boolean = () => true,
): string {
  const reader = createFailedReader();
  const records = [...reader.push(errors), ...reader.end()];
  const form = reader.form();
  return form === null ? '' : writeRecords(form, records.filter(isWanted), numbers);
}
