import type { Catalogue } from '../model/catalogue.ts';
import type { Rejection } from '../model/command.ts';
import type { Identifier } from '../model/identifier.ts';
import { elementTexts, jsonText } from './json-source.ts';
import { parseIdentifier } from './parse-command.ts';

/**
 * The identifier that the body of a request names, by the rules of a line of a file. `text`: of a
 * JSON object.
 */
export function readIdentifier(text: string, catalogue: Catalogue): Identifier | Rejection {
  return parseIdentifier(
    { fields: JSON.parse(text) as Record<string, unknown>, ...jsonText(text) },
    catalogue,
  );
}

/**
 * The commands in the body of a request as the lines of an NDJSON file, each as it was written.
 * `text`: of a JSON object.
 */
export function readCommands(text: string): { readonly lines: Buffer; readonly count: number } {
  // no string of JSON has a line break in it
  const lines = elementTexts(text, 'commands').map((command) => command.replaceAll(/[\n\r]/g, ' '));
  return { lines: Buffer.from(lines.join('\n')), count: lines.length };
}
