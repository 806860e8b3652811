import { formatUuid } from '../../model/identifier.ts';
import { rangesOf } from '../key-ranges.ts';
import type { PostgresSql } from '../postgres/postgres-sql.ts';
import type { Scratch } from '../postgres/scratch.ts';
import type { Sql } from '../records/database.ts';
import { MOVED_TABLES, type MovedTable } from './moved-tables.ts';

/** Called with how many rows of a table have been moved, of how many there are. */
export type OnMoved = (table: string, rows: number, of: number) => void;

/** Rows that are moved at once: some hundred MB of text. */
const ROWS_AT_A_TIME = 2_000_000;

type Column = { readonly name: string; readonly type: string };
type Range = ReturnType<typeof rangesOf>[number];
type Sides = {
  readonly postgres: PostgresSql;
  /** On a connection that uses the database of an embedded store. */
  readonly embedded: Sql;
  readonly scratch: Pick<Scratch, 'withFile'>;
};

/**
 * Fills an embedded store, which is fresh, with what PostgreSQL has. Its own first records are
 * removed.
 */
export async function fillEmbedded(sides: Sides, onMoved: OnMoved): Promise<void> {
  for (const moved of MOVED_TABLES) {
    const into = moved.into ?? moved.table;
    await sides.embedded.query(`delete from ${into}`);
    const columns = await columnsOf(sides.embedded, into);
    let total = 0;
    for (const source of sourcesOf(moved)) total += await countRows(sides.postgres, `(${source}) moved`);
    let rows = 0;
    for (const range of rangesFor(moved, total)) {
      rows += await fillPart(sides, { moved, into, columns, range });
      onMoved(moved.table, rows, total);
    }
    if (moved.order !== undefined && moved.into !== undefined)
      await sides.embedded.query(
        `insert into table_order (table_name, ordered_rows, appended_runs) values ('${moved.table}', ${rows}, 0)`,
      );
  }
}

function fillPart(
  { postgres, embedded, scratch }: Sides,
  of: { moved: MovedTable; into: string; columns: readonly Column[]; range: Range | null },
): Promise<number> {
  const { moved, into, columns, range } = of;
  const names = storedColumns(moved, columns);
  const where = range === null ? '' : `where ${isWithin(moved, range)}`;
  return scratch.withFile(async (file) => {
    const list = names.map(({ name }) => name).join(', ');
    await postgres.copyOut(
      sourcesOf(moved).map(
        (source) =>
          `copy (select ${list} from (${source}) moved ${where}) to stdout (format csv, force_quote *)`,
      ),
      file,
    );
    const types = names.map(({ name, type }) => `'${name}': '${type}'`);
    const [inserted] = await embedded.query(
      `insert into ${into} select ${columns.map((column) => `${read(moved, column)} as ${column.name}`).join(', ')}
       from read_csv('${file.replaceAll("'", "''")}', auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
         new_line = '\\n', nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = 16777216, buffer_size = 16777216,
         columns = {${types.join(', ')}})
       ${moved.order === undefined ? '' : `order by ${moved.order}`}`,
    );
    return Number(inserted?.Count);
  });
}

/**
 * Fills the tables of PostgreSQL, which are empty but for its own first records, with what an
 * embedded store has.
 */
export async function fillPostgres(sides: Sides, onMoved: OnMoved): Promise<void> {
  for (const moved of MOVED_TABLES) {
    const columns = await columnsOf(sides.embedded, moved.into ?? moved.table);
    const names = columns.map(({ name }) => name).join(', ');
    const targets = moved.toPostgres ?? [
      { table: moved.table, columns: names, select: `select ${names} from ${moved.table}` },
    ];
    const total = await countRows(sides.embedded, moved.table);
    let rows = 0;
    for (const target of targets) {
      await sides.postgres.query(`delete from ${target.table}`);
      for (const range of rangesFor(moved, total)) {
        const column = moved.range?.embedded;
        const where =
          range === null
            ? ''
            : `${/\bwhere\b/.test(target.select) ? 'and' : 'where'} ${column} between ${range.first} and ${range.last}`;
        rows += await copyPart(sides, { ...target, select: `${target.select} ${where}` });
        onMoved(moved.table, rows, total);
      }
    }
  }
}

function copyPart(
  { postgres, embedded, scratch }: Sides,
  target: { readonly table: string; readonly columns: string; readonly select: string },
): Promise<number> {
  return scratch.withFile(async (file) => {
    const described = await embedded.query(`describe ${target.select}`);
    const written = described.map((row, i) => {
      const column = `c${i}`;
      return String(row.column_type) === 'VARCHAR' ? `${encoded(column)} as ${column}` : column;
    });
    const texts = described.flatMap((row, i) => (String(row.column_type) === 'VARCHAR' ? [`c${i}`] : []));
    const names = described.map((_, i) => `c${i}`).join(', ');
    await embedded.query(
      `copy (select ${written.join(', ')} from (${target.select}) moved (${names})) to '${file.replaceAll("'", "''")}'
       (format csv, header false, nullstr '' ${texts.length > 0 ? `, force_quote (${texts.join(', ')})` : ''})`,
    );
    return postgres.copyIn(`copy ${target.table} (${target.columns}) from stdin (format csv)`, file);
  });
}

/**
 * A number of rows and a sum over all of them, which is the same in both stores when the rows are.
 */
export type Sum = { readonly rows: number; readonly sum: string };

export async function sumOfEmbedded(embedded: Sql, moved: MovedTable): Promise<Sum> {
  const columns = await columnsOf(embedded, moved.into ?? moved.table);
  const texts = storedColumns(moved, columns).map(({ name, type }) => {
    if (moved.halves?.includes(name)) return `printf('%016x%016x', ${name}_hi, ${name}_lo)`;
    return type === 'VARCHAR' ? encoded(name) : `${name}::varchar`;
  });
  return toSum(
    await embedded.query(
      `select count(*) as rows, coalesce(sum(('0x' || substr(md5(${rowText(texts)}), 1, 15))::bigint), 0)::varchar as sum from ${moved.table}`,
    ),
  );
}

export async function sumOfPostgres(postgres: Sql, embedded: Sql, moved: MovedTable): Promise<Sum> {
  const columns = await columnsOf(embedded, moved.into ?? moved.table);
  const texts = storedColumns(moved, columns).map(({ name }) =>
    moved.halves?.includes(name) ? `replace(${name}::text, '-', '')` : `${name}::text`,
  );
  const sums: Sum[] = [];
  for (const source of sourcesOf(moved))
    sums.push(
      toSum(
        await postgres.query(
          `select count(*) as rows, coalesce(sum(('x' || substr(md5(${rowText(texts)}), 1, 15))::bit(60)::bigint), 0)::text as sum
           from (${source}) moved`,
        ),
      ),
    );
  return sums.reduce((one, other) => ({
    rows: one.rows + other.rows,
    sum: String(BigInt(one.sum) + BigInt(other.sum)),
  }));
}

/**
 * The text of a row: no two rows that differ have the same, since texts are in quotes that are
 * doubled in them.
 */
function rowText(texts: readonly string[]): string {
  return texts
    .map((text) => `coalesce('''' || replace(${text}, '''', '''''') || '''', 'null')`)
    .join(` || ',' || `);
}

function toSum([row]: readonly Readonly<Record<string, unknown>>[]): Sum {
  return { rows: Number(row?.rows), sum: String(row?.sum) };
}

function sourcesOf({ table, fromPostgres }: MovedTable): readonly string[] {
  return fromPostgres ?? [`select * from ${table}`];
}

function rangesFor({ range }: MovedTable, rows: number): readonly (Range | null)[] {
  return range === undefined ? [null] : rangesOf(Math.max(1, Math.ceil(rows / ROWS_AT_A_TIME)));
}

function isWithin({ range }: MovedTable, { first, last }: Range): string {
  const [least, most] = [
    { hi: first, lo: 0n },
    { hi: last, lo: 2n ** 64n - 1n },
  ].map(formatUuid);
  return `${range?.postgres} between '${least}' and '${most}'`;
}

async function columnsOf(embedded: Sql, table: string): Promise<readonly Column[]> {
  const rows = await embedded.query(
    `select column_name, data_type from duckdb_columns()
     where table_name = '${table}' and database_name = current_database() order by column_index`,
  );
  return rows.map((row) => ({ name: String(row.column_name), type: String(row.data_type) }));
}

/** The columns as PostgreSQL has them: two halves are one. */
function storedColumns({ halves = [] }: MovedTable, columns: readonly Column[]): readonly Column[] {
  return columns.flatMap((column) => {
    const half = halves.find((name) => column.name === `${name}_hi` || column.name === `${name}_lo`);
    if (half === undefined) return [column];
    return column.name.endsWith('_hi') ? [{ name: half, type: 'VARCHAR' }] : [];
  });
}

/** What is made of a column that was read, for a column of the embedded store. */
function read({ halves = [] }: MovedTable, { name, type }: Column): string {
  const half = halves.find((each) => name === `${each}_hi` || name === `${each}_lo`);
  if (half !== undefined)
    return `('0x' || replace(${half}, '-', '')[${name.endsWith('_hi') ? '1:16' : '17:32'}])::ubigint`;
  if (type !== 'VARCHAR') return name;
  return `replace(replace(${name}, chr(57344) || '0', chr(0)), chr(57344) || '1', chr(57344))`;
}

/** A text as PostgreSQL stores it: postgres/texts.ts. */
function encoded(name: string): string {
  return `replace(replace(${name}, chr(57344), chr(57344) || '1'), chr(0), chr(57344) || '0')`;
}

async function countRows(sql: Sql, from: string): Promise<number> {
  const [row] = await sql.query(`select count(*) as rows from ${from}`);
  return Number(row?.rows);
}
