import type { Sql } from '../records/database.ts';
import { literal } from '../records/database.ts';
import { statementsOf } from '../statements.ts';
import type { PostgresSql } from './postgres-database.ts';

/** Statements for the DuckDB of a node. */
export const scratchStatement = statementsOf(
  new URL('./scratch-sql/', import.meta.url),
  new URL('../staging/', import.meta.url),
);
/** Statements for PostgreSQL. */
export const statement = statementsOf(
  new URL('./sql/', import.meta.url),
  new URL('../records/sql/', import.meta.url),
);

/** What commands come to by user point and segment, ready to be copied into a `staged_pair`. */
export type Pairs = {
  readonly file: string;
  readonly rows: number;
  /** Whether some of them end memberships, or what there was before a command. */
  readonly removes: boolean;
  readonly segmentIds: readonly string[];
  /** Of the documents the commands are from. */
  readonly executionIds: readonly string[];
};

/** Folds the commands of a relation with STAGED_COLUMNS, and writes what they come to into a file, in the order of user points. */
export async function writePairs(
  sql: Sql,
  of: {
    readonly commands: string;
    readonly startDate: number;
    /** Of the documents the commands are from, by position (GROUP_LINES). */
    readonly executionIds: readonly string[];
    readonly file: string;
  },
): Promise<Pairs> {
  await sql.query(
    scratchStatement('fold-pairs', { commands: of.commands, start_date: Math.trunc(of.startDate) }),
  );
  const [summary] = await sql.query(scratchStatement('summarize-pairs'));
  const segments = await sql.query('select distinct segment_id from chunk_pair order by segment_id');
  await sql.query(
    `copy (${scratchStatement('write-pairs', { executions: `list_value(${of.executionIds.map(literal).join(', ')})` })})
     to '${of.file.replaceAll("'", "''")}' (format csv, header false, nullstr '', force_quote (value, data_bag))`,
  );
  return {
    file: of.file,
    rows: Number(summary?.pairs),
    removes: Boolean(summary?.removes),
    segmentIds: segments.map(({ segment_id }) => String(segment_id)),
    executionIds: of.executionIds,
  };
}

/** So many merges run at a time in all nodes together; more wait for one of them. */
const SLOTS = 16;
/** A first try at another place each time, so that nodes seldom meet. */
let nextSlot = Math.floor(Math.random() * SLOTS);

const SLOT_LOCKS = 0x4d76;

/**
 * Takes one of the slots of staging tables for the rest of the transaction, and empties it; resolves to its number. What an earlier
 * transaction left is of no use to anybody.
 */
export async function takeSlot(sql: PostgresSql): Promise<number> {
  const first = nextSlot++ % SLOTS;
  for (let i = 0; i < SLOTS; i++) {
    const slot = (first + i) % SLOTS;
    const [row] = await sql.query(`select pg_try_advisory_xact_lock(${SLOT_LOCKS}, ${slot}) as taken`);
    if (row?.taken) return emptied(sql, slot);
  }
  await sql.query(`select pg_advisory_xact_lock(${SLOT_LOCKS}, ${first})`);
  return emptied(sql, first);
}

async function emptied(sql: PostgresSql, slot: number): Promise<number> {
  await sql.query(`truncate staged_pair_${slot}, staged_revert_${slot}`);
  return slot;
}

/** From so many rows on the planner is told about them. */
const ROWS_TO_ANALYZE = 5_000;

/** Copies pairs into a slot, and tells the planner how many there are. */
export async function copyPairs(sql: PostgresSql, slot: number, { file, rows }: Pairs): Promise<void> {
  const copied = await sql.copyIn(statement('copy-pairs', { slot }), file);
  if (copied !== rows) throw new Error(`${copied} of ${rows} pairs came into the database`);
  if (rows >= ROWS_TO_ANALYZE) await sql.query(`analyze staged_pair_${slot} (user_point_id)`);
}
