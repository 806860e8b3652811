import {
  BACKSLASH,
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COLON,
  COMMA,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
} from './ascii.ts';
import { MAX_LINE_BYTES } from './document-format.ts';
import { MAX_NESTING } from './json-source.ts';
import type { Line, LineReader } from './line-reader.ts';

/** The most lines one object may be spread over (spec §6). */
const MAX_LINES = 1000;

/** The lines of an object, `last` included; or why it never closes. */
export type JoinedLines =
  | { readonly type: 'CLOSED'; readonly last: Line }
  | { readonly type: 'UNCLOSED'; readonly problem: string };

/** What is open at the end of a line: the brackets, and the last byte that was no white space. */
type Nesting = { readonly open: number[]; lastByte: number };

/**
 * How far an object has been followed over its lines, so that no line is followed again when more
 * of them have come.
 */
export type ObjectLines = {
  readonly nesting: Nesting;
  lines: number;
  /**
   * The last line that was followed, and where the next one begins in the document; null before the
   * first.
   */
  through: { readonly number: number; readonly next: number } | null;
};

export function noObjectLines(): ObjectLines {
  return { nesting: { open: [], lastByte: 0 }, lines: 0, through: null };
}

/**
 * Finds the line on which an object that `first` opens closes (spec §6).
 *
 * It gives up early where no continuation can be JSON: a string that is open at a line end, or a
 * line that begins with `{` where no object may stand. So a file whose every line is cut short is
 * read in time linear in its length; only lines that could be inside one another, at most
 * MAX_NESTING of them, are looked at again.
 *
 * Null: the lines at hand do not tell; come back with more, and with the same `joined`.
 */
export function joinObjectLines(reader: LineReader, first: Line, joined: ObjectLines): JoinedLines | null {
  const { nesting } = joined;
  const unclosed = (by: string): JoinedLines => {
    const opening = reader.bytes().indexOf(OPENING_BRACE, first.start) - first.start + 1;
    const problem = `not JSON: the object that opens at character ${opening} is not closed ${by}`;
    return { type: 'UNCLOSED', problem };
  };
  let line = joined.through === null ? first : null;
  for (;;) {
    if (line !== null) {
      const problem = scanLine(reader.bytes(), line, nesting);
      if (problem !== null) return { type: 'UNCLOSED', problem: `not JSON: ${problem}` };
      if (nesting.open.length === 0) return { type: 'CLOSED', last: line };
      joined.lines++;
      joined.through = { number: line.number, next: reader.offsetOf(line.next) };
    }
    const { number, next: offset } = joined.through ?? { number: 0, next: 0 };
    const through = { number, next: reader.indexOf(offset) };
    if (reader.isLast(through)) return unclosed('by the end of the file');
    if (joined.lines === MAX_LINES) return unclosed(`within ${MAX_LINES} lines`);
    const next = reader.peek(through);
    // an unfinished line may end in the first half of a \r\n, which would not count
    const end = next ? next.end : reader.bytes().length - 1;
    if (end - first.start > MAX_LINE_BYTES) return unclosed(`within ${MAX_LINE_BYTES} bytes`);
    if (next === null) return null;
    if (reader.firstByteOf(next) === OPENING_BRACE && !mayHoldObjectNext(nesting)) {
      return unclosed(`before the one on line ${next.number}`);
    }
    line = next;
  }
}

/**
 * Follows brackets and strings through one line; says why no JSON can come of it, or null. One that
 * is nested too deep is followed to the end of its line all the same: where it closes there, it
 * costs no line but its own.
 */
function scanLine(bytes: Buffer, line: Line, nesting: Nesting): string | null {
  let inString = false;
  let opened = 0;
  let tooDeep = false;
  for (let i = line.start; i < line.end; i++) {
    const byte = bytes[i] as number;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    if (byte === 0x20 || byte === 0x09 || byte === 0x0d) continue;
    nesting.lastByte = byte;
    if (byte === QUOTE) {
      inString = true;
      opened = i - line.start + 1;
    }
    if (byte === OPENING_BRACE || byte === OPENING_BRACKET) nesting.open.push(byte);
    else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) nesting.open.pop();
    if (nesting.open.length > MAX_NESTING) tooDeep = true;
    if (nesting.open.length === 0) return null;
  }
  if (tooDeep) return `the object is nested deeper than ${MAX_NESTING}`;
  return inString ? `the text that opens at character ${opened} of line ${line.number} is not closed` : null;
}

function mayHoldObjectNext({ open, lastByte }: Nesting): boolean {
  const inArray = open.at(-1) === OPENING_BRACKET;
  return lastByte === COLON || (inArray && (lastByte === OPENING_BRACKET || lastByte === COMMA));
}
