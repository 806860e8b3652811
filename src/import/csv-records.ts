import type { Rejection } from '../model/command.ts';
import { MAX_ERROR_RAW_CHARS, MAX_LINE_BYTES, type PlainLines, type Position } from './document-format.ts';
import { type Line, type LineReader, takePlainLine } from './line-reader.ts';

const QUOTE = 0x22;
const CARRIAGE_RETURN = 0x0d;

/** A CSV record as it stands in the document; its cells are still to be read. */
export type RawCsvRecord = {
  readonly line: number;
  readonly start: number;
  readonly end: Position;
  readonly text: string;
  /** Why its cells cannot be read, or null. */
  readonly problem: Rejection | null;
};

/** What a line leaves behind: a quoted cell that is still open, or one that goes on after its closing quote. */
type QuoteState = 'CLOSED' | 'OPEN' | 'BROKEN';

/**
 * Takes the whole records out of the lines at hand. A quote opens a cell only at its start (RFC 4180); a cell that never
 * closes, or goes on after its closing quote, fails the line it began on and no other, so that one stray quote does not
 * swallow the rest of the file.
 */
export function cutCsvRecords(reader: LineReader, delimiter: string, plain?: PlainLines): RawCsvRecord[] {
  const separator = delimiter.charCodeAt(0);
  const records: RawCsvRecord[] = [];
  let nextQuote = -1;
  for (let left = plain?.most ?? Number.POSITIVE_INFINITY; left > 0; left--) {
    if (plain && takePlainLine(reader, plain)) continue;
    const line = reader.peek();
    if (line === null) break;
    if (line.start === line.end) {
      reader.consume(line);
      continue;
    }
    if (line.tooLong) {
      records.push(cut(reader, line, line, lineTooLong()));
      continue;
    }
    if (nextQuote < line.start) nextQuote = indexOrEnd(reader.bytes(), line.start);
    const state = nextQuote >= line.end ? 'CLOSED' : followQuotes(reader.bytes(), line, separator, 'CLOSED');
    const record =
      state === 'CLOSED' ? cut(reader, line, line, null) : cutQuoted(reader, line, separator, state);
    if (record === null) break;
    records.push(record);
  }
  return records;
}

function indexOrEnd(bytes: Buffer, from: number): number {
  const index = bytes.indexOf(QUOTE, from);
  return index === -1 ? bytes.length : index;
}

/** A record whose first line leaves a quoted cell open; null while more lines are needed to tell. */
function cutQuoted(
  reader: LineReader,
  first: Line,
  separator: number,
  begun: QuoteState,
): RawCsvRecord | null {
  let state = begun;
  let line = first;
  while (state === 'OPEN') {
    if (reader.isLast(line))
      return cut(reader, first, first, invalidCsv('is not closed by the end of the file'));
    const next = reader.peek(line);
    // an unfinished line may end in the first half of a \r\n, which would not count
    const end = next ? next.end : reader.bytes().length - 1;
    if (end - first.start > MAX_LINE_BYTES) {
      return cut(reader, first, first, invalidCsv(`is not closed within ${MAX_LINE_BYTES} bytes`));
    }
    if (next === null) return null;
    line = next;
    state = followQuotes(reader.bytes(), line, separator, 'OPEN');
  }
  if (state === 'BROKEN') return cut(reader, first, first, invalidCsv('goes on after its closing quote'));
  return cut(reader, first, line, null);
}

function followQuotes(bytes: Buffer, line: Line, separator: number, before: QuoteState): QuoteState {
  let inQuotes = before === 'OPEN';
  let atCellStart = !inQuotes;
  for (let i = line.start; i < line.end; i++) {
    const byte = bytes[i];
    if (!inQuotes) {
      inQuotes = atCellStart && byte === QUOTE;
      atCellStart = byte === separator;
    } else if (byte === QUOTE) {
      if (bytes[i + 1] === QUOTE && i + 1 < line.end) i++;
      else if (i + 1 === line.end) return 'CLOSED';
      else if (bytes[i + 1] === separator) inQuotes = false;
      else return bytes[i + 1] === CARRIAGE_RETURN && i + 2 === line.end ? 'CLOSED' : 'BROKEN';
    }
  }
  return inQuotes ? 'OPEN' : 'CLOSED';
}

function cut(reader: LineReader, first: Line, last: Line, problem: Rejection | null): RawCsvRecord {
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

function invalidCsv(what: string): Rejection {
  return { code: 'INVALID_CSV', message: `a quoted cell ${what}` };
}
