import { Buffer } from 'node:buffer';
import { NEWLINE, QUOTE, RETURN } from '../ascii.ts';
import { readCsvCells } from '../csv-cells.ts';
import {
  type CsvHeader,
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
  MAX_LINE_BYTES,
  type Splitter,
} from '../document-format.ts';
import { replaceValues } from '../json-source.ts';
import { type Line, takeByLine } from '../line-reader.ts';
import { csvLine, MASK } from '../rejections.ts';
import { foldName, type MappedColumn } from './compile-mapping.ts';
import { hashValue, type Sha256 } from './hash-rules.ts';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
/** Bytes that are kept of a record that has not ended: one that is longer cannot be read. */
const MAX_HELD_BYTES = 4 * MAX_LINE_BYTES;

type HashedColumns = {
  readonly columns: readonly MappedColumn[];
  readonly sha256: Sha256;
  /** Whether a value is an own word of the mapping, which is kept as it is. */
  readonly isWord: (field: string, value: string) => boolean;
};
type LineBytes = Pick<Line, 'start' | 'end'>;
type HowToHash = Omit<HashedColumns, 'columns'>;
type HashedCell = { readonly index: number; readonly column: MappedColumn };

/** Hashes the records of a document behind its header. */
export class RecordHasher {
  readonly #splitter: Splitter;
  readonly #hashing: Hashing;
  readonly #hidesDigits: boolean;
  /** What has not been given, from this offset and line on. */
  #held: Buffer = Buffer.alloc(0);
  #offset: number;
  #line: number;
  /**
   * Of a record that is longer than what is held: the lines of the part that is not kept, and where
   * that ends.
   */
  #dropped: { lines: number; to: number } | null = null;

  constructor(format: DocumentFormat, of: HashedColumns) {
    this.#splitter = format.createSplitter(format.start);
    this.#hashing = format.csv === null ? hashMembers(of) : hashCells(format.csv.header, of);
    this.#hidesDigits = of.columns.some(({ hash }) => hash?.endsWith('_phone'));
    this.#offset = format.start.offset;
    this.#line = format.start.line;
  }

  /** Takes the next bytes; gives those of whole records. */
  take(bytes: Buffer, isLast: boolean): Buffer {
    const plain: number[] = [];
    const takePlainLines = takeByLine((buffer, line) => {
      if (!this.#hashing.isPlain(buffer, line)) return false;
      plain.push(line.number);
      return true;
    });
    const lines = { take: takePlainLines, most: Number.POSITIVE_INFINITY };
    const records = this.#splitter.push(bytes, isLast, lines);
    const out: Buffer[] = [];
    if (this.#dropped === null)
      this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    else if (records.length === 0 && plain.length === 0) {
      this.#dropped.lines += linesIn(bytes);
      this.#dropped.to += bytes.length;
      return Buffer.alloc(0);
    } else this.#takeLong(records.shift() as DocumentRecord, bytes, out);

    let next = 0;
    for (const record of records) {
      while (next < plain.length && (plain[next] as number) < record.line)
        this.#takePlain(plain[next++] as number, out);
      this.#takeRecord(record, out);
    }
    while (next < plain.length) this.#takePlain(plain[next++] as number, out);
    // blank lines and what else belongs to no record
    this.#passTo({ offset: this.#splitter.position().offset }, out);
    if (this.#held.length > MAX_HELD_BYTES)
      this.#dropped = { lines: 0, to: this.#offset + this.#held.length };
    return Buffer.concat(out);
  }

  /** Gives the bytes up to a line, or to an offset, as they are. */
  #passTo(until: { line?: number; offset?: number }, out: Buffer[]): void {
    let at = 0;
    if (until.offset !== undefined) at = until.offset - this.#offset;
    else for (let n = this.#line; n < (until.line ?? 0); n++) at = endOfLine(this.#held, at);
    const passed = this.#skip(at);
    if (at > 0) out.push(passed);
  }

  #skip(length: number): Buffer {
    const skipped = this.#held.subarray(0, length);
    this.#line += linesIn(skipped);
    this.#offset += length;
    this.#held = this.#held.subarray(length);
    return skipped;
  }

  #takeRecord(record: DocumentRecord, out: Buffer[]): void {
    this.#passTo({ offset: record.start }, out);
    const raw = this.#skip(record.end.offset - this.#offset);
    if (isRejection(record.content)) out.push(this.#hideAll(raw));
    else out.push(this.#hashing.record(record, raw) ?? raw);
  }

  /** A line that is too long stays so. */
  #hideAll(raw: Buffer): Buffer {
    const hidden = masked(raw, this.#hidesDigits);
    if (raw.length <= MAX_LINE_BYTES || hidden.length > MAX_LINE_BYTES + 2) return hidden;
    const end = lineEndOf(hidden);
    const rest = hidden.subarray(0, hidden.length - end.length);
    return Buffer.concat([rest, Buffer.alloc(MAX_LINE_BYTES + 3 - rest.length, '*'), end]);
  }

  /** Takes the line of this number, which is a record by itself. */
  #takePlain(number: number, out: Buffer[]): void {
    this.#passTo({ line: number - 1 }, out);
    const raw = this.#skip(endOfLine(this.#held, 0));
    out.push(this.#hashing.line(raw) ?? raw);
  }

  /**
   * The record that was too long to be held ends in these bytes: its beginning is kept, and as many
   * lines.
   */
  #takeLong(record: DocumentRecord, bytes: Buffer, out: Buffer[]): void {
    const dropped = this.#dropped as { lines: number; to: number };
    this.#passTo({ offset: record.start }, out);
    const rest = bytes.subarray(0, record.end.offset - dropped.to);
    const kept = this.#hideAll(firstLine(this.#held).subarray(0, 2 * MAX_LINE_BYTES));
    const lines = dropped.lines + linesIn(this.#held) + linesIn(rest);
    out.push(kept, Buffer.alloc(lines, '\n'));
    this.#line += lines;
    this.#offset = record.end.offset;
    this.#held = bytes.subarray(rest.length);
    this.#dropped = null;
  }
}

/** How the hashed values of records are replaced; null: there is nothing to replace. */
type Hashing = {
  /** Whether a line is a record by itself that `line` can change. */
  readonly isPlain: (bytes: Buffer, line: LineBytes) => boolean;
  readonly line: (raw: Buffer) => Buffer | null;
  readonly record: (record: DocumentRecord, raw: Buffer) => Buffer | null;
};

function hashMembers({ columns, ...how }: HashedColumns): Hashing {
  function record({ text }: DocumentRecord, raw: Buffer): Buffer | null {
    const hashed = columns.reduce(
      (json, column) => replaceValues(json, column.name, (value) => hashJson(value, column, how)),
      text,
    );
    return hashed === text ? null : Buffer.concat([Buffer.from(hashed), lineEndOf(raw)]);
  }
  return { isPlain: () => false, line: () => null, record };
}

/** The hash of a JSON value as JSON; null where there is none to hash. */
function hashJson(json: string, column: MappedColumn, how: HowToHash): string | null {
  const value: unknown = JSON.parse(json);
  if (value === null) return null;
  const text = typeof value === 'string' ? value : typeof value === 'number' ? json : '\0';
  const hashed = hashText(text, column, how);
  return hashed === null ? null : JSON.stringify(hashed);
}

/** What is kept of a value: its hash, or a mask where it has none; null: it is blank, or stays. */
function hashText(
  value: string,
  { hash, field }: MappedColumn,
  { sha256, isWord }: HowToHash,
): string | null {
  if (hash === null || value.trim() === '' || isWord(field, value)) return null;
  const hashed = hashValue(hash, value, sha256) ?? MASK;
  return hashed === value ? null : hashed;
}

function hashCells(header: CsvHeader, { columns, ...how }: HashedColumns): Hashing {
  const { delimiter } = header;
  const separator = delimiter.charCodeAt(0);
  const width = header.columns.length;
  const hashed = columns
    .flatMap((column): HashedCell[] => {
      const index = header.columns.indexOf(foldName(column.name));
      return index === -1 ? [] : [{ index, column }];
    })
    .sort((a, b) => a.index - b.index);

  function isPlain(bytes: Buffer, { start, end }: LineBytes): boolean {
    let cells = 1;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (byte === QUOTE || byte === RETURN) return false;
      if (byte === separator) cells++;
    }
    return cells <= width;
  }

  function line(raw: Buffer): Buffer | null {
    const end = raw.length - lineEndOf(raw).length;
    const parts: Buffer[] = [];
    let given = 0;
    let at = 0;
    let cell = 0;
    while (raw.subarray(at, at + BOM.length).equals(BOM)) at += BOM.length;
    for (const { index, column } of hashed) {
      for (; cell < index; cell++) {
        const next = raw.indexOf(separator, at);
        if (next === -1 || next >= end)
          return parts.length === 0 ? null : Buffer.concat([...parts, raw.subarray(given)]);
        at = next + 1;
      }
      const next = raw.indexOf(separator, at);
      const cellEnd = next === -1 || next > end ? end : next;
      const value = hashText(raw.toString('utf8', at, cellEnd), column, how);
      if (value === null) continue;
      parts.push(raw.subarray(given, at), Buffer.from(value));
      given = cellEnd;
    }
    return parts.length === 0 ? null : Buffer.concat([...parts, raw.subarray(given)]);
  }

  function record({ text }: DocumentRecord, raw: Buffer): Buffer | null {
    const cells = [...readCsvCells(text, delimiter).cells];
    let isChanged = false;
    for (const { index, column } of hashed) {
      const value = hashText(cells[index] ?? '', column, how);
      if (value === null) continue;
      cells[index] = value;
      isChanged = true;
    }
    if (!isChanged) return null;
    return Buffer.concat([Buffer.from(csvLine(cells, delimiter).slice(0, -1)), lineEndOf(raw)]);
  }

  return { isPlain, line, record };
}

/**
 * What may be a clear value in bytes that cannot be read, masked: each word that holds an `@`,
 * plain or as JSON may escape it, and where phone numbers are hashed each digit. By bytes, so that
 * what is no UTF-8 stays so; quotes and braces stay too.
 */
function masked(raw: Buffer, hidesDigits: boolean): Buffer {
  const text = raw
    .toString('latin1')
    .replace(/[^\t\n\v\f\r "',;:{}]+/g, (word) => (/@|\\u0040/i.test(word) ? MASK : word));
  return Buffer.from(hidesDigits ? text.replace(/\d/g, '*') : text, 'latin1');
}

function lineEndOf(raw: Buffer): Buffer {
  if (raw.at(-1) !== NEWLINE) return raw.subarray(raw.length);
  return raw.subarray(raw.at(-2) === RETURN ? -2 : -1);
}

/** Where the line that begins at `from` ends, its line end with it. */
function endOfLine(bytes: Buffer, from: number): number {
  const newline = bytes.indexOf(NEWLINE, from);
  return newline === -1 ? bytes.length : newline + 1;
}

/** The first line of some bytes, without its line end. */
function firstLine(bytes: Buffer): Buffer {
  const newline = bytes.indexOf(NEWLINE);
  return newline === -1 ? bytes : bytes.subarray(0, newline);
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}
