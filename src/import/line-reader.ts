import { Buffer, isUtf8 } from 'node:buffer';
import { type LineSpan, MAX_LINE_BYTES, type PlainLines, type Position } from './document-format.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);
const BOM = [0xef, 0xbb, 0xbf] as const;

/** A physical line in the reader's buffer; good until the next `append`. */
export type Line = LineSpan & {
  /** Where the next line starts. */
  readonly next: number;
  /** Over MAX_LINE_BYTES; only its beginning is in the buffer then. */
  readonly tooLong: boolean;
};

export interface LineReader {
  append(block: Buffer, last: boolean): void;
  /**
   * The line after `after` (the first unconsumed one by default), or null when it is not whole yet.
   */
  peek(after?: Pick<Line, 'next' | 'number'>): Line | null;
  /** Whether `line` is the last of the document. */
  isLast(line: Pick<Line, 'next'>): boolean;
  consume(through: Pick<Line, 'next' | 'number'>): void;
  position(): Position;
  /**
   * Where an unconsumed byte of the buffer lies in the document, which is good after an `append`,
   * too; and back.
   */
  offsetOf(index: number): number;
  indexOf(offset: number): number;
  textOf(line: Line, through?: Pick<Line, 'end'>): string;
  isUtf8(line: Line, through?: Pick<Line, 'end'>): boolean;
  /** The first byte that is no white space, or null in a blank line. */
  firstByteOf(line: Line): number | null;
  readonly bytes: () => Buffer;
}

/**
 * Finds the lines of a document in blocks of it. A line ends at `\n` or `\r\n` alone: a lone `\r`
 * is a character like any other. BOMs at the start of a line are stripped: files that were joined
 * have them anywhere. A line over the limit keeps its beginning and loses the rest, so that the
 * memory stays bounded whatever comes.
 *
 * However small the blocks are, no byte is looked at, checked or copied again for each of them.
 */
export function createLineReader(from: Position): LineReader {
  let buffer: Buffer = EMPTY;
  /**
   * What `buffer` is the beginning of where it is a copy; the room behind it takes the next block.
   */
  let backing: Buffer = EMPTY;
  /** First unconsumed byte of the buffer, and where the document continues there. */
  let start = 0;
  let offset = from.offset;
  let lineNumber = from.line;
  let noMoreBlocks = false;
  /** The bytes behind the last line end begin here: no line ends among them. */
  let unfinished = 0;
  /**
   * Lines that begin here or later are valid UTF-8 as far as they are whole: spares a check for
   * each line.
   */
  let cleanFrom = 0;
  /**
   * Bytes of an over-long line that were left out of the buffer, and whether its end has been
   * found.
   */
  let dropped = 0;
  let dropping = false;
  /**
   * Where the line that begins at `begin` ends: it may be asked for once more with each block,
   * until others close it.
   */
  let found = { begin: -1, end: -1 };

  function append(block: Buffer, last: boolean): void {
    let rest = block;
    if (dropping) {
      const newline = rest.indexOf(NEWLINE);
      const skipped = newline === -1 ? rest.length : newline;
      dropped += skipped;
      rest = rest.subarray(skipped);
      if (newline !== -1) dropping = false;
    }
    takeIn(rest);
    noMoreBlocks = last;
    const newline = rest.lastIndexOf(NEWLINE);
    const firstUnchecked = unfinished;
    if (newline !== -1) unfinished = buffer.length - rest.length + newline + 1;
    const checkedTo = last ? buffer.length : unfinished;
    if (!isUtf8(buffer.subarray(firstUnchecked, checkedTo))) cleanFrom = checkedTo;
    if (unfinished === start) dropTail();
  }

  /** Puts a block behind the bytes that are left; these are moved only when they have doubled. */
  function takeIn(block: Buffer): void {
    const left = buffer.length - start;
    if (left > 0 && buffer.length + block.length <= backing.length) {
      block.copy(backing, buffer.length);
      buffer = backing.subarray(0, buffer.length + block.length);
      return;
    }
    found = { begin: -1, end: -1 };
    unfinished -= start;
    cleanFrom = Math.max(0, cleanFrom - start);
    if (left === 0) {
      backing = EMPTY;
      buffer = block;
    } else {
      backing = Buffer.allocUnsafe(Math.max(left + block.length, 2 * left));
      buffer.copy(backing, 0, start);
      block.copy(backing, left);
      buffer = backing.subarray(0, left + block.length);
    }
    start = 0;
  }

  /** Forgets what an unfinished line has beyond the limit. */
  function dropTail(): void {
    // two bytes more than the limit, so that a cut after a `\r` still shows that the line is too
    // long
    const excess = buffer.length - skipBoms(start) - (MAX_LINE_BYTES + 2);
    if (excess <= 0) return;
    dropped += excess;
    dropping = !noMoreBlocks;
    buffer = buffer.subarray(0, buffer.length - excess);
  }

  function skipBoms(from: number): number {
    let at = from;
    while (buffer[at] === BOM[0] && buffer[at + 1] === BOM[1] && buffer[at + 2] === BOM[2]) at += BOM.length;
    return at;
  }

  function peek(after?: Pick<Line, 'next' | 'number'>): Line | null {
    const begin = after ? after.next : start;
    const number = after ? after.number + 1 : lineNumber + 1;
    const isUnfinished = begin >= unfinished;
    if (isUnfinished && (begin >= buffer.length || !noMoreBlocks)) return null;
    const lineEnd = isUnfinished ? buffer.length : endOfLine(begin);
    const next = isUnfinished ? buffer.length : lineEnd + 1;
    const first = buffer[begin] === BOM[0] ? skipBoms(begin) : begin;
    const end = lineEnd > first && buffer[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    return { number, start: first, end, next, tooLong: end - first > MAX_LINE_BYTES };
  }

  function endOfLine(begin: number): number {
    if (found.begin === begin) return found.end;
    const end = buffer.indexOf(NEWLINE, begin);
    if (begin === start) found = { begin, end };
    return end;
  }

  function consume(through: Pick<Line, 'next' | 'number'>): void {
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
    offsetOf: (index) => offset + index - start,
    indexOf: (at) => start + at - offset,
    textOf: (line, through = line) => buffer.toString('utf8', line.start, through.end),
    isUtf8: (line, through = line) =>
      line.start >= cleanFrom || isUtf8(buffer.subarray(line.start, through.end)),
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
