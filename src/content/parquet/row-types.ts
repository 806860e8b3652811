import {
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';

/** Kinds of values, by how they are written as JSON. */
export type ValueKind =
  | 'TEXT'
  | 'WHOLE'
  | 'DECIMAL'
  | 'FLOAT'
  | 'BOOLEAN'
  | 'INSTANT'
  | 'LIST'
  | 'STRUCT'
  | 'MAP'
  | 'NONE';

const KINDS: Readonly<Partial<Record<DuckDBTypeId, ValueKind>>> = {
  [DuckDBTypeId.VARCHAR]: 'TEXT',
  [DuckDBTypeId.ENUM]: 'TEXT',
  [DuckDBTypeId.UUID]: 'TEXT',
  [DuckDBTypeId.TIME]: 'TEXT',
  [DuckDBTypeId.TIME_TZ]: 'TEXT',
  [DuckDBTypeId.INTERVAL]: 'TEXT',
  [DuckDBTypeId.TINYINT]: 'WHOLE',
  [DuckDBTypeId.SMALLINT]: 'WHOLE',
  [DuckDBTypeId.INTEGER]: 'WHOLE',
  [DuckDBTypeId.BIGINT]: 'WHOLE',
  [DuckDBTypeId.HUGEINT]: 'WHOLE',
  [DuckDBTypeId.UTINYINT]: 'WHOLE',
  [DuckDBTypeId.USMALLINT]: 'WHOLE',
  [DuckDBTypeId.UINTEGER]: 'WHOLE',
  [DuckDBTypeId.UBIGINT]: 'WHOLE',
  [DuckDBTypeId.UHUGEINT]: 'WHOLE',
  [DuckDBTypeId.DECIMAL]: 'DECIMAL',
  [DuckDBTypeId.FLOAT]: 'FLOAT',
  [DuckDBTypeId.DOUBLE]: 'FLOAT',
  [DuckDBTypeId.BOOLEAN]: 'BOOLEAN',
  [DuckDBTypeId.DATE]: 'INSTANT',
  [DuckDBTypeId.TIMESTAMP]: 'INSTANT',
  [DuckDBTypeId.TIMESTAMP_S]: 'INSTANT',
  [DuckDBTypeId.TIMESTAMP_MS]: 'INSTANT',
  [DuckDBTypeId.TIMESTAMP_NS]: 'INSTANT',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'INSTANT',
  [DuckDBTypeId.LIST]: 'LIST',
  [DuckDBTypeId.STRUCT]: 'STRUCT',
  [DuckDBTypeId.MAP]: 'MAP',
};

/** NDJSON may be nested as deep, and a path of a mapping is looked for no deeper. */
const MAX_NESTING = 32;

export function kindOf(type: DuckDBType): ValueKind {
  return KINDS[type.typeId] ?? 'NONE';
}

export function elementOf(type: DuckDBType): DuckDBType {
  return (type as DuckDBListType).valueType;
}

export function membersOf(type: DuckDBType): readonly { readonly name: string; readonly type: DuckDBType }[] {
  const { entryNames, entryTypes } = type as DuckDBStructType;
  return entryNames.map((name, i) => ({ name, type: entryTypes[i] as DuckDBType }));
}

export function mappedOf(type: DuckDBType): DuckDBType {
  return (type as DuckDBMapType).valueType;
}

/** Whether JSON can hold the values of a type: bytes are none, and neither are lists of them. */
export function hasValues(type: DuckDBType, depth = 0): boolean {
  if (depth > MAX_NESTING) return false;
  switch (kindOf(type)) {
    case 'NONE':
      return false;
    case 'LIST':
      return hasValues(elementOf(type), depth + 1);
    case 'MAP':
      return hasValues(mappedOf(type), depth + 1);
    case 'STRUCT':
      return membersOf(type).every((member) => hasValues(member.type, depth + 1));
    default:
      return true;
  }
}

/** The paths to the members within a column that has some, as mappings name them: `user.id`. */
export function structPaths(name: string, type: DuckDBType, depth = 0): string[] {
  if (kindOf(type) !== 'STRUCT' || depth > MAX_NESTING) return [];
  return membersOf(type).flatMap((member) => {
    const path = `${name}.${member.name}`;
    return [path, ...structPaths(path, member.type, depth + 1)];
  });
}
