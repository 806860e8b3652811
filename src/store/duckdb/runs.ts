import type { Sql } from '../records/database.ts';
import { BIG_TABLES, type BigTableName } from './big-tables.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

/**
 * How far a big table is from being in order. Kept in memory: asking the store after each file
 * would cost it. A look-up reads in one row group of each run, so small merges, which share a row
 * group, are parts of a run.
 */
export type Runs = {
  /** Behind the ordered rows. */
  readonly appended: { rows: number; runs: number };
  readonly recent: {
    rows: number;
    runs: number;
    /** Nothing has been written since it was made. */
    isEmpty: boolean;
    /** How often something has been; changes before it can be seen. */
    writes: number;
  };
};
export type RunsOfTables = Readonly<Record<BigTableName, Runs>> & {
  /** So many runs of recent rows become one. */
  readonly mostRecent: number;
};

/** Each costs a look-up some 0.1 ms of CPU; making one of them takes a second or two. */
const MOST_RECENT = 12;

/** Rows of a run that look-ups pay in full: as many as a row group has. */
const ROWS_PER_RUN = 61_440;

/** Reads it when the store is opened. */
export async function readRuns(db: DuckDbDatabase, mostRecent = MOST_RECENT): Promise<RunsOfTables> {
  return db.read(async (sql) => {
    const runs = { membership: nothing(), user_identifier: nothing(), mostRecent };
    for (const { table } of BIG_TABLES) await readInto(sql, table, runs[table]);
    return runs;
  });
}

function nothing(): Runs {
  return { appended: { rows: 0, runs: 0 }, recent: { rows: 0, runs: 0, isEmpty: true, writes: 0 } };
}

async function readInto(sql: Sql, table: BigTableName, { appended, recent }: Runs): Promise<void> {
  const [known] = await sql.query(
    'select ordered_rows, appended_runs from table_order where table_name = $1',
    [table],
  );
  // rows keep their place: those that were inserted after the last time the table was put in order
  // have the highest ids
  const [counts] = await sql.query(
    `select
       (select count(*) from ${table}_ordered where rowid >= ${BigInt(String(known?.ordered_rows ?? 0))}) as appended,
       (select count(*) from ${table}_recent) as recent`,
  );
  appended.rows = Number(counts?.appended);
  appended.runs = Number(known?.appended_runs ?? 0);
  recent.rows = Number(counts?.recent);
  recent.isEmpty = recent.rows === 0;
  // of how many merges they are was known to the process before
  recent.runs = recent.rows / ROWS_PER_RUN;
}

/** A transaction is about to write into the recent rows of a table. */
export function noteWriting(runs: RunsOfTables, table: BigTableName): void {
  const { recent } = runs[table];
  recent.isEmpty = false;
  recent.writes += 1;
}

/** Adds the rows that a merge has written. */
export function noteWritten(runs: RunsOfTables, rows: { memberships: number; users: number }): void {
  add(runs.membership, rows.memberships);
  add(runs.user_identifier, rows.users);
}

function add({ recent }: Runs, rows: number): void {
  recent.rows += rows;
  recent.runs += Math.min(1, rows / ROWS_PER_RUN);
}

/** The recent rows have become a run behind the ordered ones. */
export function noteAppended({ appended, recent }: Runs): void {
  appended.rows += recent.rows;
  appended.runs += 1;
  empty(recent);
}

/** All rows are in order. */
export function noteOrdered({ appended, recent }: Runs): void {
  appended.rows = 0;
  appended.runs = 0;
  empty(recent);
}

function empty(recent: Runs['recent']): void {
  recent.rows = 0;
  recent.runs = 0;
  recent.isEmpty = true;
}
