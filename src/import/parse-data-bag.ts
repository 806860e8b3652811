import { Buffer } from 'node:buffer';
import type { Rejection } from '../model/command.ts';
import type { CommandSource } from './document-format.ts';
import { compact, isNestedTooDeep, MAX_NESTING } from './json-source.ts';
import { isAbsent, rejection, show, textProblem } from './read-field.ts';

/** The longest data bag, in bytes of UTF-8 (spec §5). */
const MAX_DATA_BAG_BYTES = 64 * 1024;

/** What clears a data bag. */
export const EMPTY_DATA_BAG = '{}';

/**
 * The data bag of an UPDATE: the JSON text of an object as it was written, `{}` for an empty one,
 * null when absent. A text is kept as it came; an object loses the white space between its tokens
 * and nothing else.
 */
export function parseDataBag(source: CommandSource): string | null | Rejection {
  const value = source.fields.data_bag;
  if (isAbsent(value)) return null;
  if (typeof value === 'string') return parseDataBagText(value, () => show(source, 'data_bag'));
  if (typeof value !== 'object' || Array.isArray(value)) return notAnObject(show(source, 'data_bag'));
  return checked(compact(source.source('data_bag')), value as object);
}

/** The same for a data bag that came as a text; `came` says what came, for messages. */
export function parseDataBagText(text: string, came = () => ''): string | null | Rejection {
  if (isAbsent(text)) return null;
  const problem = textProblem(text, 'data_bag');
  if (problem !== null) return problem;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return rejection(
      'INVALID_DATA_BAG',
      'data_bag must be the JSON text of an object, got a text that is not JSON',
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return notAnObject(came());
  return checked(text, value);
}

function checked(text: string, value: object): string | Rejection {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_DATA_BAG_BYTES) {
    return rejection('INVALID_DATA_BAG', `data_bag may have ${MAX_DATA_BAG_BYTES} bytes, got ${bytes}`);
  }
  if (isNestedTooDeep(value)) {
    return rejection(
      'INVALID_DATA_BAG',
      `data_bag may nest objects and arrays ${MAX_NESTING} deep, got more`,
    );
  }
  return Object.keys(value).length === 0 ? EMPTY_DATA_BAG : text;
}

function notAnObject(came: string): Rejection {
  return rejection('INVALID_DATA_BAG', `data_bag must be the JSON text of an object, ${came}`);
}
