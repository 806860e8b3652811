import { QUOTE, SPACE, TAB } from './ascii.ts';

/** Why the cells of a row cannot be read. */
export type CellProblem =
  /** A quoted cell does not close, or goes on after its closing quote. */
  | 'BROKEN_QUOTES'
  /** A cell without quotes holds a carriage return that ends no line. */
  | 'LONE_CARRIAGE_RETURN';

export type CsvCells = {
  /** The cells; of a row with broken quotes those before them. */
  readonly cells: readonly string[];
  readonly problem: CellProblem | null;
  /** Where the cell with broken quotes begins in the text; absent where there is none. */
  readonly brokenAt?: number;
};

/**
 * Reads the cells of one CSV record (RFC 4180), without its line end. Blanks around a quoted cell
 * are not part of it; tabs are blanks unless they are the separator. Each character is looked at a
 * fixed number of times at most: a library was given up here that looks for the next line end again
 * after each quoted cell.
 */
export function readCsvCells(text: string, separator: string): CsvCells {
  if (!text.includes('"')) return plainCells(text.split(separator));
  const cells: string[] = [];
  let hasLoneReturn = false;
  for (let at = 0; ; at++) {
    const brokenAt = at;
    const first = skipBlanks(text, at, separator);
    if (text.charCodeAt(first) === QUOTE) {
      const close = closingQuote(text, first + 1);
      if (close === -1) return { cells, problem: 'BROKEN_QUOTES', brokenAt };
      at = skipBlanks(text, close + 1, separator);
      if (at < text.length && text[at] !== separator) return { cells, problem: 'BROKEN_QUOTES', brokenAt };
      const cell = text.slice(first + 1, close);
      cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell);
    } else {
      const next = text.indexOf(separator, at);
      const end = next === -1 ? text.length : next;
      const cell = text.slice(at, end);
      hasLoneReturn ||= cell.includes('\r');
      cells.push(cell);
      at = end;
    }
    if (at >= text.length) break;
  }
  return { cells, problem: hasLoneReturn ? 'LONE_CARRIAGE_RETURN' : null };
}

function plainCells(cells: readonly string[]): CsvCells {
  return { cells, problem: cells.some((cell) => cell.includes('\r')) ? 'LONE_CARRIAGE_RETURN' : null };
}

function skipBlanks(text: string, from: number, separator: string): number {
  let at = from;
  for (;;) {
    const character = text.charCodeAt(at);
    if (character !== SPACE && (character !== TAB || separator === '\t')) return at;
    at++;
  }
}

/**
 * The quote that ends a cell whose opening quote lies before `from`, or -1; two in a row stand for
 * one.
 */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text.charCodeAt(at + 1) !== QUOTE) return at;
  }
  return -1;
}
