/**
 * What the commands print: text in aligned columns, or one JSON document. Colours only in terminals
 * (style.ts).
 */
import { type Tone, tone } from './style.ts';

export type Column<T> = {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly value: (row: T) => string;
  /** How a cell looks in a terminal. */
  readonly tone?: (row: T) => Tone | null;
};

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** A note that is not the answer: standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Rows under their titles, two blanks between the columns; in a terminal no wider than it is. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => printable(column.value(row)))),
  ];
  const natural = columns.map((_, at) => Math.max(...cells.map((line) => lettersOf(line[at]).length)));
  const widths = fitted(natural, columns);
  return cells
    .map((line, row) =>
      line
        .map((cell, at) => {
          const width = widths[at] ?? 0;
          const shown = pad(cut(cell, width), width, columns[at]?.align);
          const record = rows[row - 1];
          const as = record === undefined ? 'strong' : (columns[at]?.tone?.(record) ?? null);
          return tone(shown, as);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The least that is left of a column of text. */
const MIN_WIDTH = 12;

/** Widths that a terminal has room for: the widest columns of text are cut first. */
function fitted<T>(natural: readonly number[], columns: readonly Column<T>[]): number[] {
  const widths = [...natural];
  const room = process.stdout.isTTY
    ? process.stdout.columns || Number.POSITIVE_INFINITY
    : Number.POSITIVE_INFINITY;
  const total = () => widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1));
  while (total() > room) {
    const texts = widths.map((width, at) => (columns[at]?.align === 'right' ? 0 : width));
    const widest = Math.max(...texts);
    if (widest <= MIN_WIDTH) break;
    const at = texts.indexOf(widest);
    widths[at] = Math.max(MIN_WIDTH, widest - (total() - room));
    const next = Math.max(MIN_WIDTH, ...texts.filter((_, each) => each !== at));
    // no column becomes narrower than the next widest before that is cut too
    widths[at] = Math.max(widths[at], Math.min(widest - 1, next));
  }
  return widths;
}

function cut(cell: string, width: number): string {
  const letters = lettersOf(cell);
  return letters.length <= width ? cell : `${letters.slice(0, width - 1).join('')}…`;
}

function lettersOf(cell = ''): string[] {
  return [...cell];
}

function pad(cell: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - [...cell].length));
  return align === 'left' ? cell + blanks : blanks + cell;
}

/**
 * Text that came from elsewhere, without what a terminal would obey: control characters, and those
 * that turn text around.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
    JSON.stringify(character)
      .slice(1, -1)
      .replace(/^[^\\]$/, '?'),
  );
}

/** 1234567 → 1,234,567 */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** `1 segment`, `2 segments` */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let amount = bytes;
  let unit = '';
  for (const next of BYTE_UNITS) {
    amount /= 1024;
    unit = next;
    if (amount < 1024) break;
  }
  return `${amount.toFixed(1)} ${unit}`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A length of time in the two largest units that matter: `0.42 s`, `3 min 20 s`, `12 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(2)} s`;
  if (ms < MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return twoUnits(ms, [MINUTE_MS, 'min'], [SECOND_MS, 's']);
  if (ms < DAY_MS) return twoUnits(ms, [HOUR_MS, 'h'], [MINUTE_MS, 'min']);
  return twoUnits(ms, [DAY_MS, 'd'], [HOUR_MS, 'h']);
}

function twoUnits(ms: number, large: readonly [number, string], small: readonly [number, string]): string {
  const many = Math.floor(ms / large[0]);
  const few = Math.floor((ms % large[0]) / small[0]);
  return few === 0 ? `${many} ${large[1]}` : `${many} ${large[1]} ${few} ${small[1]}`;
}

/** The last instant that a date can be. */
const LAST_INSTANT = 8_640_000_000_000_000;

/**
 * `2026-01-31 12:00:00` in UTC; a dash for none. What is beyond the calendar is written as the
 * number it is.
 */
export function formatInstant(instant: number | null): string {
  if (instant === null) return '-';
  if (!(Math.abs(instant) <= LAST_INSTANT)) return `${instant} ms`;
  return new Date(instant)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}
