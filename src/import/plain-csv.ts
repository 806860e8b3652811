import type { CommandContext, CsvHeader, PlainLineReader } from './document-format.ts';
import type { CompiledMapping } from './mapping/compile-mapping.ts';
import { createPlainMapping, type PlainValue } from './mapping/plain-mapping.ts';
import { createPlainCommandReader, type FoundFields, noFields, PLAIN_FIELDS } from './plain-command.ts';

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const CARRIAGE_RETURN = 0x0d;

/** A column no command is read from. */
const IGNORED = -1;
/**
 * A column that matters, but not to plain commands: a line with anything in it is left to the
 * reference parser.
 */
const NOT_PLAIN = -2;

/** Cells that the reference parser trims; here by spaces and tabs alone, which is stricter. */
const TRIMMED = new Set<string>([
  'operation',
  'compartment_id',
  'segment_id',
  'expiration_duration',
  'expiration_ts',
]);
const IS_TRIMMED = PLAIN_FIELDS.map((name) => TRIMMED.has(name));

/** Reads lines that are one CSV record each, with a cell for each field; see `plain-command.ts`. */
export function createPlainCsvReader(
  header: CsvHeader,
  context: CommandContext,
  compiled: CompiledMapping | null = null,
): PlainLineReader {
  const found = noFields();
  const readCommand = createPlainCommandReader(context, unescapeCsv);
  const separator = header.delimiter.charCodeAt(0);
  const fields = header.fields.map((name) => {
    const field = (PLAIN_FIELDS as readonly string[]).indexOf(name);
    return field === -1 && name !== '' ? NOT_PLAIN : field;
  });
  const mapped = compiled === null ? null : createPlainMapping(compiled);
  const values = header.columns.map((name, i) =>
    mapped === null || (fields[i] ?? IGNORED) < 0 ? null : mapped.valueOf(name, header.fields[i] ?? ''),
  );
  const columns = { fields, separator, values };
  const nextReturn = createByteSearch(CARRIAGE_RETURN);
  const nextZero = createByteSearch(0);
  return (bytes, { start, end, number }) => {
    mapped?.begin(found);
    return nextReturn(bytes, start) >= end &&
      nextZero(bytes, start) >= end &&
      findCells(bytes, { start, end }, columns, found) &&
      (mapped === null || mapped.addDefaults(found))
      ? readCommand(bytes, found, number)
      : null;
  };
}

type Columns = {
  readonly fields: readonly number[];
  readonly separator: number;
  /** What a mapping makes of the cells of a column; null: they are as they are documented. */
  readonly values: readonly (PlainValue | null)[];
};

/**
 * Finds the cells of one line; false where it is not a whole record of at most as many cells as the
 * header has.
 */
function findCells(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
  { fields, separator, values }: Columns,
  found: FoundFields,
): boolean {
  found.present = 0;
  found.escaped = 0;
  let at = start;
  for (let column = 0; column < fields.length; column++) {
    const field = fields[column] as number;
    const first = isBlank(bytes[at]) ? skipBlanks(bytes, at, end, separator) : at;
    const isQuoted = bytes[first] === QUOTE && first < end;
    const cellStart = isQuoted ? first + 1 : at;
    const cellEnd = isQuoted ? closingQuote(bytes, cellStart, end) : cellEndAt(bytes, at, end, separator);
    if (cellEnd === -1) return false;
    at = isQuoted ? cellEnd + 1 : cellEnd;
    if (isQuoted && isBlank(bytes[at])) at = skipBlanks(bytes, at, end, separator);
    const cell = { start: cellStart, end: cellEnd, field, isQuoted };
    if (cellEnd > cellStart && !noteMapped(bytes, cell, values[column] as PlainValue | null, found))
      return false;
    if (at === end) return true;
    if (bytes[at] !== separator) return false;
    at++;
  }
  return false;
}

/**
 * Passes over blanks, which may stand around a quoted cell; tabs are blanks unless they are the
 * separator.
 */
function skipBlanks(bytes: Buffer, from: number, end: number, separator: number): number {
  let at = from;
  while (at < end && (bytes[at] === SPACE || (bytes[at] === TAB && separator !== TAB))) at++;
  return at;
}

/** The quote that ends a quoted cell, or -1 when the line has none. */
function closingQuote(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (at + 1 === end || bytes[at + 1] !== QUOTE) return at;
    at++;
  }
  return -1;
}

function cellEndAt(bytes: Buffer, start: number, end: number, separator: number): number {
  let at = start;
  while (at < end && bytes[at] !== separator) at++;
  return at;
}

/**
 * Finds a byte in lines that ascend: where it comes next at or after `start`, which few buffers
 * need to be asked twice. A look for it at each byte of each cell costs more.
 */
function createByteSearch(byte: number): (bytes: Buffer, start: number) => number {
  let searched: Buffer | null = null;
  let next = 0;
  return (bytes, start) => {
    if (searched === bytes && next >= start) return next;
    searched = bytes;
    next = bytes.indexOf(byte, start);
    if (next === -1) next = Number.MAX_SAFE_INTEGER;
    return next;
  };
}

type Cell = {
  readonly start: number;
  readonly end: number;
  readonly field: number;
  readonly isQuoted: boolean;
};

/** Notes a cell that is not empty, as what a mapping makes of it. */
function noteMapped(bytes: Buffer, cell: Cell, value: PlainValue | null, found: FoundFields): boolean {
  if (value === null) return noteCell(bytes, cell, found);
  let first = cell.start;
  while (first < cell.end && isBlank(bytes[first])) first++;
  if (first === cell.end) return true;
  // other characters may be blanks as well
  if ((bytes[first] as number) >= 0x7f) return false;
  return !value.counts(found) || (noteCell(bytes, cell, found) && value.replace(bytes, found));
}

function noteCell(bytes: Buffer, cell: Cell, found: FoundFields): boolean {
  const { field, isQuoted } = cell;
  if (field === IGNORED) return true;
  if (field === NOT_PLAIN) return false;
  let { start, end } = cell;
  if (IS_TRIMMED[field]) {
    while (start < end && isBlank(bytes[start])) start++;
    while (start < end && isBlank(bytes[end - 1])) end--;
    if (start === end) return true;
  }
  found.present |= 1 << field;
  found.escaped &= ~(1 << field);
  if (isQuoted && bytes.subarray(start, end).includes(QUOTE)) found.escaped |= 1 << field;
  found.start[field] = start;
  found.end[field] = end;
  return true;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function unescapeCsv(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end).replaceAll('""', '"');
}
