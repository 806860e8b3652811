import type { FileReader } from '../../model/file-reader.ts';
import { NEWLINE } from '../ascii.ts';
import type { Range } from './find-lines.ts';

const BLOCK_BYTES = 256 * 1024;

/**
 * A file without some ranges of it, of which the line ends alone are left: they become blank lines,
 * which every reader skips, and the lines after them keep their numbers.
 */
export async function* withoutLines(
  file: Pick<FileReader, 'read'>,
  ranges: readonly Range[],
): AsyncGenerator<Buffer> {
  let nextRange = 0;
  for (let at = 0; ; ) {
    const block = await file.read(at, BLOCK_BYTES);
    if (block.length === 0) return;
    const end = at + block.length;
    const kept: Buffer[] = [];
    let from = at;
    for (let range = ranges[nextRange]; range !== undefined && range.start < end; range = ranges[nextRange]) {
      kept.push(block.subarray(from - at, Math.max(from, range.start) - at));
      const first = Math.max(from, range.start);
      from = Math.min(range.end, end);
      kept.push(lineEndsOf(block.subarray(first - at, from - at)));
      if (range.end > end) break;
      nextRange++;
    }
    kept.push(block.subarray(from - at));
    yield Buffer.concat(kept);
    at = end;
  }
}

function lineEndsOf(bytes: Buffer): Buffer {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return Buffer.alloc(lines, NEWLINE);
}
