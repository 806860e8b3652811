import { IDENTIFIER_FIELDS } from '../command-fields.ts';
import { nearestField } from '../nearest-field.ts';
import { type CompiledMapping, foldName } from './compile-mapping.ts';

/**
 * What a CSV header, or another list of columns, lacks of what a mapping reads, or null. Of several
 * columns for one field, or of several identifiers, one is enough, and of fields that optional
 * columns alone feed none: which files have which of them differs. `columns` are the names of the
 * header, `fields` what they feed.
 */
export function missingColumns(
  columns: readonly string[],
  fields: readonly string[],
  { columns: mapped, defaults }: CompiledMapping,
  where: 'the first line' | 'the file' = 'the first line',
): string | null {
  const kindOf = (field: string) => (IDENTIFIER_FIELDS.includes(field) ? 'identifier' : field);
  const found = new Set(fields.map(kindOf));
  const needed = new Set(mapped.filter(({ isOptional }) => !isOptional).map(({ field }) => kindOf(field)));
  const missing = mapped.find(({ field }) => needed.has(kindOf(field)) && !found.has(kindOf(field)));
  if (missing !== undefined) {
    const kind = kindOf(missing.field);
    const names = mapped
      .filter(({ field }) => kindOf(field) === kind)
      .map(({ name }) => JSON.stringify(name));
    const meant = nearestField(foldName(missing.name), columns);
    const hint = meant === null ? '' : `, did you mean ${JSON.stringify(meant.slice(0, 40))}?`;
    return `the mapping reads ${missing.field} from ${names.join(' or ')}, which ${where} does not name${hint}`;
  }
  if (!found.has('identifier')) return `a column for one of ${IDENTIFIER_FIELDS.join(', ')} is expected`;
  if (!found.has('operation') && !defaults.some(({ field }) => field === 'operation'))
    return 'a column for operation, or a default of the mapping, is expected';
  return null;
}
