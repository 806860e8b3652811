import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { IDENTIFIER_FIELDS } from '../../import/command-fields.ts';
import { LEAST_INSTANT_MS } from '../../import/parse-expiry.ts';
import type { RowColumn } from './row-columns.ts';
import { elementOf, hasValues, kindOf, mappedOf, membersOf } from './row-types.ts';

/**
 * Fields that hold texts, and whole numbers as their digits: written as texts they mean the same,
 * and are on the fast path of the reader.
 */
const TEXT_FIELDS: ReadonlySet<string> = new Set([
  ...IDENTIFIER_FIELDS,
  'compartment_id',
  'compartment_token',
  'segment_id',
  'segment_technical_name',
]);

/**
 * The query for the rows of a file as NDJSON, one line each with its end, in the order of the file.
 * Null is absent; of columns that no command has it is written, so that a warning can name them.
 */
export function rowsQuery(file: string, columns: readonly RowColumn[]): string {
  const members = columns.map((column) => {
    const name = literal(`${JSON.stringify(column.member)}:`);
    const value = columnValue(column);
    return `${name} || ${column.field === null ? `coalesce(${value}, 'null')` : value}`;
  });
  // nulls are passed over
  return `select '{' || concat_ws(',', ${members.join(', ')}) || ('}' || chr(10)) as line from ${parquet(file)}`;
}

/**
 * A file as a table. Its path says nothing of its content, and a column named `filename` is one of
 * the file.
 */
export function parquet(file: string): string {
  return `read_parquet(${literal(file)}, hive_partitioning = false, filename = false)`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** JSON of a column, or null. */
function columnValue({ column, type, field, format }: RowColumn): string {
  const value = identifier(column);
  // nobody reads bytes
  if (!hasValues(type)) return "'null'";
  const kind = kindOf(type);
  if (kind === 'WHOLE' && field !== null && TEXT_FIELDS.has(field)) return `'"' || ${value}::varchar || '"'`;
  if (kind !== 'INSTANT' || field !== 'expiration_ts') return jsonOf(value, type, 0);
  const instant = instantOf(value, type);
  const written = {
    iso_8601: isoOf(instant),
    seconds: `(epoch_ms(${instant}) // 1000)::varchar`,
    milliseconds: `epoch_ms(${instant})::varchar`,
  };
  const asAsked = written[format === 'iso_8601' || format === 'seconds' ? format : 'milliseconds'];
  // 1970-01-01 is not 0, which is never: what lies before an expiry can fails, as a text
  return `case when isfinite(${instant}) and epoch_ms(${instant}) >= ${LEAST_INSTANT_MS} then ${asAsked}
    else ${textOf(value)} end`;
}

/** JSON of a value, null where it is null. */
function jsonOf(value: string, type: DuckDBType, depth: number): string {
  switch (kindOf(type)) {
    case 'WHOLE':
    case 'DECIMAL':
    case 'BOOLEAN':
      return `${value}::varchar`;
    case 'FLOAT':
      // JSON has no others, and writers of it make them null
      return `case when isfinite(${value}) then to_json(${value})::varchar end`;
    case 'INSTANT': {
      const instant = instantOf(value, type);
      return `case when isfinite(${instant}) then ${isoOf(instant)} else ${textOf(value)} end`;
    }
    case 'LIST': {
      const element = `e${depth}`;
      const json = jsonOf(element, elementOf(type), depth + 1);
      return joined(value, `lambda ${element}: coalesce(${json}, 'null')`, '[', ']');
    }
    case 'MAP': {
      const entry = `e${depth}`;
      const json = jsonOf(`struct_extract(${entry}, 'value')`, mappedOf(type), depth + 1);
      const member = `${textOf(`struct_extract(${entry}, 'key')`)} || ':' || coalesce(${json}, 'null')`;
      return joined(`map_entries(${value})`, `lambda ${entry}: ${member}`, '{', '}');
    }
    case 'STRUCT': {
      const members = membersOf(type).map(({ name, type: memberType }) => {
        const json = jsonOf(`struct_extract(${value}, ${literal(name)})`, memberType, depth + 1);
        return `${literal(`${JSON.stringify(name)}:`)} || coalesce(${json}, 'null')`;
      });
      return `case when ${value} is not null then '{' || concat_ws(',', ${members.join(', ')}) || '}' end`;
    }
    default:
      return textOf(value);
  }
}

/** The elements of a list as JSON, between two brackets; null of a list that is null. */
function joined(list: string, toJson: string, open: string, close: string): string {
  const elements = `array_to_string(list_transform(${list}, ${toJson}), ',')`;
  // of no elements nothing is made
  return `case when ${list} is not null then '${open}' || coalesce(${elements}, '') || '${close}' end`;
}

/** A JSON text. The logical type JSON is a text as well: what is in it is read where it is used. */
function textOf(value: string): string {
  return `to_json(${value}::varchar)::varchar`;
}

/** An instant of UTC; null beyond the calendar of DuckDB. What has no zone is UTC. */
function instantOf(value: string, type: DuckDBType): string {
  return type.typeId === DuckDBTypeId.TIMESTAMP_TZ
    ? `case when isfinite(${value}) then make_timestamp(epoch_us(${value})) end`
    : `try_cast(${value} as timestamp)`;
}

function isoOf(instant: string): string {
  return `'"' || strftime(${instant}, '%Y-%m-%dT%H:%M:%S.%gZ') || '"'`;
}
