import { passFaultPoint } from '../../fault-points.ts';
import type { Effects } from '../../model/execution.ts';
import type { Sql } from '../records/database.ts';
import type { Store } from '../store.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

/** The tables that grow, and the order that look-ups prune by. */
const TABLES = [
  { table: 'membership', range: 'point_hi', order: 'point_hi, point_lo, segment_id' },
  { table: 'user_identifier', range: 'key_hi', order: 'key_hi, key_lo' },
] as const;
type BigTable = (typeof TABLES)[number];
type Pressure = Parameters<Store['compact']>[0];
type Worth = { readonly table: BigTable['table']; readonly pressure: Pressure };

/** Rows of each big table that lie behind its ordered ones. Kept in memory: asking the store after each file would cost it. */
export type Tail = Record<BigTable['table'], number>;

/** Reads how long the tails are. */
export async function readTail(db: DuckDbDatabase): Promise<Tail> {
  return db.read(async (sql) => {
    const tail: Tail = { membership: 0, user_identifier: 0 };
    for (const { table } of TABLES) {
      const [ordered] = await sql.query('select ordered_rows from table_order where table_name = $1', [
        table,
      ]);
      // rows keep their place: those that were inserted after the last time the table was put in order have the highest ids
      const [behind] = await sql.query(
        `select count(*) as total from ${table} where rowid >= ${BigInt(String(ordered?.ordered_rows ?? 0))}`,
      );
      tail[table] = Number(behind?.total);
    }
    return tail;
  });
}

/** Adds what a merge has appended: the difference of two effects. */
export function noteAppended(tail: Tail, before: Effects, after: Effects): void {
  // those who stay in are inserted anew
  tail.membership += after.membershipsCreated + after.membershipsUpdated;
  tail.membership -= before.membershipsCreated + before.membershipsUpdated;
  tail.user_identifier += after.userPointsCreated - before.userPointsCreated;
}

/** Rows that are sorted at once: some 100 MB. */
const ROWS_PER_RANGE = 1_000_000;

/**
 * When a table is worth rewriting: so many rows beyond the ordered ones, and such a share of all. Each run of inserted rows
 * costs a look-up some 0.3 ms; rewriting 30 M rows takes 6 s (docs/architecture.md).
 */
const THRESHOLDS = {
  IDLE: { rows: 100_000, share: 0.04 },
  BUSY: { rows: 4_000_000, share: 0.5 },
} as const;

/**
 * `Store.compact` for the embedded store. Merges append runs, each in key order; a look-up touches a row group of each. This
 * rewrites a table as one ordered run, a range of keys at a time so that the memory is bounded, in one transaction: a
 * crash, or `stop` in the first half of it, leaves the table as it was. Look-ups go on meanwhile, merges wait.
 */
export async function compact(
  db: DuckDbDatabase,
  { pressure, tail, stop }: { pressure: Pressure; tail: Tail; stop: AbortSignal },
): Promise<boolean> {
  let done = false;
  for (const each of TABLES) {
    if (stop.aborted || !(await isWorthIt(db, tail[each.table], { table: each.table, pressure }))) continue;
    const isRewritten = await db
      .merge((sql) => rewrite(sql, each, stop))
      .then(
        () => true,
        (error) => {
          if (!stop.aborted) throw error;
          return false;
        },
      );
    if (isRewritten) tail[each.table] = 0;
    done ||= isRewritten;
  }
  return done;
}

async function isWorthIt(
  db: DuckDbDatabase,
  rowsInTail: number,
  { table, pressure }: Worth,
): Promise<boolean> {
  const { rows, share } = THRESHOLDS[pressure];
  return rowsInTail >= rows && rowsInTail >= share * (await db.read((sql) => countRows(sql, table)));
}

async function rewrite(sql: Sql, { table, range, order }: BigTable, stop: AbortSignal): Promise<void> {
  const rows = await countRows(sql, table);
  const ranges = BigInt(Math.max(1, Math.ceil(rows / ROWS_PER_RANGE)));
  const width = 2n ** 64n / ranges;
  await createLike(sql, table, `${table}_ordered`);
  for (let i = 0n; i < ranges; i++) {
    // what is half done is brought to its end: under imports that come again and again it would never be
    if (2n * i < ranges) stop.throwIfAborted();
    const last = i + 1n === ranges ? 2n ** 64n - 1n : (i + 1n) * width - 1n;
    await sql.query(
      `insert into ${table}_ordered select * from ${table} where ${range} between ${i * width} and ${last} order by ${order}`,
    );
    passFaultPoint('compaction-step');
  }
  const moved = await countRows(sql, `${table}_ordered`);
  if (moved !== rows) throw new Error(`compaction of ${table} moved ${moved} of ${rows} rows`);
  await sql.query(`drop table ${table}`);
  await sql.query(`alter table ${table}_ordered rename to ${table}`);
  await sql.query('delete from table_order where table_name = $1', [table]);
  await sql.query('insert into table_order values ($1, cast($2 as bigint))', [table, rows]);
}

/** An empty table as `table` is defined: `create table as select` would leave out its constraints. */
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

async function countRows(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.query(`select count(*) as total from ${table}`);
  return Number(row?.total);
}
