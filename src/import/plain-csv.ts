import { COMMAND_FIELDS } from './command-fields.ts';
import type { CsvHeader } from './csv-header.ts';
import type { CommandContext, PlainLineReader } from './document-format.ts';
import { createPlainCommandReader, type FoundFields, noFields, PLAIN_FIELDS } from './plain-command.ts';

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const CARRIAGE_RETURN = 0x0d;

/** A column no command is read from. */
const IGNORED = -1;
/** A column that matters, but not to plain commands: a line with anything in it is left to the reference parser. */
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
export function createPlainCsvReader(header: CsvHeader, context: CommandContext): PlainLineReader {
  const found = noFields();
  const readCommand = createPlainCommandReader(context, unescapeCsv);
  const separator = header.delimiter.charCodeAt(0);
  const fields = header.columns.map((name) => {
    const field = (PLAIN_FIELDS as readonly string[]).indexOf(name);
    return field === -1 && COMMAND_FIELDS.has(name) ? NOT_PLAIN : field;
  });
  const columns = { fields, separator };
  const nextReturn = createByteSearch(CARRIAGE_RETURN);
  const nextZero = createByteSearch(0);
  return (bytes, { start, end, number }) =>
    nextReturn(bytes, start) >= end &&
    nextZero(bytes, start) >= end &&
    findCells(bytes, { start, end }, columns, found)
      ? readCommand(bytes, found, number)
      : null;
}

type Columns = { readonly fields: readonly number[]; readonly separator: number };

/** Finds the cells of one line; false where it is not a whole record of at most as many cells as the header has. */
function findCells(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
  { fields, separator }: Columns,
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
    if (cellEnd > cellStart && !noteCell(bytes, cellStart, cellEnd, { field, isQuoted }, found)) return false;
    if (at === end) return true;
    if (bytes[at] !== separator) return false;
    at++;
  }
  return false;
}

/** Passes over blanks, which may stand around a quoted cell; tabs are blanks unless they are the separator. */
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
 * Finds a byte in lines that ascend: where it comes next at or after `start`, which few buffers need to be asked twice. A look
 * for it at each byte of each cell costs more.
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

function noteCell(
  bytes: Buffer,
  cellStart: number,
  cellEnd: number,
  { field, isQuoted }: { field: number; isQuoted: boolean },
  found: FoundFields,
): boolean {
  if (field === IGNORED) return true;
  if (field === NOT_PLAIN) return false;
  let start = cellStart;
  let end = cellEnd;
  if (IS_TRIMMED[field]) {
    while (start < end && isBlank(bytes[start])) start++;
    while (start < end && isBlank(bytes[end - 1])) end--;
    if (start === end) return true;
  }
  found.present |= 1 << field;
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
