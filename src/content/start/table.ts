import type { Buffer } from 'node:buffer';
import { COMMAND_FIELDS } from '../../import/command-fields.ts';
import { readCsvCells } from '../../import/csv-cells.ts';
import { isBlankRow, namesSeparator } from '../../import/csv-header.ts';

const DELIMITERS = [',', ';', '\t'] as const;
/** A longer line is no header that a table is told by. */
const MOST_LINE_CHARACTERS = 16 * 1024;

/** What the lines of a text look like whose first one begins no object. */
export type Shape = 'OBJECTS' | 'TABLE' | 'OTHER';

/**
 * Objects may follow a first line that is none, as after a file that was cut in the middle. CSV is
 * told by a first line that names a column of commands, or by first lines with as many cells.
 */
export function shapeOf(head: Buffer): Shape {
  const all = linesOf(head);
  const lines = namesSeparator(all[0] ?? '') ? all.slice(1) : all;
  const objects = lines.filter((line) => line.startsWith('{'));
  const [first = '', second] = lines;
  const tables = first.length > MOST_LINE_CHARACTERS ? [] : DELIMITERS.map((each) => cellsOf(first, each));
  // cells may begin with a brace too, but hardly a line that is an object
  if (tables.some((names) => names.some((name) => COMMAND_FIELDS.has(name))))
    return objects.some(isObject) ? 'OBJECTS' : 'TABLE';
  if (objects.length > 0) return 'OBJECTS';
  if (second === undefined) return 'OTHER';
  const isTable = tables.some(
    (names, i) => isHeader(names) && cellsOf(second, DELIMITERS[i] ?? ',').length === names.length,
  );
  return isTable ? 'TABLE' : 'OTHER';
}

function isHeader(names: readonly string[]): boolean {
  return names.length > 1 && new Set(names).size === names.length && !names.includes('');
}

function isObject(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** The lines that are not blank, and no rows of blank cells. */
function linesOf(head: Buffer): string[] {
  return head
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/^\ufeff/, '').trim())
    .filter((line) => !isBlankRow(line));
}

function cellsOf(line: string, delimiter: string): string[] {
  const { cells } = readCsvCells(line.slice(0, MOST_LINE_CHARACTERS), delimiter);
  return cells.map((cell) => cell.trim().toLowerCase());
}
