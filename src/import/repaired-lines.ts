import { setImmediate as giveWay } from 'node:timers/promises';
import type { FileReader } from '../model/file-reader.ts';
import type { DocumentFormat } from './document-format.ts';
import { errorFieldReader } from './error-fields.ts';

/** Bytes that are read between two looks at what else there is to do. */
const BLOCK_BYTES = 64 * 1024;

/** The lines of an execution that failed, ascending, and up to which line they are known. */
export type FailedLineNumbers = {
  readonly lines: readonly number[];
  /** Null: all of them are. */
  readonly knownTo: number | null;
};

/**
 * Counts the failed lines of an execution that a file corrects: those whose numbers stand in the
 * records of the file that were applied, each once. Null where no record has a number. The file is
 * read again from its beginning: that costs the imports of all other files nothing.
 */
export async function countRepaired(of: {
  readonly file: Pick<FileReader, 'read'>;
  readonly format: DocumentFormat;
  /** Up to where it was applied: bytes, and lines. */
  readonly applied: { readonly bytes: number; readonly line: number };
  /** Of the file itself. */
  readonly failed: FailedLineNumbers;
  /** Of the execution that it corrects. */
  readonly corrected: FailedLineNumbers;
}): Promise<number | null> {
  const { file, format, applied, failed, corrected } = of;
  const numberIn = errorFieldReader(format, 'error_line');
  if (numberIn === null) return null;
  const last = Math.min(applied.line, failed.knownTo ?? Number.POSITIVE_INFINITY);
  const repaired = new Uint8Array(corrected.lines.length);
  const splitter = format.createSplitter(format.start);
  let hasNumbers = false;
  for (let at = format.start.offset; at < applied.bytes; ) {
    const block = await file.read(at, Math.min(BLOCK_BYTES, applied.bytes - at));
    if (block.length === 0) break;
    at += block.length;
    for (const record of splitter.push(block, at === applied.bytes)) {
      const number = asLine(numberIn(record));
      if (number === null) continue;
      hasNumbers = true;
      if (record.line > last || placeOf(record.line, failed.lines) !== -1) continue;
      const place = placeOf(number, corrected.lines);
      if (place !== -1) repaired[place] = 1;
    }
    await giveWay();
  }
  return hasNumbers ? repaired.reduce((sum, each) => sum + each, 0) : null;
}

/** Spreadsheets and scripts may have made a text of it. */
function asLine(value: unknown): number | null {
  const isWritten = typeof value === 'string' && /^\s*[1-9][0-9]{0,15}\s*$/.test(value);
  const line = isWritten ? Number(value) : value;
  return typeof line === 'number' && Number.isSafeInteger(line) && line > 0 ? line : null;
}

/** Where a number stands among ascending ones; -1: it does not. */
function placeOf(number: number, ascending: readonly number[]): number {
  let from = 0;
  let to = ascending.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((ascending[middle] ?? 0) < number) from = middle + 1;
    else to = middle;
  }
  return ascending[from] === number ? from : -1;
}
