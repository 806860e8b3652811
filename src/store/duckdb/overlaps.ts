import type { Overlap } from '../../model/records.ts';
import { literal, type Row } from '../records/database.ts';
import type { Store } from '../store.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

/** Memberships that are grouped at a time: what a group of user points takes in memory is bounded by it. */
const ROWS_AT_A_TIME = 8_000_000;
const ALL_KEYS = 2n ** 64n;
/** Segments in one unsigned integer of DuckDB, a bit each. */
const BITS = 64;

/**
 * `Store.countOverlaps`: one scan. The segments of a user point are a set of bits, and users with the same set are counted
 * together; sets of one segment are left out. Keys are random, so that a range of them has its share of the rows, and runs are
 * in their order, so that each range reads only its own row groups.
 */
export async function countOverlaps(
  db: DuckDbDatabase,
  { segmentIds, now }: Parameters<Store['countOverlaps']>[0],
): Promise<readonly Overlap[]> {
  const counts = new Map<number, number>();
  if (segmentIds.length < 2) return [];
  await db.read(async (sql) => {
    const [size] = await sql.query(
      `select sum(estimated_size) as memberships from duckdb_tables()
       where table_name in ('membership_ordered', 'membership_recent') and database_name = current_database()`,
    );
    const parts = BigInt(Math.ceil(Number(size?.memberships) / ROWS_AT_A_TIME) || 1);
    for (let part = 0n; part < parts; part++) {
      const range = { from: (ALL_KEYS * part) / parts, to: (ALL_KEYS * (part + 1n)) / parts - 1n };
      for (const row of await sql.query(setsOf(segmentIds, { now, ...range })))
        addPairs(counts, row, segmentIds);
    }
  });
  return [...counts].map(([pair, userPoints]) => ({
    segmentIds: [
      idAt(segmentIds, Math.floor(pair / segmentIds.length)),
      idAt(segmentIds, pair % segmentIds.length),
    ],
    userPoints,
  }));
}

/** How many user points of a range are in each set of several segments. */
function setsOf(
  segmentIds: readonly string[],
  { now, from, to }: { readonly now: number; readonly from: bigint; readonly to: bigint },
): string {
  const words = Array.from({ length: Math.ceil(segmentIds.length / BITS) }, (_, word) => {
    const ids = segmentIds.slice(word * BITS, (word + 1) * BITS);
    const bits = ids.map((id, bit) => `when ${literal(id)} then ${1n << BigInt(bit)}::ubigint`);
    return `bit_or(case segment_id ${bits.join(' ')} else 0::ubigint end) as word${word}`;
  });
  return `select columns('word.*'), count(*) as user_points from (
      select ${words.join(', ')} from membership
      where segment_id in (${segmentIds.map(literal).join(', ')})
        and (expiration_ts is null or expiration_ts > ${literal(Math.trunc(now))})
        and point_hi between ${from}::ubigint and ${to}::ubigint
      group by point_hi, point_lo
      having count(*) > 1
    ) group by all`;
}

/** Adds the user points of one set to each pair of its segments; a pair is the two places in one number. */
function addPairs(counts: Map<number, number>, row: Row, segmentIds: readonly string[]): void {
  const userPoints = Number(row.user_points);
  const places = segmentIds.flatMap((_, at) => {
    const word = row[`word${Math.floor(at / BITS)}`] as bigint;
    return (word >> BigInt(at % BITS)) & 1n ? [at] : [];
  });
  for (const [at, one] of places.entries()) {
    for (const other of places.slice(at + 1)) {
      const pair = one * segmentIds.length + other;
      counts.set(pair, (counts.get(pair) ?? 0) + userPoints);
    }
  }
}

function idAt(segmentIds: readonly string[], at: number): string {
  return segmentIds[at] ?? '';
}
