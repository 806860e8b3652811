import { createScanner } from 'jsonc-parser';
import { IDENTIFIER_FIELDS } from './command-fields.ts';
import { readCsvCells } from './csv-cells.ts';
import type { CsvHeader } from './document-format.ts';
import { type CommandSource, MAX_ERROR_RAW_CHARS } from './document-format.ts';
import { jsonText } from './json-source.ts';
import { isAbsent } from './read-field.ts';

const USER_COLUMNS = [...IDENTIFIER_FIELDS, 'compartment_id', 'compartment_token'];

/**
 * What can be read of an NDJSON record that failed: the members of each object in it, up to where
 * one breaks. A line may hold several when the end of the line between them was lost.
 */
export function readFailedJson(text: string): readonly CommandSource[] {
  const nextToken = tokensOf(text);
  const objects: CommandSource[] = [];
  for (let isWhole = true; isWhole; ) {
    for (let token = nextToken(); token !== '{'; token = nextToken()) if (token === '') return objects;
    const members: string[] = [];
    isWhole = readMembers(nextToken, members);
    const json = `{${members.join(',')}}`;
    objects.push({ fields: JSON.parse(json) as Record<string, unknown>, ...jsonText(json) });
  }
  return objects;
}

/**
 * Reads the members of an object that has just opened, until it closes or until one that is not
 * whole; true if it closes. Objects, arrays and words that are no JSON are passed over: no
 * identifier is one. By tokens, not by a tree: a text may nest as deep as it is long.
 */
function readMembers(nextToken: () => string, members: string[]): boolean {
  for (;;) {
    const name = nextToken();
    if (!name.startsWith('"') || nextToken() !== ':') return false;
    const value = nextToken();
    const isNested = value === '{' || value === '[';
    if (isNested) skipNested(nextToken);
    // what follows tells that it is whole: a number at the end of the text may have had more digits
    let next = nextToken();
    // a word that is no JSON, such as NaN, -Infinity or None, spoils its own member alone
    const isWord = isForeignWord(value);
    while (isWord && isForeignWord(next)) next = nextToken();
    const member = `${name}:${isNested || isWord ? 'null' : value}`;
    if ((next !== ',' && next !== '}') || !isJson(`{${member}}`)) return false;
    members.push(member);
    if (next === '}') return true;
  }
}

/** Gives one token of a text after the other, as it is written, then ''. */
function tokensOf(text: string): () => string {
  const scanner = createScanner(text, true);
  return () => {
    scanner.scan();
    return text.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
  };
}

/** Passes over the rest of an object or array that has just opened. */
function skipNested(nextToken: () => string): void {
  for (let open = 1; open > 0; ) {
    const token = nextToken();
    if (token === '') return;
    if (token === '{' || token === '[') open++;
    if (token === '}' || token === ']') open--;
  }
}

/** Whether a token is no JSON and neither a sign nor a text that breaks off. */
function isForeignWord(token: string): boolean {
  return token !== '' && !'{}[]:,'.includes(token) && !token.startsWith('"') && !isJson(token);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Gives what can be read of a CSV row that failed. In one with too many cells, those behind the
 * surplus stand further right, and where that is cannot be told: so its cells are read both from
 * the left and from the right.
 */
export function createFailedCsvReader(header: CsvHeader): (text: string) => readonly CommandSource[] {
  const width = header.columns.length;
  // once for all rows, since a header may have thousands of columns
  const named = header.fields.flatMap((name, index) =>
    USER_COLUMNS.includes(name) ? [[name, index] as const] : [],
  );
  return (text) => {
    const cells = cellsOf(text, header);
    const surplus = Math.max(0, cells.findLastIndex((cell) => cell.trim() !== '') + 1 - width);
    return (surplus === 0 ? [0] : [0, surplus]).map((shift) => {
      const fields: Record<string, unknown> = {};
      for (const [name, index] of named) {
        const cell = cells[index + shift];
        // of several columns for one field the first that is filled
        if (cell === undefined || !isAbsent(fields[name])) continue;
        fields[name] = name.startsWith('compartment_') ? cell.trim() : cell;
      }
      return { fields, source: () => '', mayRound: () => true };
    });
  };
}

/**
 * The cells of a row. From one with broken quotes on they cannot be told apart: then those count
 * that the rest of its line has if quotes mean nothing.
 */
function cellsOf(text: string, { delimiter }: CsvHeader): readonly string[] {
  // the last cell of a text that was shortened is not whole
  const end = text.length >= MAX_ERROR_RAW_CHARS ? -1 : undefined;
  const { cells, brokenAt } = readCsvCells(text, delimiter);
  if (brokenAt === undefined) return cells.slice(0, end);
  const [line = ''] = text.slice(brokenAt).split('\n', 1);
  const others = line.split(delimiter).map((cell) => /^"(.*)"$/s.exec(cell.trim())?.[1] ?? cell);
  return [...cells, ...others].slice(0, end);
}
