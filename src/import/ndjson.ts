import type { Rejection } from '../model/command.ts';
import type { Mapping } from '../model/mapping.ts';
import { OPENING_BRACE } from './ascii.ts';
import {
  type CommandSource,
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
  MAX_ERROR_RAW_CHARS,
  MAX_LINE_BYTES,
  type PlainLines,
  type Position,
  type Splitter,
} from './document-format.ts';
import { describeJsonError, isNestedTooDeep, jsonText, MAX_NESTING } from './json-source.ts';
import { type Line, LineReader, takePlainLines } from './line-reader.ts';
import { compileMapping } from './mapping/compile-mapping.ts';
import { mapMembers } from './mapping/map-members.ts';
import { joinObjectLines, noObjectLines, type ObjectLines } from './multi-line-object.ts';
import { isOmissionNote } from './omission-note.ts';
import { ndjsonLayout } from './plain-layout.ts';
import { readFailedJson } from './read-failed.ts';
import { ndjsonErrorLine } from './rejections.ts';

const TOO_LONG = `a line may have ${MAX_LINE_BYTES} bytes, this one has more`;

/**
 * NDJSON as spec §6 reads it: one object per line, or spread over several; blank lines and a BOM
 * are skipped.
 */
export const ndjsonFormat: DocumentFormat = {
  csv: null,
  mapping: null,
  start: { offset: 0, line: 0 },
  createSplitter: (from) => createNdjsonSplitter(from),
  plainLayout: ndjsonLayout(null),
  columns: null,
  readFailed: ({ text }) => readFailedJson(text),
  errorFileHeader: '',
  errorLine: (record, rejection) => ndjsonErrorLine(record, rejection),
};

/** NDJSON whose members are read by a mapping. */
export function mappedNdjson(mapping: Mapping): DocumentFormat {
  const compiled = compileMapping(mapping);
  const read = (source: CommandSource) => mapMembers(source, compiled);
  const secret = compiled.columns.filter(({ field }) => field === 'email_hash').map(({ name }) => name);
  return {
    ...ndjsonFormat,
    mapping,
    createSplitter: (from) => createNdjsonSplitter(from, read),
    plainLayout: ndjsonLayout(compiled),
    readFailed: ({ text }) => readFailedJson(text).map(read),
    errorLine: (record, rejection) => ndjsonErrorLine(record, rejection, secret),
  };
}

/**
 * A record that never closes: it goes on until the next line that begins with `{`, which may be
 * blocks away.
 */
type Unclosed = {
  readonly start: Position;
  readonly line: number;
  readonly rejection: Rejection;
  text: string;
};

/** An object that its first line does not close, and whose other lines have not all come. */
type Open = { readonly at: number; readonly content: Rejection; readonly joined: ObjectLines };

/**
 * Cuts NDJSON into records and parses them. Pure: any bytes in, records out, no line of them left
 * out.
 */
export function createNdjsonSplitter(
  from: Position,
  read?: (source: CommandSource) => CommandSource,
): Splitter {
  const reader = new LineReader(from);
  let unclosed: Unclosed | null = null;
  let open: Open | null = null;

  function push(block: Buffer, last: boolean, plain?: PlainLines): DocumentRecord[] {
    reader.append(block, last);
    const records: DocumentRecord[] = [];
    for (let left = plain?.most ?? Number.POSITIVE_INFINITY; left > 0; left--) {
      if (unclosed === null && open === null && plain) left -= takePlainLines(reader, plain, left);
      if (left <= 0) break;
      const record = takeRecord(last);
      if (record === null) break;
      const { content } = record;
      if (isRejection(content)) records.push(record);
      else if (!isOmissionNote(content.fields))
        records.push(read === undefined ? record : { ...record, content: read(content) });
    }
    return records;
  }

  /** The next record, or null when the lines at hand do not tell where it ends. */
  function takeRecord(last: boolean): DocumentRecord | null {
    if (unclosed !== null) return takeUnclosed(unclosed, last);
    const line = nextLine(reader);
    if (line === null) return null;
    if (line.tooLong) return takeLines(line, line, { code: 'LINE_TOO_LONG', message: TOO_LONG });

    // what was found out about the line before the last block came is not found out again
    const at = reader.position().offset;
    const before = open?.at === at ? open : null;
    const content = before?.content ?? readObject(reader.textOf(line), reader.isUtf8(line));
    if (!isRejection(content) || reader.firstByteOf(line) !== OPENING_BRACE)
      return takeLines(line, line, content);
    const lines = before?.joined ?? noObjectLines();
    const joined = joinObjectLines(reader, line, lines);
    open = joined === null ? { at, content, joined: lines } : null;
    if (joined === null) return null;
    if (joined.type === 'UNCLOSED') {
      const start = reader.position();
      unclosed = {
        start,
        line: line.number,
        text: reader.textOf(line),
        rejection: invalidJson(joined.problem),
      };
      reader.consume(line);
      return takeUnclosed(unclosed, last);
    }
    if (joined.last === line) return takeLines(line, line, content);
    const whole = readObject(textOf(line, joined.last), reader.isUtf8(line, joined.last));
    return takeLines(line, joined.last, whole);
  }

  function takeLines(first: Line, last: Line, content: CommandSource | Rejection): DocumentRecord {
    const text = textOf(first, last).slice(0, first.tooLong ? MAX_ERROR_RAW_CHARS : undefined);
    const start = reader.position().offset;
    reader.consume(last);
    return { line: first.number, start, end: reader.position(), text, content };
  }

  /** Lines without their BOMs: no JSON text goes over a line end. */
  function textOf(first: Line, last: Line): string {
    const text = reader.textOf(first, last);
    return first === last ? text : text.replace(/\n\ufeff+/g, '\n');
  }

  /**
   * Passes over the lines that belong to a record that never closes. Until they end it is not a
   * record: see `position`.
   */
  function takeUnclosed(record: Unclosed, last: boolean): DocumentRecord | null {
    for (let line = reader.peek(); line !== null; line = reader.peek()) {
      if (reader.firstByteOf(line) === OPENING_BRACE) return endUnclosed(record);
      if (record.text.length < MAX_LINE_BYTES)
        record.text = `${record.text}\n${reader.textOf(line)}`.slice(0, MAX_LINE_BYTES);
      reader.consume(line);
    }
    return last ? endUnclosed(record) : null;
  }

  function endUnclosed({ line, start, text, rejection }: Unclosed): DocumentRecord {
    unclosed = null;
    return { line, start: start.offset, end: reader.position(), text, content: rejection };
  }

  return { push, position: () => unclosed?.start ?? reader.position() };
}

/** The next line that is not blank; blank ones are consumed. */
function nextLine(reader: LineReader): Line | null {
  for (let line = reader.peek(); line !== null; line = reader.peek()) {
    if (line.tooLong || reader.firstByteOf(line) !== null) return line;
    reader.consume(line);
  }
  return null;
}

function readObject(text: string, isValidUtf8: boolean): CommandSource | Rejection {
  if (!isValidUtf8) return { code: 'INVALID_ENCODING', message: 'the line is not valid UTF-8' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return invalidJson(describeJsonError(text));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const came = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    return { code: 'NOT_AN_OBJECT', message: `a line must hold a JSON object, got ${came}` };
  }
  if (isNestedTooDeep(value)) return invalidJson(`the object is nested deeper than ${MAX_NESTING}`);
  return {
    fields: value as Record<string, unknown>,
    ...jsonText(text),
  };
}

function invalidJson(message: string): Rejection {
  return { code: 'INVALID_JSON', message };
}
