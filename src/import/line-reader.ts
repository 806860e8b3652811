import { Buffer, isUtf8 } from 'node:buffer';
import { type LineRun, MAX_LINE_BYTES, type PlainLines, type Position } from './document-format.ts';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);
const BOM = [0xef, 0xbb, 0xbf] as const;

/**
 * A physical line in the reader's buffer, without its line end; good until the next `append`.
 * `number` counts from 1.
 */
export type Line = {
  readonly number: number;
  readonly start: number;
  readonly end: number;
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
  /** The unconsumed lines that are whole. */
  wholeLines(): LineRun;
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
    const excess = buffer.length - skipBoms(buffer, start) - (MAX_LINE_BYTES + 2);
    if (excess <= 0) return;
    dropped += excess;
    dropping = !noMoreBlocks;
    buffer = buffer.subarray(0, buffer.length - excess);
  }

  function peek(after?: Pick<Line, 'next' | 'number'>): Line | null {
    const begin = after ? after.next : start;
    const number = after ? after.number + 1 : lineNumber + 1;
    const isUnfinished = begin >= unfinished;
    if (isUnfinished && (begin >= buffer.length || !noMoreBlocks)) return null;
    const lineEnd = isUnfinished ? buffer.length : endOfLine(begin);
    const next = isUnfinished ? buffer.length : lineEnd + 1;
    const first = buffer[begin] === BOM[0] ? skipBoms(buffer, begin) : begin;
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
    wholeLines: () => ({
      ...{ start, number: lineNumber + 1, checkedFrom: cleanFrom },
      end: noMoreBlocks ? buffer.length : unfinished,
      isEnd: noMoreBlocks,
    }),
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

/** Lets `plain` take lines as long as they are plain; gives how many commands they had. */
export function takePlainLines(reader: LineReader, plain: PlainLines, most: number): number {
  const run = reader.wholeLines();
  if (run.start >= run.end) return 0;
  const { next, passed, taken } = plain.take(reader.bytes(), run, most);
  if (passed > 0) reader.consume({ next, number: run.number + passed - 1 });
  return taken;
}

/** Takes no line. */
export const takeNone: PlainLines['take'] = (_, { start }) => ({ next: start, passed: 0, taken: 0 });

/** Takes lines one by one, as long as `takes` says so of what a line has without its line end. */
export function takeByLine(
  takes: (bytes: Buffer, line: Pick<Line, 'number' | 'start' | 'end'>) => boolean,
): PlainLines['take'] {
  return (bytes, run, most) => {
    let next = run.start;
    let taken = 0;
    while (next < run.end && taken < most) {
      const newline = bytes.indexOf(NEWLINE, next);
      const lineEnd = newline === -1 || newline >= run.end ? run.end : newline;
      const start = skipBoms(bytes, next);
      const end = lineEnd > start && bytes[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
      const canBeRead =
        end - start <= MAX_LINE_BYTES && (next >= run.checkedFrom || isUtf8(bytes.subarray(start, end)));
      if (!canBeRead || !takes(bytes, { number: run.number + taken, start, end })) break;
      taken++;
      next = Math.min(lineEnd + 1, run.end);
    }
    return { next, passed: taken, taken };
  };
}

function skipBoms(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === BOM[0] && bytes[at + 1] === BOM[1] && bytes[at + 2] === BOM[2]) at += BOM.length;
  return at;
}
