import { createScanner, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import type { CommandSource } from './document-format.ts';

/** Objects and arrays inside each other that are still read (spec §6). */
export const MAX_NESTING = 32;

/** Whether a parsed JSON value nests objects and arrays deeper than MAX_NESTING. */
export function isNestedTooDeep(value: unknown, allowed: number = MAX_NESTING): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (allowed === 0) return true;
  for (const key in value) {
    if (isNestedTooDeep((value as Record<string, unknown>)[key], allowed - 1)) return true;
  }
  return false;
}

/** A member of an object's text: where it begins, and where its value stands. */
type Member = { readonly name: string; readonly at: number; readonly start: number; readonly end: number };

/**
 * A JSON text that `JSON.parse` takes, and what is asked of it when the parsed value does not tell:
 * `JSON.parse` turns 12345678901234567890 into another number, the text keeps its digits. Of
 * duplicate keys the last counts, as there. The text is gone through once, and each list in it,
 * however often it is asked.
 */
export function jsonText(json: string): Pick<CommandSource, 'source' | 'mayRound'> {
  let members: ReadonlyMap<string, Member> | undefined;
  const lists = new Map<string, readonly Span[]>();
  let rounds: boolean | undefined;

  function spanOf(field: string, index?: number): Span | undefined {
    members ??= new Map(membersOf(json).map((member) => [member.name, member]));
    const member = members.get(field);
    if (member === undefined || index === undefined) return member;
    const list = lists.get(field) ?? elementsOf(json, member.start);
    lists.set(field, list);
    return list[index];
  }

  return {
    source: (field, index) => {
      const span = spanOf(field, index);
      if (!span) throw new Error(`no value at ${field}${index === undefined ? '' : `[${index}]`}`);
      return json.slice(span.start, span.end);
    },
    mayRound: () => {
      rounds ??= /\d[.eE]/.test(json);
      return rounds;
    },
  };
}

type Span = { readonly start: number; readonly end: number };

/**
 * The members of an object's text, each time they are given. Without recursion: a member that a
 * later one of its name hides may nest as deep as it is long.
 */
function membersOf(json: string): Member[] {
  const members: Member[] = [];
  for (let at = skipWhite(json, json.indexOf('{') + 1); json[at] === '"'; at = skipWhite(json, at + 1)) {
    const nameEnd = valueEnd(json, at);
    const start = skipWhite(json, skipWhite(json, nameEnd) + 1);
    const end = valueEnd(json, start);
    members.push({ name: JSON.parse(json.slice(at, nameEnd)) as string, at, start, end });
    at = skipWhite(json, end);
    if (json[at] !== ',') break;
  }
  return members;
}

/** The elements of the array that begins at `start`. */
function elementsOf(json: string, start: number): Span[] {
  const elements: Span[] = [];
  for (let at = skipWhite(json, start + 1); json[at] !== ']'; at = skipWhite(json, at + 1)) {
    const end = valueEnd(json, at);
    elements.push({ start: at, end });
    at = skipWhite(json, end);
    if (json[at] !== ',') break;
  }
  return elements;
}

/**
 * The texts of the elements of a list that is a member of an object's text: the last one of that
 * name.
 */
export function elementTexts(json: string, field: string): readonly string[] {
  const list = membersOf(json).findLast(({ name }) => name === field);
  if (list === undefined) return [];
  return elementsOf(json, list.start).map(({ start, end }) => json.slice(start, end));
}

function skipWhite(json: string, from: number): number {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++;
  return at;
}

/** Where the value that begins at `start` ends. */
function valueEnd(json: string, start: number): number {
  let open = 0;
  for (let at = start; at < json.length; at++) {
    const character = json[at];
    if (character === '"') {
      for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++;
    } else if (character === '{' || character === '[') {
      open++;
    } else if (character === '}' || character === ']') {
      // a number or a word before it ends here
      if (open === 0) return at;
      open--;
    } else if (open > 0 || !isValueEnd(character)) {
      continue;
    } else return at;
    if (open === 0) return at + 1;
  }
  return json.length;
}

function isValueEnd(character: string | undefined): boolean {
  return character === ',' || skipWhite(character ?? '', 0) === 1;
}

/**
 * A JSON text without the white space between its tokens; numbers and strings stay as they were
 * written.
 */
export function compact(json: string): string {
  const scanner = createScanner(json, true);
  let compacted = '';
  // the end of the text is the only token without a length
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    compacted += json.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
  }
  return compacted;
}

const EXPECTATION: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a JSON value was expected',
  InvalidNumberFormat: 'a number is not written as JSON writes numbers',
  PropertyNameExpected: 'a field name in double quotes was expected',
  ValueExpected: 'a value was expected',
  ColonExpected: 'a colon was expected',
  CommaExpected: 'a comma was expected',
  CloseBraceExpected: 'a closing } was expected',
  CloseBracketExpected: 'a closing ] was expected',
  EndOfFileExpected: 'nothing was expected after the object',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'a text is not closed by a double quote',
  UnexpectedEndOfNumber: 'a number is not complete',
  InvalidUnicode: 'a \\u escape needs four hexadecimal digits',
  InvalidEscapeCharacter: 'JSON has no such escape',
  InvalidCharacter: 'a control character has to be escaped',
};

/**
 * Why a text that `JSON.parse` refuses is not JSON, with the position (characters, from 1) and
 * never with a piece of the text: V8's own messages quote it.
 */
export function describeJsonError(json: string): string {
  if (nestingOf(json) > MAX_NESTING) return `not JSON that is read here: nested deeper than ${MAX_NESTING}`;
  const first = firstErrorOf(json);
  if (first === undefined) return 'not JSON';
  const position = first.offset + 1;
  const name = printParseErrorCode(first.error);
  if (name === 'EndOfFileExpected' && json[first.offset] === ',') {
    return `not JSON: a comma after the object at character ${position}; NDJSON has no commas between lines`;
  }
  if (name === 'EndOfFileExpected' && json[first.offset] === '{') {
    return `not JSON: another object begins at character ${position}; each needs a line of its own, and curl removes line breaks with -d and keeps them with --data-binary`;
  }
  return `not JSON: ${EXPECTATION[name] ?? 'something else was expected'} at character ${position}`;
}

function firstErrorOf(json: string): ParseError | undefined {
  const errors: ParseError[] = [];
  parse(json, errors, { disallowComments: true, allowTrailingComma: false });
  return errors[0];
}

/**
 * The deepest nesting in a text that need not be JSON. Brackets in strings do not count, and a
 * bracket closes only one of its kind, as for the parser that looks for the error: it goes into
 * each that is open, and must not go too deep.
 */
function nestingOf(json: string): number {
  const open: string[] = [];
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === '\\' && inString) i++;
    else if (char === '"') inString = !inString;
    else if (inString) continue;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, open.push(char));
    else if ((char === '}' && open.at(-1) === '{') || (char === ']' && open.at(-1) === '[')) open.pop();
  }
  return deepest;
}

/** The text of an object without some of its fields, each time they are given. */
export function dropFields(json: string, names: readonly string[]): string {
  const kept = membersOf(json).filter(({ name }) => !names.includes(name));
  return `{${kept.map(({ at, end }) => json.slice(at, end)).join(',')}}`;
}

/**
 * The text of an object with other values of a member, each time it is given; null of `replace`
 * keeps one. A name with dots is a path to nested members as well, also where a member has that
 * name: the values of both may be secret.
 */
export function replaceValues(json: string, name: string, replace: (value: string) => string | null): string {
  const dot = name.indexOf('.');
  const parent = dot === -1 ? null : name.slice(0, dot);
  const parts: string[] = [];
  let at = 0;
  for (const { name: own, start, end } of membersOf(json)) {
    const value = json.slice(start, end);
    const isParent = own === parent && value[0] === '{';
    const nested = isParent ? replaceValues(value, name.slice(dot + 1), replace) : null;
    const replaced = own === name ? replace(value) : nested;
    if (replaced === null) continue;
    parts.push(json.slice(at, start), replaced);
    at = end;
  }
  return parts.length === 0 ? json : parts.join('') + json.slice(at);
}
