import type { Rejection } from '../model/command.ts';
import { QUOTE, SPACE, TAB } from './ascii.ts';
import { MAX_ERROR_RAW_CHARS, MAX_LINE_BYTES, type PlainLines, type Position } from './document-format.ts';
import { type Line, type LineReader, takePlainLines } from './line-reader.ts';

/** A CSV record as it stands in the document; its cells are still to be read. */
export type RawCsvRecord = {
  readonly line: number;
  readonly start: number;
  readonly end: Position;
  readonly text: string;
  /** Why its cells cannot be read, or null. */
  readonly problem: Rejection | null;
};

/**
 * What a line leaves behind: a quoted cell that is still open, or one that goes on after its
 * closing quote.
 */
type QuoteState = 'CLOSED' | 'OPEN' | 'BROKEN';

/**
 * What is known of the lines ahead, so that none is looked at again for each record: the last one
 * that has been followed as a line inside a quoted cell, and what it leaves behind. All before it
 * left the cell open.
 */
type LookAhead = {
  readonly number: number;
  /** Offsets in the document: of the line's end, and of the next line. */
  readonly end: number;
  readonly next: number;
  readonly state: QuoteState;
};

/** Cuts the lines of a CSV document into records. */
export interface CsvCutter {
  /** Takes the whole records out of the lines at hand. */
  cut(plain?: PlainLines): RawCsvRecord[];
}

/**
 * A quote opens a cell only at its start, blanks aside (RFC 4180); a cell that never closes, or
 * goes on after its closing quote, fails the line it began on and no other, so that one stray quote
 * does not swallow the rest of the file.
 *
 * Every line is followed twice at most, whatever the file: as the first of a record, and as one
 * inside a quoted cell. Where such a cell closes is the same for every line that leaves it open, so
 * the look ahead for one serves the next ones, too.
 */
export function createCsvCutter(reader: LineReader, delimiter: string): CsvCutter {
  const separator = delimiter.charCodeAt(0);
  let ahead: LookAhead | null = null;
  /** Whether the first line of the next record has been followed, and leaves a cell open. */
  let isOpen = false;

  function cut(plain?: PlainLines): RawCsvRecord[] {
    const records: RawCsvRecord[] = [];
    let nextQuote = -1;
    for (let left = plain?.most ?? Number.POSITIVE_INFINITY; left > 0; left--) {
      if (!isOpen && plain) left -= takePlainLines(reader, plain, left);
      if (left <= 0) break;
      const line = reader.peek();
      if (line === null) break;
      if (line.start === line.end) {
        reader.consume(line);
        continue;
      }
      if (line.tooLong) {
        records.push(take(reader, line, line, lineTooLong()));
        continue;
      }
      if (!isOpen && nextQuote < line.start) nextQuote = indexOrEnd(reader.bytes(), line.start);
      let state: QuoteState = isOpen ? 'OPEN' : 'CLOSED';
      if (!isOpen && nextQuote < line.end) state = followQuotes(reader.bytes(), line, separator, 'CLOSED');
      const record = state === 'CLOSED' ? take(reader, line, line, null) : takeQuoted(line, state);
      if (record === null) break;
      isOpen = false;
      records.push(record);
    }
    return records;
  }

  /**
   * A record whose first line leaves a quoted cell open or breaks one; null while more lines are
   * needed to tell.
   */
  function takeQuoted(first: Line, begun: QuoteState): RawCsvRecord | null {
    if (begun === 'BROKEN') return take(reader, first, first, brokenCell());
    isOpen = true;
    if (ahead === null || ahead.next <= reader.offsetOf(first.next)) ahead = lookAhead(first, 'OPEN');
    for (;;) {
      const last = lineAt(ahead);
      if (last.end - first.start > MAX_LINE_BYTES) return take(reader, first, first, notClosedSoon());
      if (ahead.state === 'CLOSED') return take(reader, first, last, null);
      if (ahead.state === 'BROKEN') return take(reader, first, first, brokenCell());
      if (reader.isLast(last)) return take(reader, first, first, notClosed());
      const next = reader.peek(last);
      // an unfinished line may end in the first half of a \r\n, which would not count
      const end = next ? next.end : reader.bytes().length - 1;
      if (end - first.start > MAX_LINE_BYTES) return take(reader, first, first, notClosedSoon());
      if (next === null) return null;
      ahead = lookAhead(next, followQuotes(reader.bytes(), next, separator, 'OPEN'));
    }
  }

  function lookAhead({ number, end, next }: Line, state: QuoteState): LookAhead {
    return { number, end: reader.offsetOf(end), next: reader.offsetOf(next), state };
  }

  function lineAt({ number, end, next }: LookAhead): Pick<Line, 'number' | 'end' | 'next'> {
    return { number, end: reader.indexOf(end), next: reader.indexOf(next) };
  }

  return { cut };
}

function indexOrEnd(bytes: Buffer, from: number): number {
  const index = bytes.indexOf(QUOTE, from);
  return index === -1 ? bytes.length : index;
}

function followQuotes(bytes: Buffer, line: Line, separator: number, before: QuoteState): QuoteState {
  let inQuotes = before === 'OPEN';
  let atCellStart = !inQuotes;
  for (let i = line.start; i < line.end; i++) {
    const byte = bytes[i];
    if (!inQuotes) {
      if (atCellStart && isBlank(byte, separator)) continue;
      inQuotes = atCellStart && byte === QUOTE;
      atCellStart = byte === separator;
    } else if (byte === QUOTE) {
      if (bytes[i + 1] === QUOTE && i + 1 < line.end) {
        i++;
        continue;
      }
      while (i + 1 < line.end && isBlank(bytes[i + 1], separator)) i++;
      if (i + 1 === line.end) return 'CLOSED';
      if (bytes[i + 1] !== separator) return 'BROKEN';
      inQuotes = false;
    }
  }
  return inQuotes ? 'OPEN' : 'CLOSED';
}

function isBlank(byte: number | undefined, separator: number): boolean {
  return byte === SPACE || (byte === TAB && separator !== TAB);
}

function take(
  reader: LineReader,
  first: Line,
  last: Pick<Line, 'number' | 'end' | 'next'>,
  problem: Rejection | null,
): RawCsvRecord {
  const valid = reader.isUtf8(first, last);
  const text = reader.textOf(first, last);
  const start = reader.position().offset;
  reader.consume(last);
  const encoding: Rejection = { code: 'INVALID_ENCODING', message: 'the row is not valid UTF-8' };
  return {
    line: first.number,
    start,
    end: reader.position(),
    text: text.length > MAX_LINE_BYTES ? text.slice(0, MAX_ERROR_RAW_CHARS) : text,
    problem: problem ?? (valid ? null : encoding),
  };
}

function lineTooLong(): Rejection {
  return { code: 'LINE_TOO_LONG', message: `a line may have ${MAX_LINE_BYTES} bytes, this one has more` };
}

function brokenCell(): Rejection {
  return invalidCsv('goes on after its closing quote');
}

function notClosed(): Rejection {
  return invalidCsv('is not closed by the end of the file');
}

function notClosedSoon(): Rejection {
  return invalidCsv(`is not closed within ${MAX_LINE_BYTES} bytes`);
}

function invalidCsv(what: string): Rejection {
  return { code: 'INVALID_CSV', message: `a quoted cell ${what}` };
}
