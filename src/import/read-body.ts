import type { Catalogue } from '../model/catalogue.ts';
import type { Rejection } from '../model/command.ts';
import type { Identifier } from '../model/identifier.ts';
import { jsonText } from './json-source.ts';
import { parseIdentifier } from './parse-command.ts';

/** The identifier that the body of a request names, by the rules of a line of a file. `text`: of a JSON object. */
export function readIdentifier(text: string, catalogue: Catalogue): Identifier | Rejection {
  return parseIdentifier(
    { fields: JSON.parse(text) as Record<string, unknown>, ...jsonText(text) },
    catalogue,
  );
}
