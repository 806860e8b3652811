import { Buffer, isUtf8 } from 'node:buffer';
import { type LineSpan, MAX_LINE_BYTES, type PlainLines, type Position } from './document-format.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** A physical line in the reader's buffer; good until the next `append`. */
export type Line = LineSpan & {
  /** Where the next line starts. */
  readonly next: number;
  /** Over MAX_LINE_BYTES; only its beginning is in the buffer then. */
  readonly tooLong: boolean;
};

export interface LineReader {
  append(block: Buffer, last: boolean): void;
  /** The line after `after` (the first unconsumed one by default), or null when it is not whole yet. */
  peek(after?: Line): Line | null;
  /** Whether `line` is the last of the document. */
  isLast(line: Line): boolean;
  consume(through: Line): void;
  position(): Position;
  textOf(line: Line, through?: Line): string;
  isUtf8(line: Line, through?: Line): boolean;
  /** The first byte that is no white space, or null in a blank line. */
  firstByteOf(line: Line): number | null;
  readonly bytes: () => Buffer;
}

/**
 * Finds the lines of a document in blocks of it. A line ends at `\n` or `\r\n` alone: a lone `\r` is a character like any
 * other. A BOM at the very start is stripped. A line over the limit keeps its beginning and loses the rest, so that the
 * memory stays bounded whatever comes.
 */
export function createLineReader(from: Position): LineReader {
  let buffer: Buffer = Buffer.alloc(0);
  /** First unconsumed byte of the buffer, and where the document continues there. */
  let start = 0;
  let offset = from.offset;
  let lineNumber = from.line;
  let noMoreBlocks = false;
  /** Valid UTF-8 from `start` to the last line end: spares a check for each line. */
  let clean = false;
  /** Bytes of an over-long line that were left out of the buffer, and whether its end has been found. */
  let dropped = 0;
  let dropping = false;

  function append(block: Buffer, last: boolean): void {
    let rest = block;
    if (dropping) {
      const newline = rest.indexOf(NEWLINE);
      const skipped = newline === -1 ? rest.length : newline;
      dropped += skipped;
      rest = rest.subarray(skipped);
      if (newline !== -1) dropping = false;
    }
    buffer = start === buffer.length ? rest : Buffer.concat([buffer.subarray(start), rest]);
    start = 0;
    noMoreBlocks = last;
    stripBom();
    const lastNewline = buffer.lastIndexOf(NEWLINE);
    clean = isUtf8(last ? buffer : buffer.subarray(0, lastNewline + 1));
    if (lastNewline === -1) dropTail();
  }

  function stripBom(): void {
    if (offset !== 0 || buffer.length < BOM.length || !buffer.subarray(0, BOM.length).equals(BOM)) return;
    start = BOM.length;
    offset = BOM.length;
  }

  /** Forgets what an unfinished line has beyond the limit. */
  function dropTail(): void {
    // two bytes more than the limit, so that a cut after a `\r` still shows that the line is too long
    const excess = buffer.length - start - (MAX_LINE_BYTES + 2);
    if (excess <= 0) return;
    dropped += excess;
    dropping = !noMoreBlocks;
    buffer = buffer.subarray(0, buffer.length - excess);
  }

  function peek(after?: Line): Line | null {
    const lineStart = after ? after.next : start;
    const number = after ? after.number + 1 : lineNumber + 1;
    const newline = buffer.indexOf(NEWLINE, lineStart);
    if (newline === -1 && (lineStart >= buffer.length || !noMoreBlocks)) return null;
    const lineEnd = newline === -1 ? buffer.length : newline;
    const next = newline === -1 ? buffer.length : newline + 1;
    const end = lineEnd > lineStart && buffer[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    return { number, start: lineStart, end, next, tooLong: end - lineStart > MAX_LINE_BYTES };
  }

  function consume(through: Line): void {
    offset += through.next - start + dropped;
    dropped = 0;
    lineNumber = through.number;
    start = through.next;
  }

  function firstByteOf(line: Line): number | null {
    for (let i = line.start; i < line.end; i++) {
      const byte = buffer[i];
      if (byte !== 0x20 && byte !== 0x09 && byte !== CARRIAGE_RETURN) return byte ?? null;
    }
    return null;
  }

  return {
    append,
    peek,
    consume,
    firstByteOf,
    isLast: (line) => noMoreBlocks && line.next >= buffer.length,
    position: () => ({ offset, line: lineNumber }),
    textOf: (line, through = line) => buffer.toString('utf8', line.start, through.end),
    isUtf8: (line, through = line) => clean || isUtf8(buffer.subarray(line.start, through.end)),
    bytes: () => buffer,
  };
}

/** Lets `plain` take the next line, where there is a whole one that it may look at. */
export function takePlainLine(reader: LineReader, plain: PlainLines): boolean {
  const line = reader.peek();
  if (line === null || line.tooLong || !reader.isUtf8(line) || !plain.take(reader.bytes(), line))
    return false;
  reader.consume(line);
  return true;
}
