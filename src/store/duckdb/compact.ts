import { passFaultPoint } from '../../fault-points.ts';
import type { Sql } from '../records/database.ts';
import type { Store } from '../store.ts';
import { BIG_TABLES, type BigTable, type BigTableName } from './big-tables.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { noteAppended, noteOrdered, type Runs, type RunsOfTables } from './runs.ts';

type Pressure = Parameters<Store['compact']>[0];

/** Rows that are sorted at once: some 100 MB. */
const ROWS_PER_RANGE = 1_000_000;

/**
 * Runs behind the ordered rows after which the whole table is put in order though imports have to
 * wait for it.
 */
const MOST_APPENDED_RUNS = 12;
/**
 * What is worth putting in order while nothing else is to be done: so many rows, and such a share
 * of all.
 */
const WORTH_WHILE = { rows: 100_000, share: 0.04 };

/**
 * `Store.compact` for the embedded store: rewrites a table as one ordered run, a range of keys at a
 * time so that the memory is bounded, in one transaction. A crash, or `stop`, leaves the table as
 * it was. Look-ups go on meanwhile, merges wait.
 */
export async function compact(
  db: DuckDbDatabase,
  { pressure, runs, stop }: { pressure: Pressure; runs: RunsOfTables; stop: AbortSignal },
): Promise<boolean> {
  let done = false;
  for (const each of BIG_TABLES) {
    if (stop.aborted || !(await isWorthIt(db, runs[each.table], { table: each.table, pressure }))) continue;
    const isOrdered = await db
      .merge((sql) => putInOrder(sql, each, stop))
      .then(
        () => true,
        (error) => {
          if (!stop.aborted) throw error;
          return false;
        },
      );
    if (isOrdered) noteOrdered(runs[each.table]);
    done ||= isOrdered;
  }
  return done;
}

async function isWorthIt(
  db: DuckDbDatabase,
  { appended, recent }: Runs,
  { table, pressure }: { table: BigTableName; pressure: Pressure },
): Promise<boolean> {
  if (pressure === 'BUSY') return appended.runs >= MOST_APPENDED_RUNS;
  const rows = appended.rows + recent.rows;
  const isMany = rows >= WORTH_WHILE.rows;
  return isMany && rows >= WORTH_WHILE.share * (await db.readLong((sql) => countRows(sql, table)));
}

/**
 * Makes one run of the recent rows of each table that has too many, behind the ordered ones. Merges
 * append runs, each in key order; this is what bounds them while files keep coming. To be called
 * between two merges.
 */
export async function appendRecent(db: DuckDbDatabase, runs: RunsOfTables): Promise<void> {
  for (const each of BIG_TABLES) {
    const { recent } = runs[each.table];
    if (recent.isEmpty || recent.runs < runs.mostRecent) continue;
    const isFirst = await db.merge((sql) => append(sql, each));
    if (isFirst) noteOrdered(runs[each.table]);
    else noteAppended(runs[each.table]);
  }
}

/** Resolves to whether there was nothing before, so that all rows are in order now. */
async function append(sql: Sql, big: BigTable): Promise<boolean> {
  const { table } = big;
  const [before] = await sql.query(`select exists (from ${table}_ordered) as any_row`);
  const rows = await countRows(sql, `${table}_recent`);
  await copyInOrder(sql, big, { from: `${table}_recent`, to: `${table}_ordered`, rows });
  await replaceRecent(sql, table);
  if (!before?.any_row) {
    await noteOrder(sql, table, { rows, runs: 0 });
    return true;
  }
  const [known] = await sql.query(
    'select ordered_rows, appended_runs from table_order where table_name = $1',
    [table],
  );
  const runs = Number(known?.appended_runs ?? 0) + 1;
  await noteOrder(sql, table, { rows: Number(known?.ordered_rows ?? 0), runs });
  return false;
}

async function putInOrder(sql: Sql, big: BigTable, stop: AbortSignal): Promise<void> {
  const { table } = big;
  const rows = await countRows(sql, table);
  const next = `${table}_next`;
  await createLike(sql, `${table}_ordered`, next);
  await copyInOrder(sql, big, { from: table, to: next, rows, stop });
  const moved = await countRows(sql, next);
  if (moved !== rows) throw new Error(`compaction of ${table} moved ${moved} of ${rows} rows`);
  await sql.query(`drop table ${table}_ordered`);
  await sql.query(`alter table ${next} rename to ${table}_ordered`);
  await replaceRecent(sql, table);
  await noteOrder(sql, table, { rows, runs: 0 });
}

async function copyInOrder(
  sql: Sql,
  { range, order }: BigTable,
  { from, to, rows, stop }: { from: string; to: string; rows: number; stop?: AbortSignal },
): Promise<void> {
  const ranges = BigInt(Math.max(1, Math.ceil(rows / ROWS_PER_RANGE)));
  const width = 2n ** 64n / ranges;
  for (let i = 0n; i < ranges; i++) {
    stop?.throwIfAborted();
    const last = i + 1n === ranges ? 2n ** 64n - 1n : (i + 1n) * width - 1n;
    await sql.query(
      `insert into ${to} select * from ${from} where ${range} between ${i * width} and ${last} order by ${order}`,
    );
    passFaultPoint('compaction-step');
  }
}

/** Anew and not emptied: deleted rows would be read until a checkpoint. */
async function replaceRecent(sql: Sql, table: BigTableName): Promise<void> {
  const next = `${table}_next`;
  await createLike(sql, `${table}_recent`, next);
  await sql.query(`drop table ${table}_recent`);
  await sql.query(`alter table ${next} rename to ${table}_recent`);
}

/**
 * An empty table as `table` is defined: `create table as select` would leave out its constraints.
 */
async function createLike(sql: Sql, table: string, name: string): Promise<void> {
  const [definition] = await sql.query(
    'select sql from duckdb_tables() where database_name = current_database() and table_name = $1',
    [table],
  );
  const text = String(definition?.sql);
  const start = `CREATE TABLE ${table}(`;
  if (!text.startsWith(start)) throw new Error(`${table} is not defined as expected: ${text.slice(0, 80)}`);
  await sql.query(`create table ${name}(${text.slice(start.length)}`);
}

async function noteOrder(sql: Sql, table: BigTableName, of: { rows: number; runs: number }): Promise<void> {
  await sql.query('delete from table_order where table_name = $1', [table]);
  await sql.query(
    `insert into table_order (table_name, ordered_rows, appended_runs) values ($1, ${of.rows}, ${of.runs})`,
    [table],
  );
}

async function countRows(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.query(`select count(*) as total from ${table}`);
  return Number(row?.total);
}
