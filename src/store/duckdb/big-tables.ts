import type { Row, Sql } from '../records/database.ts';

/**
 * The tables that grow, and the order that look-ups prune by. Each is a view over two: `…_ordered`,
 * rows in order with some runs behind them, and `…_recent`, which merges write into
 * (docs/internals/embedded-store.md).
 */
export const BIG_TABLES = [
  { table: 'membership', range: 'point_hi', order: 'point_hi, point_lo, segment_id' },
  { table: 'user_identifier', range: 'key_hi', order: 'key_hi, key_lo' },
] as const;
export type BigTable = (typeof BIG_TABLES)[number];
export type BigTableName = BigTable['table'];

/**
 * Runs a statement that changes rows where they are, in both tables; resolves to how many rows it
 * changed.
 */
export async function changeRows(
  sql: Sql,
  table: BigTableName,
  text: (table: string) => string,
): Promise<number> {
  let rows = 0;
  for (const part of [`${table}_ordered`, `${table}_recent`]) rows += changed(await sql.query(text(part)));
  return rows;
}

function changed([row]: readonly Row[]): number {
  return Number(row?.Count ?? 0);
}
