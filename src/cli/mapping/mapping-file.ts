import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkMapping, type MappingInput } from '../../import/mapping/check-mapping.ts';
import type { Mapping } from '../../model/mapping.ts';
import { UsageError } from '../failures.ts';

/** A mapping with what it is called. */
export type NamedMapping = { readonly name: string; readonly mapping: Mapping };

/**
 * The mapping in a file, checked as the service checks it; it is called as the file is, without its
 * ending.
 */
export async function readMappingFile(file: string): Promise<NamedMapping> {
  const refuse = (why: string) => new UsageError(`--mapping ${JSON.stringify(file)}: ${why}`);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'no such file' : error.message);
  });
  let input: unknown;
  try {
    input = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw refuse('expected a mapping as JSON, as printed by muster imports map --print');
  }
  const odd = oddMember(input);
  if (odd !== null) throw refuse(odd);
  const checked = checkMapping(input as MappingInput);
  if (!checked.ok) throw refuse(checked.message);
  return { name: path.basename(file).replace(/\.json$/i, ''), mapping: checked.mapping };
}

/** The members whose values are texts, by name. */
const TEXTS: readonly string[] = ['columns', 'hash', 'formats'];

/** What has not the shape of a mapping, or null. */
function oddMember(input: unknown): string | null {
  if (!isObject(input)) return 'expected a JSON object';
  for (const [name, value] of Object.entries(input)) {
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
    if (name === 'optional' && isList) continue;
    if (name === 'optional') return 'optional must be a list of column names';
    if (!['values', 'defaults', ...TEXTS].includes(name))
      return `${JSON.stringify(name)} is not a member of a mapping`;
    if (!isObject(value)) return `${name} must be an object`;
    if (TEXTS.includes(name) && !Object.values(value).every((each) => typeof each === 'string'))
      return `${name} must have texts by name`;
    const isWords = (words: unknown) =>
      isObject(words) && Object.values(words).every((word) => ['string', 'number'].includes(typeof word));
    if (name === 'values' && !Object.values(value).every(isWords))
      return 'values must have texts or numbers by word, by field';
  }
  return null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
