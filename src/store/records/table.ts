import { columnsOf, type Fields, memberOf, type RecordOf } from '../../model/record.ts';
import type { Listed, Page } from '../../model/records.ts';
import { limits, parameters, type Row, type Sql, type SqlValue } from './database.ts';

type Values = Readonly<Record<string, SqlValue | undefined>>;

/** A table of records whose columns are their fields, and may be more. */
export type Table<F extends Fields> = {
  /** Those that are fields, with commas between them. */
  readonly columns: string;
  /** The record of a row. */
  read(row: Row): RecordOf<F>;
  get(sql: Sql, id: string): Promise<RecordOf<F> | null>;
  /** Under a new id. `more`: columns that are no field. */
  insert(sql: Sql, record: Omit<RecordOf<F>, 'id'>, more?: Values): Promise<RecordOf<F>>;
  /** Changes what is given; null where there is no such record. */
  update(sql: Sql, id: string, change: Partial<RecordOf<F>>, more?: Values): Promise<RecordOf<F> | null>;
};

/** `name`: also that of its sequence of ids, before `_id`. */
export function tableOf<F extends Fields>(name: string, fields: F): Table<F> {
  const names = columnsOf(fields);
  const all = names.join(', ');
  const columns = names.map((column) => ({ column, member: memberOf(column) }));
  const readers = columns.map(({ column, member }) => ({
    ...{ column, member },
    read: readerOf(fields[column]),
  }));
  const read = (row: Row) => {
    const record: Record<string, unknown> = {};
    for (const each of readers) record[each.member] = each.read(row[each.column]);
    return record as RecordOf<F>;
  };
  const valuesOf = (record: object, more: Values): [column: string, value: SqlValue][] => {
    const members = columns.map(({ column, member }) => [column, toSql((record as Row)[member])] as const);
    return [...members, ...Object.entries(more)].flatMap(([column, value]) =>
      value === undefined ? [] : [[column, value]],
    );
  };

  const get: Table<F>['get'] = async (sql, id) => {
    const [row] = await sql.query(`select ${all} from ${name} where id = cast($1 as bigint)`, [id]);
    return row ? read(row) : null;
  };
  return {
    columns: all,
    read,
    get,
    insert: async (sql, record, more = {}) => {
      const given = parameters();
      const values = valuesOf(record, more);
      const [row] = await sql.query(
        `insert into ${name} (id, ${values.map(([column]) => column).join(', ')})
         values (nextval('${name}_id'), ${values.map((value) => castOf(value, given.add)).join(', ')})
         returning ${all}`,
        given.values,
      );
      return read(row as Row);
    },
    update: async (sql, id, change, more = {}) => {
      const given = parameters();
      const values = valuesOf(change, more);
      if (values.length === 0) return get(sql, id);
      const set = values.map((value) => `${value[0]} = ${castOf(value, given.add)}`);
      const [row] = await sql.query(
        `update ${name} set ${set.join(', ')} where id = cast(${given.add(id)} as bigint) returning ${all}`,
        given.values,
      );
      return row ? read(row) : null;
    },
  };
}

/** A page of rows, with how many there are in all. `from`: a table, joins and a condition. */
export async function listRows<T>(
  sql: Sql,
  {
    from,
    counted = from,
    order,
    page,
    values = [],
    columns = '*',
  }: {
    readonly from: string;
    /** What is counted, where it is the same with less. */
    readonly counted?: string;
    readonly order: string;
    readonly page: Page;
    readonly values?: readonly SqlValue[];
    readonly columns?: string;
  },
  read: (row: Row) => T,
): Promise<Listed<T>> {
  const rows = await sql.query(`select ${columns} from ${from} order by ${order} ${limits(page)}`, values);
  const [count] = await sql.query(`select count(*) as total from ${counted}`, values);
  return { elements: rows.map(read), total: Number(count?.total) };
}

/** Ids and instants come as bigint or as text, by engine; lists and objects are stored as JSON. */
function readerOf(schema: Fields[string] | undefined): (value: unknown) => unknown {
  const { type } = schema as { readonly type?: string | readonly string[] };
  const types = typeof type === 'string' ? [type] : (type ?? []);
  const read = READERS[types[0] ?? ''] ?? String;
  return types.includes('null') ? (value) => (value === null ? null : read(value)) : read;
}

const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  string: String,
  integer: Number,
  boolean: Boolean,
  array: parse,
  object: parse,
};

function parse(value: unknown): unknown {
  return JSON.parse(String(value));
}

function toSql(value: unknown): SqlValue | undefined {
  return typeof value === 'object' && value !== null
    ? JSON.stringify(value)
    : (value as SqlValue | undefined);
}

/** Ids come as text, and all but those of tokens (`user_id`) are stored as whole numbers. */
function castOf(
  [column, value]: [column: string, value: SqlValue],
  add: (value: SqlValue) => string,
): string {
  if (value === null) return 'null';
  const isWhole = typeof value === 'number' || (/(^|_)id$/.test(column) && column !== 'user_id');
  const type = isWhole ? 'bigint' : typeof value === 'boolean' ? 'boolean' : 'text';
  return `cast(${add(value)} as ${type})`;
}
