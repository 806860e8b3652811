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

/** So many merges run at a time in all nodes together; more wait for one of them. */
const SLOTS = 16;
/** A first try at another place each time, so that nodes seldom meet. */
let nextSlot = Math.floor(Math.random() * SLOTS);

const SLOT_LOCKS = 0x4d76;

/** The staging tables of a slot, which one transaction at a time uses. */
const SLOT_TABLES = ['staged_key', 'staged_membership'] as const;
type SlotTable = (typeof SLOT_TABLES)[number];
/** What a merge of pairs uses. */
export const OF_PAIRS: readonly SlotTable[] = ['staged_key', 'staged_membership'];

/**
 * Takes one of the slots of staging tables for the rest of the transaction, and empties those that
 * it is going to use; resolves to its number. What an earlier transaction left is of no use to
 * anybody. The others stay as they are: on a Citus cluster each truncate is one of every shard.
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
 * The same for who has to wait for others before he is done: of the first half alone, and null
 * where none of it is free. Those whom he waits for will find one in the other half.
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
 * table and rolls back leaves its old file behind until the next checkpoint. When PostgreSQL
 * crashes within half a second after that, before it has written the rollback down, its first
 * restart finds the file and fails: "could not create file … File exists". A commit is always
 * written down first.
 *
 * Something that reads the tables, such as pg_dump, keeps the truncate from its lock for as long as
 * it runs. The rows are deleted then, which takes longer and leaves their space to the next
 * truncate.
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

/**
 * Empties a slot that this transaction has used, for another use: of few rows, and slower than
 * `emptySlot`.
 */
export async function clearSlot(sql: PostgresSql, slot: number, tables = OF_PAIRS): Promise<void> {
  for (const table of tables) await sql.query(`delete from ${table}_${slot}`);
}

/**
 * Deletes what merges have left of a user in any slot: nobody needs it, and the next use of a slot
 * may be far away.
 */
export async function forgetInSlots(sql: PostgresSql, userPointId: string): Promise<void> {
  for (let slot = 0; slot < SLOTS; slot++)
    for (const table of SLOT_TABLES)
      await sql.query(`delete from ${table}_${slot} where user_point_id = ${userPointId}`);
}
