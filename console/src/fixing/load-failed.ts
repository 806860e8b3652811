import { csvLine } from '../../../src/import/rejections.ts';
import type { Execution } from '../api/types.ts';
import { errorFileOf } from '../executions/resend.ts';
import { createFailedReader, type FailedForm, type FailedRecord } from './failed-records.ts';

/** Rows with more cells are edited as texts: a page of inputs would be slow. */
const MAX_CELLS = 24;

export type FailedLines = {
  readonly form: FailedForm;
  readonly records: readonly FailedRecord[];
  /** Whether the error file has more of them. */
  readonly isMore: boolean;
};

/**
 * The first failed records of an execution, of those with a code if one is given. The error file is
 * read as far as it has to be, and is never in memory as a whole.
 */
export async function loadFailed(
  execution: Execution,
  { code, most, signal }: { readonly code: string; readonly most: number; readonly signal: AbortSignal },
): Promise<FailedLines | null> {
  const { body } = await errorFileOf(execution, signal);
  const stream = body?.getReader();
  if (stream === undefined) return null;
  const reader = createFailedReader();
  const decoder = new TextDecoder();
  const records: FailedRecord[] = [];
  for (let isDone = false; !isDone && records.length <= most; ) {
    const { done, value } = await stream.read();
    const piece = decoder.decode(value, { stream: !done });
    const read = done ? [...reader.push(piece), ...reader.end()] : reader.push(piece);
    records.push(...read.filter((record) => code === '' || record.code === code));
    isDone = done;
  }
  await stream.cancel();
  const form = reader.form();
  if (form === null) return null;
  const shown = records.slice(0, most).map((record) => asEdited(record, form));
  return { form, records: shown, isMore: records.length > most };
}

function asEdited(record: FailedRecord, form: FailedForm): FailedRecord {
  const { cells } = record.content;
  if (form.format !== 'CSV' || cells === undefined || cells.length <= MAX_CELLS) return record;
  return { ...record, content: { text: csvLine(cells, form.delimiter).slice(0, -1) } };
}
