import { Buffer, isUtf8 } from 'node:buffer';
import { NEWLINE, RETURN, SPACE, TAB } from './ascii.ts';
import { type LineRun, MAX_LINE_BYTES, type PlainLines, type Position } from './document-format.ts';

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

/**
 * Finds the lines of a document in blocks of it. A line ends at `\n` or `\r\n` alone: a lone `\r`
 * is a character like any other. BOMs at the start of a line are stripped: files that were joined
 * have them anywhere. A line over the limit keeps its beginning and loses the rest, so that the
 * memory stays bounded whatever comes.
 *
 * However small the blocks are, no byte is looked at, checked or copied again for each of them.
 */
export class LineReader {
  #buffer: Buffer = EMPTY;
  /**
   * What `#buffer` is the beginning of where it is a copy; the room behind it takes the next block.
   */
  #backing: Buffer = EMPTY;
  /** First unconsumed byte of the buffer, and where the document continues there. */
  #start = 0;
  #offset: number;
  #lineNumber: number;
  #noMoreBlocks = false;
  /** The bytes behind the last line end begin here: no line ends among them. */
  #unfinished = 0;
  /**
   * Lines that begin here or later are valid UTF-8 as far as they are whole: spares a check for
   * each line.
   */
  #cleanFrom = 0;
  /**
   * Bytes of an over-long line that were left out of the buffer, and whether its end has been
   * found.
   */
  #dropped = 0;
  #dropping = false;
  /**
   * Where the line that begins at `begin` ends: it may be asked for once more with each block,
   * until others close it.
   */
  #found = { begin: -1, end: -1 };

  constructor(from: Position) {
    this.#offset = from.offset;
    this.#lineNumber = from.line;
  }

  append(block: Buffer, last: boolean): void {
    let rest = block;
    if (this.#dropping) {
      const newline = rest.indexOf(NEWLINE);
      const skipped = newline === -1 ? rest.length : newline;
      this.#dropped += skipped;
      rest = rest.subarray(skipped);
      if (newline !== -1) this.#dropping = false;
    }
    this.#takeIn(rest);
    this.#noMoreBlocks = last;
    const newline = rest.lastIndexOf(NEWLINE);
    const firstUnchecked = this.#unfinished;
    if (newline !== -1) this.#unfinished = this.#buffer.length - rest.length + newline + 1;
    const checkedTo = last ? this.#buffer.length : this.#unfinished;
    if (!isUtf8(this.#buffer.subarray(firstUnchecked, checkedTo))) this.#cleanFrom = checkedTo;
    if (this.#unfinished === this.#start) this.#dropTail();
  }

  /**
   * The line after `after` (the first unconsumed one by default), or null when it is not whole yet.
   */
  peek(after?: Pick<Line, 'next' | 'number'>): Line | null {
    const buffer = this.#buffer;
    const begin = after ? after.next : this.#start;
    const number = after ? after.number + 1 : this.#lineNumber + 1;
    const isUnfinished = begin >= this.#unfinished;
    if (isUnfinished && (begin >= buffer.length || !this.#noMoreBlocks)) return null;
    const lineEnd = isUnfinished ? buffer.length : this.#endOfLine(begin);
    const next = isUnfinished ? buffer.length : lineEnd + 1;
    const first = buffer[begin] === BOM[0] ? skipBoms(buffer, begin) : begin;
    const end = lineEnd > first && buffer[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    return { number, start: first, end, next, tooLong: end - first > MAX_LINE_BYTES };
  }

  /** The unconsumed lines that are whole. */
  wholeLines(): LineRun {
    return {
      start: this.#start,
      end: this.#noMoreBlocks ? this.#buffer.length : this.#unfinished,
      number: this.#lineNumber + 1,
      checkedFrom: this.#cleanFrom,
      isEnd: this.#noMoreBlocks,
    };
  }

  /** Whether `line` is the last of the document. */
  isLast(line: Pick<Line, 'next'>): boolean {
    return this.#noMoreBlocks && line.next >= this.#buffer.length;
  }

  consume(through: Pick<Line, 'next' | 'number'>): void {
    this.#offset += through.next - this.#start + this.#dropped;
    this.#dropped = 0;
    this.#lineNumber = through.number;
    this.#start = through.next;
  }

  position(): Position {
    return { offset: this.#offset, line: this.#lineNumber };
  }

  /** Where an unconsumed byte of the buffer lies in the document, good after an `append` too. */
  offsetOf(index: number): number {
    return this.#offset + index - this.#start;
  }

  /** The way back from `offsetOf`. */
  indexOf(offset: number): number {
    return this.#start + offset - this.#offset;
  }

  textOf(line: Line, through: Pick<Line, 'end'> = line): string {
    return this.#buffer.toString('utf8', line.start, through.end);
  }

  isUtf8(line: Line, through: Pick<Line, 'end'> = line): boolean {
    return line.start >= this.#cleanFrom || isUtf8(this.#buffer.subarray(line.start, through.end));
  }

  /** The first byte that is no white space, or null in a blank line. */
  firstByteOf(line: Line): number | null {
    const buffer = this.#buffer;
    for (let i = line.start; i < line.end; i++) {
      const byte = buffer[i];
      if (byte !== SPACE && byte !== TAB && byte !== RETURN) return byte ?? null;
    }
    return null;
  }

  bytes(): Buffer {
    return this.#buffer;
  }

  /** Puts a block behind the bytes that are left; these are moved only when they have doubled. */
  #takeIn(block: Buffer): void {
    const left = this.#buffer.length - this.#start;
    if (left > 0 && this.#buffer.length + block.length <= this.#backing.length) {
      block.copy(this.#backing, this.#buffer.length);
      this.#buffer = this.#backing.subarray(0, this.#buffer.length + block.length);
      return;
    }
    this.#found = { begin: -1, end: -1 };
    this.#unfinished -= this.#start;
    this.#cleanFrom = Math.max(0, this.#cleanFrom - this.#start);
    if (left === 0) {
      this.#backing = EMPTY;
      this.#buffer = block;
    } else {
      this.#backing = Buffer.allocUnsafe(Math.max(left + block.length, 2 * left));
      this.#buffer.copy(this.#backing, 0, this.#start);
      block.copy(this.#backing, left);
      this.#buffer = this.#backing.subarray(0, left + block.length);
    }
    this.#start = 0;
  }

  /** Forgets what an unfinished line has beyond the limit. */
  #dropTail(): void {
    // two bytes more than the limit, so that a cut after a `\r` still shows that the line is too
    // long
    const excess = this.#buffer.length - skipBoms(this.#buffer, this.#start) - (MAX_LINE_BYTES + 2);
    if (excess <= 0) return;
    this.#dropped += excess;
    this.#dropping = !this.#noMoreBlocks;
    this.#buffer = this.#buffer.subarray(0, this.#buffer.length - excess);
  }

  #endOfLine(begin: number): number {
    if (this.#found.begin === begin) return this.#found.end;
    const end = this.#buffer.indexOf(NEWLINE, begin);
    if (begin === this.#start) this.#found = { begin, end };
    return end;
  }
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
      const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
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
