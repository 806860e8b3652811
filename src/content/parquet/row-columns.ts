import type { DuckDBType } from '@duckdb/node-api';
import { COMMAND_FIELDS, ERROR_FIELDS } from '../../import/command-fields.ts';
import {
  type CompiledMapping,
  compileMapping,
  fieldOfColumn,
  foldName,
} from '../../import/mapping/compile-mapping.ts';
import { missingColumns } from '../../import/mapping/missing-columns.ts';
import type { ExpiryFormat, IdentifierFormat, Mapping } from '../../model/mapping.ts';
import { hasValues, structPaths } from './row-types.ts';

/** A column of a Parquet file, and the member of each row that it becomes. */
export type RowColumn = {
  /** As DuckDB names it, which renames columns whose names are the same to it. */
  readonly column: string;
  readonly type: DuckDBType;
  readonly member: string;
  /** The field of commands that it feeds; null: none. */
  readonly field: string | null;
  /** How a mapping says that its expiries are written. */
  readonly format: ExpiryFormat | IdentifierFormat | null;
};

/** The columns of a file: names as it has them, and as DuckDB does. */
export type FileColumns = {
  readonly names: readonly string[];
  readonly columns: readonly string[];
  readonly types: readonly DuckDBType[];
};

/** As of CSV. */
const MAX_COLUMNS = 10_000;

/**
 * What the columns of a file become, or why no row of it can be a command. Names are compared as
 * those of CSV columns are: without capitals and blanks around them.
 */
export function readRowColumns(
  file: FileColumns,
  mapping: Mapping | null,
): { readonly ok: true; readonly columns: readonly RowColumn[] } | { readonly ok: false; message: string } {
  const compiled = mapping === null ? null : compileMapping(mapping);
  const { names } = file;
  if (names.length > MAX_COLUMNS)
    return { ok: false, message: `a file may have ${MAX_COLUMNS} columns, this one has ${names.length}` };
  const columns = names.map((name, i): RowColumn => {
    const folded = foldName(name);
    const mapped = compiled?.columnByName.get(folded);
    const isKnown = COMMAND_FIELDS.has(folded) || ERROR_FIELDS.includes(folded);
    return {
      column: file.columns[i] ?? name,
      type: file.types[i] as DuckDBType,
      member: mapped?.name ?? (isKnown ? folded : name),
      field: fieldOfColumn(folded, compiled) || null,
      format: mapped?.format ?? null,
    };
  });
  const problem = columnProblem(columns, compiled);
  return problem === null ? { ok: true, columns } : { ok: false, message: problem };
}

function columnProblem(columns: readonly RowColumn[], compiled: CompiledMapping | null): string | null {
  const names = columns.map(({ member }) => foldName(member));
  const came = `got ${names
    .slice(0, 12)
    .map((name) => JSON.stringify(name.slice(0, 40)))
    .join(', ')}`;
  const missing = missingIn(columns, names, compiled);
  if (missing !== null) return `${missing}; ${came}`;
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined)
    return `each column may be there once, ${JSON.stringify(twice.slice(0, 40))} is there twice`;
  const binary = columns.find(({ field, type }) => field !== null && !hasValues(type));
  if (binary !== undefined) {
    const { member, type } = binary;
    const name = JSON.stringify(member.slice(0, 40));
    return `the column ${name} must hold texts or numbers, got ${String(type).slice(0, 80)}: write it as text, a hash in hexadecimal`;
  }
  return null;
}

function missingIn(
  columns: readonly RowColumn[],
  names: readonly string[],
  compiled: CompiledMapping | null,
): string | null {
  const fields = columns.map(({ field }) => field ?? '');
  if (compiled === null)
    return fields.includes('operation') ? null : 'a column operation is expected, among others';
  // a mapping leads into nested members by their exact names
  const paths = new Set(columns.flatMap(({ member, type }) => structPaths(member, type)));
  const nested = compiled.columns.filter(({ name }) => paths.has(name)).map(({ field }) => field);
  return missingColumns(names, [...fields, ...nested], compiled, 'the file');
}
