import fc from 'fast-check';
import type { RejectionCode } from '../../src/model/command.ts';
import { isArray, type Json, type JsonMember, type Layout, object, writeJson } from '../model/json.ts';
import type { ModelRecord } from '../model/read-command.ts';
import { commandFields, resolveNames } from './commands.ts';

/** A generated file before ids and instants are known. */
export type FileDraft = {
  readonly format: 'NDJSON' | 'CSV';
  write(names: ReadonlyMap<string, string>, now: number): WrittenFile;
};
export type WrittenFile = {
  readonly bytes: Buffer;
  readonly records: readonly ModelRecord[];
  /** The names of the columns as they stand in the file; null of NDJSON. */
  readonly header: { readonly line: number; readonly names: readonly string[] } | null;
};

/** Stands for bytes that are no UTF-8 until the file is made of bytes. */
const INVALID_BYTES_MARK = '\ue000';
const BOM = '\ufeff';
const invalidBytes = fc.constantFrom(
  ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0x80], [0xf5, 0x80, 0x80, 0x80], [0xc3]].map(
    (bytes) => Buffer.from(bytes),
  ),
);

/** What both formats have in common. */
const frame = {
  bom: fc.boolean(),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  lastLineEnd: fc.boolean(),
  invalid: invalidBytes,
  /**
   * Every how many lines or records one begins with a BOM, as in files that were joined; 0 is none.
   */
  joined: fc.constantFrom(0, 0, 0, 1, 3),
};

/** Lines of a file as they come, with the record each piece is. */
type Piece = {
  readonly text: string;
  /**
   * Null for what is no record: a blank line, or what an object that never closes has swallowed.
   */
  readonly record: Unplaced | null;
};
type Unplaced = ModelRecord extends infer R ? (R extends ModelRecord ? Omit<R, 'line'> : never) : never;

function assemble(
  pieces: readonly Piece[],
  of: { bom: boolean; lineEnd: string; lastLineEnd: boolean; invalid: Buffer; joined: number },
): WrittenFile {
  const records: ModelRecord[] = [];
  let line = 1;
  for (const { text, record } of pieces) {
    if (record !== null) records.push({ ...record, line } as ModelRecord);
    line += text.split('\n').length;
  }
  const withBom = (text: string, i: number) => (of.joined > 0 && i % of.joined === 0 ? BOM + text : text);
  const text = pieces.map((piece, i) => withBom(piece.text, i)).join(of.lineEnd);
  const all = (of.bom ? BOM : '') + text + (of.lastLineEnd ? of.lineEnd : '');
  return { bytes: putInvalidBytes(all, of.invalid), records, header: null };
}

function putInvalidBytes(text: string, invalid: Buffer): Buffer {
  const parts = text.split(INVALID_BYTES_MARK).map((part) => Buffer.from(part));
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [invalid, part])));
}

// -------------------------------------------------------------------------------------------------
// NDJSON

type NdjsonPiece =
  | { type: 'command'; members: readonly JsonMember[]; layout: Layout; around: readonly [string, string] }
  | { type: 'blank'; text: string }
  | { type: 'broken'; text: string; code: RejectionCode; readable: readonly ReadonlyMap<string, Json>[] }
  | { type: 'cut'; members: readonly JsonMember[]; text: string };

const layouts = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Layout>({ line: () => '', afterColon: '' }) },
  fc.constant<Layout>({ line: () => ' ', afterColon: ' ' }),
  fc.constant<Layout>({ line: () => '\r', afterColon: '\t' }),
  fc.constant<Layout>({ line: (depth) => `\n${'  '.repeat(depth)}`, afterColon: ' ' }),
  fc.constant<Layout>({ line: () => '\r\n', afterColon: '\r\n' }),
  fc.constant<Layout>({ line: (depth) => `\n\n${'\t'.repeat(depth)}`, afterColon: '' }),
);
const good = '{"operation":"UPDATE","user_account_id":"u1","segment_id":"«alpha»","expiration_duration":0}';
/** What can be read of a line that has `good` in it. */
const READABLE: ReadonlyMap<string, Json> = new Map([['user_account_id', 'u1']]);
/** Broken lines in which a reader still finds no user, though `good` is in them. */
const UNREADABLE = [good.replace('u1', `u${INVALID_BYTES_MARK}1`)];
const brokenLines = fc.constantFrom<readonly [text: string, code: RejectionCode]>(
  ['nonsense', 'INVALID_JSON'],
  ['operation,user_account_id', 'INVALID_JSON'],
  ['\0', 'INVALID_JSON'],
  ['[1,2]', 'NOT_AN_OBJECT'],
  [`[${good}]`, 'NOT_AN_OBJECT'],
  ['"text"', 'NOT_AN_OBJECT'],
  ['-12.5e3', 'NOT_AN_OBJECT'],
  ['null', 'NOT_AN_OBJECT'],
  ['true', 'NOT_AN_OBJECT'],
  ['tru', 'INVALID_JSON'],
  ['"open', 'INVALID_JSON'],
  ['01', 'INVALID_JSON'],
  ['NaN', 'INVALID_JSON'],
  [`${good},`, 'INVALID_JSON'],
  [`${good} ,`, 'INVALID_JSON'],
  [`${good}${good}`, 'INVALID_JSON'],
  [`${good} // why`, 'INVALID_JSON'],
  [`${good}x`, 'INVALID_JSON'],
  [`,${good}`, 'INVALID_JSON'],
  [`x${good}`, 'INVALID_JSON'],
  ['{"operation":"UPDATE",}', 'INVALID_JSON'],
  ['{operation:"UPDATE"}', 'INVALID_JSON'],
  ["{'operation':'UPDATE'}", 'INVALID_JSON'],
  ['{"operation" "UPDATE"}', 'INVALID_JSON'],
  ['{"operation":"UP\tDATE"}', 'INVALID_JSON'],
  ['{"operation":"\\x"}', 'INVALID_JSON'],
  ['{"operation":"\\u12"}', 'INVALID_JSON'],
  ['{"a":01}', 'INVALID_JSON'],
  ['{"a":1.}', 'INVALID_JSON'],
  ['{"a":+1}', 'INVALID_JSON'],
  ['{"a":undefined}', 'INVALID_JSON'],
  [`{"a":${'['.repeat(32)}${']'.repeat(32)}}`, 'INVALID_JSON'],
  [`{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}`, 'INVALID_JSON'],
  [`{"operation":"UPDATE${INVALID_BYTES_MARK}"}`, 'INVALID_ENCODING'],
  [good.replace('u1', `u${INVALID_BYTES_MARK}1`), 'INVALID_ENCODING'],
  [good.replace('{', `{"note":"${INVALID_BYTES_MARK}",`), 'INVALID_ENCODING'],
);
/**
 * Objects that are cut off: they open and never close. What follows and does not begin with `{` is
 * lost with them.
 */
const cutTexts = [
  ...['{', '{"operation":"UPDATE",', '{"note":[{},', '{"note":{"a":', '{"operation":'],
  ...[
    '{"operation":"UPDATE',
    '{"note":"{',
    '{\n"operation":"UPDATE,\n"user_account_id":"u1"\n}',
    '{\n"note":{\n}',
  ],
];

const ndjsonPiece: fc.Arbitrary<NdjsonPiece> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      type: fc.constant('command' as const),
      members: commandFields(),
      layout: layouts,
      around: fc.oneof(
        { weight: 5, arbitrary: fc.constant(['', ''] as const) },
        fc.constantFrom([' ', ''] as const, ['\t ', ' \t'] as const, ['', '\r'] as const),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('', ' ', '\t', '\r').map((text) => ({ type: 'blank' as const, text })),
  },
  {
    weight: 4,
    arbitrary: brokenLines.map(([text, code]) => {
      const isReadable = text.includes('"user_account_id":"u1"') && !UNREADABLE.includes(text);
      return { type: 'broken' as const, text, code, readable: isReadable ? [READABLE] : [] };
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('cut' as const),
      members: commandFields(),
      text: fc.constantFrom(...cutTexts),
    }),
  },
);

/**
 * An NDJSON file: commands in every layout, broken lines, blank lines, objects that never close.
 */
export function ndjsonFile(maxLength: number): fc.Arbitrary<FileDraft> {
  return fc
    .record({ pieces: fc.array(ndjsonPiece, { minLength: 1, maxLength, size: 'max' }), ...frame })
    .map((draft) => ({
      format: 'NDJSON' as const,
      write: (names, now) => assemble(writeNdjson(draft.pieces, names, now), draft),
    }));
}

function writeNdjson(
  drafts: readonly NdjsonPiece[],
  names: ReadonlyMap<string, string>,
  now: number,
): readonly Piece[] {
  const isCut = drafts.some((draft) => draft.type === 'cut');
  const pieces: Piece[] = [];
  let swallowing = false;
  for (const draft of drafts) {
    const piece = writeNdjsonPiece(draft, { isCut, names, now });
    // A file that begins with `[` is refused as a whole.
    if (piece.text.startsWith('[') && pieces.every((before) => before.text.trim() === '')) continue;
    if (piece.text.startsWith('{')) swallowing = false;
    pieces.push(swallowing ? { ...piece, record: null } : piece);
    if (draft.type === 'cut') swallowing = true;
  }
  // A file without a record is refused as a whole.
  return pieces.some((piece) => piece.text.trim() !== '')
    ? pieces
    : [{ text: 'nonsense', record: broken('INVALID_JSON') }];
}

function writeNdjsonPiece(
  draft: NdjsonPiece,
  of: { isCut: boolean; names: ReadonlyMap<string, string>; now: number },
): Piece {
  if (draft.type === 'blank') return { text: draft.text, record: null };
  if (draft.type === 'cut') return { text: draft.text, record: broken('INVALID_JSON') };
  if (draft.type === 'broken') {
    const text = resolveNames(draft.text, of.names, of.now);
    return { text, record: broken(draft.code, draft.readable) };
  }
  const command = resolveNames(object(...draft.members), of.names, of.now);
  // After an object that never closes, reading goes on at a line that begins with `{`: no white
  // space before it then.
  const [before, after] = of.isCut ? ['', draft.around[1]] : draft.around;
  return {
    text: before + writeJson(command, draft.layout) + after,
    record: { type: 'object', object: command },
  };
}

function broken(code: RejectionCode, readable: readonly ReadonlyMap<string, Json>[] = []): Unplaced {
  return { type: 'broken', code, readable };
}

/** A row whose cells cannot be told apart. */
function unreadable(readable: readonly ReadonlyMap<string, Json>[] = []): Unplaced {
  return { type: 'broken', code: 'INVALID_CSV', isRaw: true, readable };
}

// -------------------------------------------------------------------------------------------------
// CSV

const LIST_COLUMNS = ['segment_ids', 'segment_technical_names'];
const COLUMNS = [
  ...['operation', 'user_account_id', 'compartment_id', 'compartment_token', 'email_hash', 'user_agent_id'],
  ...['segment_id', 'segment_technical_name', ...LIST_COLUMNS],
  ...['expiration_duration', 'expiration_ts', 'data_bag', 'note'],
];

type Cells = ReadonlyMap<string, string | readonly Json[]>;
type CsvPiece =
  | {
      type: 'row';
      members: readonly JsonMember[];
      quoteAll: boolean;
      /** Blanks around quoted cells. */
      around: readonly [string, string];
      end: 'FULL' | 'SHORT' | 'BLANK_MORE';
    }
  | { type: 'tooMany'; members: readonly JsonMember[]; more: string }
  | { type: 'invalidBytes'; members: readonly JsonMember[] }
  | { type: 'empty' }
  | { type: 'blankCells'; cell: string }
  | { type: 'headerAgain'; title: Title }
  | { type: 'separatorAgain' }
  | { type: 'unreadable'; members: readonly JsonMember[]; cell: string };
type Title = (name: string) => string;

const titles = fc.constantFrom<Title>(
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => ` ${name} `,
  (name) => `"${name}"`,
  (name) => ` "${name}"  `,
);

const csvPiece: fc.Arbitrary<CsvPiece> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      type: fc.constant('row' as const),
      members: commandFields(),
      quoteAll: fc.boolean(),
      around: fc.oneof(
        { weight: 3, arbitrary: fc.constant(['', ''] as const) },
        fc.constantFrom([' ', ''] as const, ['', '  '] as const, ['\t ', ' \t'] as const),
      ),
      end: fc.constantFrom('FULL' as const, 'FULL' as const, 'SHORT' as const, 'BLANK_MORE' as const),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ type: 'empty' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('blankCells' as const),
      cell: fc.constantFrom('', ' ', '""', '\u00a0'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('headerAgain' as const), title: titles }) },
  { weight: 1, arbitrary: fc.constant({ type: 'separatorAgain' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('unreadable' as const),
      members: commandFields(),
      // a quoted cell that goes on after its quote, and a lone carriage return
      cell: fc.constantFrom('"a"b', ' "a" b', '"a"\r', '"a""b"c', 'a\rb', '\ra', 'a\r\r"'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('tooMany' as const),
      members: commandFields(),
      more: fc.constantFrom('x', ' x ', '0'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('invalidBytes' as const), members: commandFields() }),
  },
);

/**
 * A CSV file: every separator, columns in any order and case, quoted cells, short and long rows.
 */
export function csvFile(maxLength: number): fc.Arbitrary<FileDraft> {
  return fc
    .record({
      pieces: fc.array(csvPiece, { minLength: 0, maxLength, size: 'max' }),
      separator: fc.constantFrom(',', ';', '\t'),
      columns: fc.shuffledSubarray(COLUMNS, { minLength: COLUMNS.length }),
      title: titles,
      separatorLine: fc.option(fc.constantFrom('sep=', 'SEP=', 'Sep='), { nil: null }),
      /** A cell that opens in the last row and never closes. */
      open: fc.option(fc.constantFrom('"', '"a', ' "a', 'a,"'), { nil: null, freq: 8 }),
      ...frame,
    })
    .map((draft) => ({
      format: 'CSV' as const,
      write(names, now) {
        const header: Piece = { text: draft.columns.map(draft.title).join(draft.separator), record: null };
        const rows = draft.pieces.map((piece) => writeCsvPiece(piece, { ...draft, names, now }));
        const separatorLine = { text: `${draft.separatorLine}${draft.separator}`, record: null };
        const openRow = { text: (draft.open ?? '').replace(',', draft.separator), record: unreadable() };
        const pieces = [
          ...(draft.separatorLine === null ? [] : [separatorLine]),
          ...[header, ...rows],
          ...(draft.open === null ? [] : [openRow]),
        ];
        return {
          ...assemble(pieces, draft),
          header: { line: draft.separatorLine === null ? 1 : 2, names: draft.columns.map(draft.title) },
        };
      },
    }));
}

function writeCsvPiece(
  piece: CsvPiece,
  of: { separator: string; columns: readonly string[]; names: ReadonlyMap<string, string>; now: number },
): Piece {
  const join = (cells: readonly string[]) => cells.join(of.separator);
  if (piece.type === 'empty') return { text: '', record: null };
  if (piece.type === 'blankCells') {
    return { text: join(of.columns.map(() => piece.cell)), record: null };
  }
  if (piece.type === 'headerAgain')
    return { text: join(of.columns.map(piece.title)), record: broken('INVALID_CSV') };
  if (piece.type === 'separatorAgain') return { text: `sep=${of.separator}`, record: broken('INVALID_CSV') };
  const cells = cellsOf(resolveNames(object(...piece.members), of.names, of.now).members);
  const texts = of.columns.map((column) => cellText(cells.get(column) ?? ''));
  const blank = (text: string) => (of.separator === '\t' ? text.replaceAll('\t', ' ') : text);
  const [before, after] = piece.type === 'row' ? piece.around : ['', ''];
  const quote = (text: string) => {
    const cell = quoteCell(text, of.separator, piece.type === 'row' && piece.quoteAll);
    return cell.startsWith('"') ? blank(before) + cell + blank(after) : cell;
  };
  /** The cells as they are, or each as far from the end of the row as its column. */
  const readable = (row: readonly string[], shift: number) =>
    new Map(of.columns.map((column, i) => [column, trimmed(column, row[i + shift] ?? '')]));
  if (piece.type === 'tooMany') {
    const row = [...texts, piece.more];
    const record = broken('INVALID_CSV', [readable(row, 0), readable(row, 1)]);
    return { text: join(row.map(quote)), record };
  }
  if (piece.type === 'invalidBytes') {
    const spoilt = texts.map((text, index) => (of.columns[index] === 'note' ? INVALID_BYTES_MARK : text));
    return { text: join(spoilt.map(quote)), record: broken('INVALID_ENCODING', [readable(texts, 0)]) };
  }
  if (piece.type === 'unreadable') {
    // on one line, since such a row ends with its line
    const spoilt = texts.map((text, index) =>
      of.columns[index] === 'note' ? piece.cell : quote(text.replaceAll(/[\r\n]/g, ' ')),
    );
    // a carriage return before the line end belongs to that: nothing would be wrong with the row
    const text = join(spoilt).replace(/\r$/, '\ra');
    // cut at the separators as if quotes meant nothing
    const row = text.split(of.separator).map((cell) => cell.replace(/^"(.*)"$/s, '$1'));
    const filled = row.filter((_, i) => row.slice(i).some((cell) => cell.trim() !== '')).length;
    const shifts = filled > of.columns.length ? [0, filled - of.columns.length] : [0];
    return { text, record: unreadable(shifts.map((shift) => readable(row, shift))) };
  }
  const record: Unplaced = { type: 'row', cells };
  if (piece.end === 'BLANK_MORE') return { text: join([...texts.map(quote), '', '  ']), record };
  if (piece.end === 'FULL') return { text: join(texts.map(quote)), record };
  const last = texts.findLastIndex((text) => text !== '');
  // At least two cells: a row of one blank cell would be an empty line.
  return { text: join(texts.slice(0, Math.max(2, last + 1)).map(quote)), record };
}

/** Compartments are trimmed, identifiers are not. */
function trimmed(column: string, cell: string): string {
  return column.startsWith('compartment_') ? cell.trim() : cell;
}

/**
 * The fields of a command as a row has them: everything but a list is text, and text is
 * well-formed.
 */
function cellsOf(members: readonly JsonMember[]): Cells {
  const cells = new Map<string, string | readonly Json[]>();
  for (const [name, value] of members) {
    if (!COLUMNS.includes(name)) continue;
    const isList = value !== null && isArray(value) && LIST_COLUMNS.includes(name);
    cells.set(name, isList ? value : textOf(value));
  }
  return cells;
}

function textOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : writeJson(value);
}

function cellText(cell: string | readonly Json[]): string {
  return typeof cell === 'string' ? cell : writeJson(cell);
}

function quoteCell(text: string, separator: string, always: boolean): string {
  if (!always && !text.includes(separator) && !/["\r\n]/.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}
