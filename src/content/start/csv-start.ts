import { Buffer } from 'node:buffer';
import type { ExpectedDocument } from '../../documents/documents.ts';
import { binaryKindOf, KIND_BYTES, textKindOf, unknownBinaryOf } from '../../documents/file-kinds.ts';
import { arrayForCsv, blankFile, otherFormat, unsupportedFile } from '../../documents/refusals.ts';
import { ServiceError } from '../../errors.ts';
import { COMMAND_FIELDS, ERROR_FIELDS } from '../../import/command-fields.ts';
import {
  findHeaderEnd,
  type HeaderState,
  headerText,
  MAX_HEADER_BYTES,
  namesSeparator,
  parseCsvHeader,
} from '../../import/csv-header.ts';
import { columnsOf, foldName } from '../../import/mapping/compile-mapping.ts';
import { NO_MAPPING } from '../../model/mapping.ts';
import { Head, type StartCheck } from './head.ts';
import { RowSearch } from './rows.ts';

type Header = ReturnType<typeof parseCsvHeader>;
/** A longer line is no header whose cells are looked at one by one. */
const MOST_GLUED_CHARACTERS = 64 * 1024;

/**
 * The beginning of a CSV document: its header, and as much below it as tells that there is a row.
 */
export class CsvStart implements StartCheck {
  readonly #expected: ExpectedDocument;
  readonly #head = new Head(KIND_BYTES);
  readonly #state: HeaderState = { at: 'CELL_START' };
  readonly #headerParts: Buffer[] = [];
  #headerBytes = 0;
  #header: Header | null = null;
  #rows: RowSearch | null = null;
  #isText = false;
  #isSettled = false;

  constructor(expected: ExpectedDocument) {
    this.#expected = expected;
  }

  take(chunk: Buffer): void {
    if (!this.#isSettled) this.#head.take(chunk);
    const below = this.#header === null ? this.#collect(chunk) : chunk;
    if (below !== null) this.#rows?.take(below);
    if (this.#head.length >= KIND_BYTES) this.#check();
  }

  end(): void {
    this.#head.end();
    if (this.#head.isBlank) throw blankFile();
    const line = this.#header === null ? this.#headerLine() : null;
    if (line !== null) this.#parse(line);
    this.#rows?.end();
    this.#checkKind();
    if (this.#rows?.found !== true) this.#refuseWithoutRow(line);
    this.#check();
  }

  /** Takes bytes of the header; gives what is below it, or null while it goes on. */
  #collect(chunk: Buffer): Buffer | null {
    const end = findHeaderEnd(chunk, this.#state);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    this.#headerBytes += part.length;
    if (this.#headerBytes > MAX_HEADER_BYTES) {
      const message = `the header line must be at most ${MAX_HEADER_BYTES} bytes long`;
      this.#header = { ok: false, message };
      return null;
    }
    this.#headerParts.push(Buffer.from(part));
    if (end < 0) return null;
    this.#parse(this.#headerLine());
    return chunk.subarray(end + 1);
  }

  #headerLine(): string {
    return headerText(Buffer.concat(this.#headerParts));
  }

  #parse(line: string): void {
    this.#headerParts.length = 0;
    this.#header = parseCsvHeader(line, this.#expected.profile, this.#expected.mapping);
    if (this.#header.ok) this.#rows = new RowSearch(this.#header.header);
  }

  /** Refuses what is no CSV, by what it is, and a header that cannot be used. */
  #check(): void {
    this.#checkKind();
    if (this.#header?.ok === false) throw new ServiceError('INVALID_HEADER', this.#header.message);
  }

  #checkKind(): void {
    if (this.#isSettled || (this.#isText && this.#header === null)) return;
    const head = this.#head.bytes;
    const binary = binaryKindOf(head);
    if (binary !== null) throw unsupportedFile(binary);
    this.#isText = true;
    this.#isSettled = this.#header?.ok === true;
    if (this.#header === null || this.#header.ok) return;
    const kind = textKindOf(head) ?? unknownBinaryOf(head);
    if (kind !== null) throw unsupportedFile(kind);
    const start = head.toString('latin1', 0, 1024);
    if (/^\{\s*["}]/.test(start)) throw otherFormat('TEXT_CSV');
    if (/^\[\s*[{["\]\d-]/.test(start)) throw arrayForCsv();
  }

  /**
   * A header alone is a night without changes, if its sender allows it. One with columns that
   * nobody knows is what a file looks like whose rows were glued to it, and then it may be no good
   * header either. `line`: the only one of the file.
   */
  #refuseWithoutRow(line: string | null): void {
    const header = this.#header?.ok ? this.#header.header : null;
    // what has line ends was not robbed of them: the header says itself what is wrong with it
    if (header === null && line !== null && (/[\r\n]/.test(line) || namesSeparator(line.trim()))) return;
    const cells = header?.cells ?? gluedCells(line ?? '');
    const mapped = new Set(columnsOf(this.#expected.mapping ?? NO_MAPPING).map(({ name }) => foldName(name)));
    const unknown = cells.filter((cell) => !isKnown(cell) && !mapped.has(foldName(cell)));
    if (unknown.length > 0 && unknown.length < cells.length) throw gluedFile(unknown);
    if (header !== null && this.#expected.allowEmpty === false) {
      throw new ServiceError(
        'EMPTY_FILE',
        'the file must hold a row below its header (allow_empty=false), got a header alone',
      );
    }
  }
}

function isKnown(cell: string): boolean {
  const name = cell.trim().toLowerCase();
  return name === '' || COMMAND_FIELDS.has(name) || ERROR_FIELDS.includes(name);
}

/** The cells of a line that is no good header, under the separator that gives the most. */
function gluedCells(line: string): readonly string[] {
  const start = line.slice(0, MOST_GLUED_CHARACTERS);
  const readings = [',', ';', '\t'].map((delimiter) => start.split(delimiter));
  readings.sort((a, b) => b.length - a.length);
  return (readings[0] ?? []).map((cell) => cell.trim().replace(/^"/, '').replace(/"$/, ''));
}

function gluedFile(unknown: readonly string[]): ServiceError {
  const names = unknown.slice(0, 8).map((cell) => JSON.stringify(cell.trim().slice(0, 60)));
  const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : '';
  return new ServiceError(
    'EMPTY_FILE',
    `the file must hold a row below its header, got a header alone, with unknown columns: ${names.join(', ')}${more}. ` +
      'They may be rows whose line breaks were lost: curl keeps line breaks with --data-binary and removes them with -d',
  );
}
