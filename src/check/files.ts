import { createHash } from 'node:crypto';
import { wholeFile } from '../documents/documents.ts';
import { errorPartsOf } from '../model/execution.ts';
import { contentOf } from '../model/file-reader.ts';
import type { MimeType } from '../model/records.ts';
import type { Looking } from './checking.ts';

/**
 * The input file is there, as long as it was and with the same SHA-256; one that was rewritten is
 * not longer.
 */
export async function inputFileFault({ execution, hold, mayBeRewritten }: Looking): Promise<string | null> {
  if (execution.filesRemovedDate !== null) return null;
  const { folder, bytes, sha256 } = execution.document;
  const file = await hold.open(folder, wholeFile('input'));
  if (file === null) return 'the input file is not there';
  try {
    if (file.bytes > bytes || (file.bytes < bytes && !mayBeRewritten))
      return `the input file has ${file.bytes} bytes, expected ${bytes}`;
    if (mayBeRewritten) return null;
    const hash = createHash('sha256');
    for await (const chunk of contentOf(file)) hash.update(chunk);
    return hash.digest('hex') === sha256 ? null : 'the input file has another SHA-256 than it came with';
  } finally {
    await file.close();
  }
}

/**
 * The error file reaches to the checkpoint, and has a record for each failed command that was not
 * omitted; a rewritten one may have fewer.
 */
export async function errorFileFault({ execution, hold, mayBeRewritten }: Looking): Promise<string | null> {
  const { errorFileBytes, failures, errorLinesOmitted } = execution.checkpoint;
  const expected = failures - errorLinesOmitted;
  if (execution.filesRemovedDate !== null) return null;
  if (errorFileBytes === 0) return expected === 0 ? null : `there are ${expected} failures and no error file`;
  const file = await hold.open(execution.document.folder, errorPartsOf(execution.checkpoint));
  if (file === null) return 'the error file is not there';
  try {
    if (mayBeRewritten) return null;
    if (file.bytes < errorFileBytes)
      return `the error file has ${file.bytes} bytes, the checkpoint says ${errorFileBytes}`;
    const records = await countRecords(contentOf(file), execution.mimeType);
    return records === expected ? null : `the error file has ${records} records, expected ${expected}`;
  } finally {
    await file.close();
  }
}

const QUOTE = 0x22;
const LINE_FEED = 0x0a;

/**
 * Records of an error file: lines in NDJSON; in CSV lines that end outside of quotes, but for the
 * header.
 */
async function countRecords(content: AsyncIterable<Buffer>, mimeType: MimeType): Promise<number> {
  const isCsv = mimeType === 'TEXT_CSV';
  let lines = 0;
  let quoted = false;
  for await (const chunk of content) {
    for (const byte of chunk) {
      if (byte === QUOTE && isCsv) quoted = !quoted;
      else if (byte === LINE_FEED && !quoted) lines += 1;
    }
  }
  return isCsv ? lines - 1 : lines;
}
