import type { CommandSource } from '../document-format.ts';
import { jsonText } from '../json-source.ts';
import type { CompiledMapping, MappedColumn } from './compile-mapping.ts';
import { mapFields } from './map-fields.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the fields of a command from the members of an object by a mapping. A name is that of a
 * member, or where there is none the path to a nested one: `user.id`.
 */
export function mapMembers(record: CommandSource, compiled: CompiledMapping): CommandSource {
  const own = record.fields;
  return mapFields(
    {
      own,
      valueOf: ({ name }: MappedColumn) => {
        const path = pathIn(own, name);
        let value: unknown = own;
        for (const member of path ?? []) value = (value as Members)[member];
        return path === null ? undefined : value;
      },
      writtenIn: (of, index) => {
        const [first = '', ...rest] = typeof of === 'string' ? [of] : (pathIn(own, of.name) ?? [of.name]);
        if (rest.length === 0) return record.source(first, index);
        const inner = rest
          .slice(0, -1)
          .reduce((json, member) => jsonText(json).source(member), record.source(first));
        return jsonText(inner).source(rest.at(-1) ?? '', index);
      },
      mayRound: record.mayRound,
    },
    compiled,
  );
}

/** The names of the members that lead to what a mapping names; null where there is none. */
export function pathIn(own: Members, name: string): readonly string[] | null {
  if (Object.hasOwn(own, name)) return [name];
  const path = name.split('.');
  let value: unknown = own;
  for (const member of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    if (!Object.hasOwn(value, member)) return null;
    value = (value as Members)[member];
  }
  return path;
}
