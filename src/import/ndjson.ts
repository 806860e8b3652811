import type { Rejection } from '../model/command.ts';
import {
  type CommandSource,
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
  MAX_ERROR_RAW_CHARS,
  MAX_LINE_BYTES,
  type Position,
  type Splitter,
} from './document-format.ts';
import { describeJsonError, isNestedTooDeep, MAX_NESTING, sourceAt } from './json-source.ts';
import { createLineReader, type LineReader } from './line-reader.ts';
import { joinObjectLines } from './multi-line-object.ts';
import { ndjsonErrorLine } from './rejections.ts';

const OPENING_BRACE = 0x7b;

/** NDJSON as spec §6 reads it: one object per line, or spread over several; blank lines and a BOM are skipped. */
export const ndjsonFormat: DocumentFormat = {
  start: { offset: 0, line: 0 },
  createSplitter: createNdjsonSplitter,
  errorFileHeader: '',
  errorLine: ndjsonErrorLine,
};

/** Cuts NDJSON into records and parses them. Pure: any bytes in, records out, no line of them left out. */
export function createNdjsonSplitter(from: Position): Splitter {
  const reader = createLineReader(from);

  function push(block: Buffer, last: boolean): DocumentRecord[] {
    reader.append(block, last);
    const records: DocumentRecord[] = [];
    for (let record = takeRecord(reader); record !== null; record = takeRecord(reader)) records.push(record);
    return records;
  }

  return { push, position: reader.position };
}

/** The next record, or null when the lines at hand do not tell where it ends. */
function takeRecord(reader: LineReader): DocumentRecord | null {
  for (let line = reader.peek(); line !== null; line = reader.peek()) {
    if (line.tooLong) {
      reader.consume(line);
      return record(reader, line.number, reader.textOf(line).slice(0, MAX_ERROR_RAW_CHARS), {
        code: 'LINE_TOO_LONG',
        message: `a line may have ${MAX_LINE_BYTES} bytes, this one has more`,
      });
    }
    const first = reader.firstByteOf(line);
    if (first === null) {
      reader.consume(line);
      continue;
    }
    const text = reader.textOf(line);
    const content = readObject(text, reader.isUtf8(line));
    if (isRejection(content) && first === OPENING_BRACE) {
      const joined = joinObjectLines(reader, line);
      if (joined === null) return null;
      reader.consume(joined.lastLine);
      if (joined.unclosed !== null)
        return record(reader, line.number, joined.text, invalidJson(joined.unclosed));
      const whole = joined.lastLine === line ? content : readObject(joined.text, joined.isUtf8);
      return record(reader, line.number, joined.text, whole);
    }
    reader.consume(line);
    return record(reader, line.number, text, content);
  }
  return null;
}

function record(
  reader: LineReader,
  line: number,
  text: string,
  content: CommandSource | Rejection,
): DocumentRecord {
  return { line, end: reader.position(), text, content };
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
  if (isNestedTooDeep(value)) return invalidJson(`nested deeper than ${MAX_NESTING}`);
  return {
    fields: value as Record<string, unknown>,
    source: (field, index) => sourceAt(text, field, index),
  };
}

function invalidJson(message: string): Rejection {
  return { code: 'INVALID_JSON', message };
}
