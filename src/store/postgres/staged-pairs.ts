import type { Sql } from '../records/database.ts';
import { literal } from '../records/database.ts';
import { statementsOf } from '../statements.ts';
import { isLockTimeout } from './faults.ts';
import type { PostgresSql } from './postgres-sql.ts';

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

/** Users whom failed lines name, ready to be copied into a `staged_pair` when its pairs are applied. */
export type NamedUsersFile = { readonly file: string; readonly rows: number };

/** Writes users whom failed lines name, of a relation with user points and segments, into a file. */
export async function writeNamed(
  sql: Sql,
  of: { readonly named: string; readonly executionId: string; readonly file: string },
): Promise<NamedUsersFile> {
  const named = scratchStatement('write-named', { named: of.named, execution_id: literal(of.executionId) });
  const [copied] = await sql.query(
    `copy (${named}) to '${of.file.replaceAll("'", "''")}' (format csv, header false, nullstr '')`,
  );
  return { file: of.file, rows: Number(copied?.Count) };
}

/** So many merges run at a time in all nodes together; more wait for one of them. */
const SLOTS = 16;
/** A first try at another place each time, so that nodes seldom meet. */
let nextSlot = Math.floor(Math.random() * SLOTS);

const SLOT_LOCKS = 0x4d76;

/** The staging tables of a slot, which one transaction at a time uses. */
const SLOT_TABLES = [
  'staged_key',
  'staged_membership',
  'staged_pair',
  'resolved_pair',
  'staged_revert',
] as const;
type SlotTable = (typeof SLOT_TABLES)[number];
/** What a merge of pairs uses. */
const OF_PAIRS: readonly SlotTable[] = ['staged_key', 'staged_membership'];

/**
 * Takes one of the slots of staging tables for the rest of the transaction, and empties those that it is going to use; resolves to its
 * number. What an earlier transaction left is of no use to anybody. The others stay as they are: on a Citus cluster each truncate is one
 * of every shard.
 */
export async function takeSlot(sql: PostgresSql, tables = OF_PAIRS): Promise<number> {
  const first = nextSlot++ % SLOTS;
  const free = await takeFreeSlot(sql, { first, of: SLOTS, tables });
  if (free !== null) return free;
  await sql.query(`select pg_advisory_xact_lock(${SLOT_LOCKS}, ${first})`);
  await emptySlot(sql, first, tables);
  return first;
}

/**
 * The same for who has to wait for others before he is done: of the first half alone, and null where none of it is free. Those whom he
 * waits for will find one in the other half.
 */
export function takeSlotAhead(sql: PostgresSql): Promise<number | null> {
  return takeFreeSlot(sql, { first: nextSlot++, of: SLOTS / 2, tables: OF_PAIRS });
}

async function takeFreeSlot(
  sql: PostgresSql,
  { first, of, tables }: { first: number; of: number; tables: readonly SlotTable[] },
): Promise<number | null> {
  for (let i = 0; i < of; i++) {
    const slot = (first + i) % of;
    const [row] = await sql.query(`select pg_try_advisory_xact_lock(${SLOT_LOCKS}, ${slot}) as taken`);
    if (!row?.taken) continue;
    await emptySlot(sql, slot, tables);
    return slot;
  }
  return null;
}

/**
 * Empties tables of a slot that this transaction has just taken and not used yet.
 *
 * The truncate commits by itself, on another connection. A transaction that truncates an unlogged
 * table and rolls back leaves its old file behind until the next checkpoint. When PostgreSQL crashes
 * within half a second after that, before it has written the rollback down, its first restart finds
 * the file and fails: "could not create file … File exists". A commit is always written down first.
 *
 * Something that reads the tables, such as pg_dump, keeps the truncate from its lock for as long as
 * it runs. The rows are deleted then, which takes longer and leaves their space to the next truncate.
 */
async function emptySlot(sql: PostgresSql, slot: number, tables: readonly SlotTable[]): Promise<void> {
  const names = tables.map((table) => `${table}_${slot}`).join(', ');
  try {
    await sql.aside(`set local lock_timeout = '200ms'; truncate ${names}`);
  } catch (fault) {
    if (!isLockTimeout(fault)) throw fault;
    await clearSlot(sql, slot, tables);
  }
}

/** Empties a slot that this transaction has used, for another use: of few rows, and slower than `emptySlot`. */
export async function clearSlot(sql: PostgresSql, slot: number, tables = OF_PAIRS): Promise<void> {
  for (const table of tables) await sql.query(`delete from ${table}_${slot}`);
}

/** Deletes what merges have left of a user in any slot: nobody needs it, and the next use of a slot may be far away. */
export async function forgetInSlots(sql: PostgresSql, userPointId: string): Promise<void> {
  for (let slot = 0; slot < SLOTS; slot++)
    for (const table of SLOT_TABLES)
      await sql.query(`delete from ${table}_${slot} where user_point_id = ${userPointId}`);
}

/** Copies pairs into a slot. */
export async function copyPairs(
  sql: PostgresSql,
  slot: number,
  { file, rows }: Pick<Pairs, 'file' | 'rows'>,
): Promise<void> {
  const copied = await sql.copyIn(statement('copy-pairs', { slot }), file);
  if (copied !== rows) throw new Error(`${copied} of ${rows} pairs came into the database`);
}
