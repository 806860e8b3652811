import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
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

/** A JSON text that has been parsed, and what is asked of it when the parsed value does not tell; found out once. */
export function jsonText(json: string): Pick<CommandSource, 'source' | 'mayRound'> {
  let root: Node | undefined;
  let rounds: boolean | undefined;
  return {
    source: (field, index) => {
      root ??= parseTree(json);
      return sourceAt(json, root, field, index);
    },
    mayRound: () => {
      rounds ??= /\d[.eE]/.test(json);
      return rounds;
    },
  };
}

/**
 * The text a value was written as, inside a JSON text that `JSON.parse` takes: `JSON.parse` turns 12345678901234567890
 * into another number, the text keeps its digits. Of duplicate keys the last counts, as for `JSON.parse`.
 */
function sourceAt(json: string, root: Node | undefined, field: string, index?: number): string {
  const property = root?.children?.findLast(
    (child) => child.children?.[0] && getNodeValue(child.children[0]) === field,
  );
  const value = property?.children?.[1];
  const node: Node | undefined = index === undefined || !value ? value : findNodeAtLocation(value, [index]);
  if (!node) throw new Error(`no value at ${field}${index === undefined ? '' : `[${index}]`}`);
  return json.slice(node.offset, node.offset + node.length);
}

/** A JSON text without the white space between its tokens; numbers and strings stay as they were written. */
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
 * Why a text that `JSON.parse` refuses is not JSON, with the position (characters, from 1) and never with a piece of the
 * text: V8's own messages quote it.
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
 * The deepest nesting in a text that need not be JSON. Brackets in strings do not count, and a bracket closes only one of
 * its kind, as for the parser that looks for the error: it goes into each that is open, and must not go too deep.
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
  const properties = parseTree(json)?.children ?? [];
  const kept = properties.filter((property) => !names.includes(String(property.children?.[0]?.value)));
  return `{${kept.map(({ offset, length }) => json.slice(offset, offset + length)).join(',')}}`;
}

/** The fields of an object's text, each time they are given: the name, and where the value stands. */
export function fieldsOf(json: string): { name: string; start: number; end: number }[] {
  return (parseTree(json)?.children ?? []).flatMap(({ children }) => {
    const [name, value] = children ?? [];
    if (!name || !value) return [];
    return [
      { name: String(name.value), value: value.value, start: value.offset, end: value.offset + value.length },
    ];
  });
}
