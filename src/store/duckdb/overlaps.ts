import type { SegmentOverlap } from '../../model/overlap-analysis.ts';
import type { Overlap } from '../../model/records.ts';
import { rangesOf } from '../key-ranges.ts';
import { literal, type Row, type Sql } from '../records/database.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import { addPairs, pairsOf, type SegmentSet } from '../staging/overlap-sets.ts';
import type { Store } from '../store.ts';
import { atOneMoment } from './at-one-moment.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

/** Segments in one unsigned integer of DuckDB, a bit each. */
const BITS = 64;

type OverlapCalls = Pick<Store, 'countOverlaps' | 'countOverlapsWith'>;

/**
 * How many user points segments have in common, counted range by range of their keys, as of one
 * moment.
 */
export function overlapCalls(db: DuckDbDatabase, { compared }: RowsAtATime): OverlapCalls {
  return {
    countOverlaps: ({ segmentIds, now }) =>
      segmentIds.length < 2
        ? Promise.resolve([])
        : atOneMoment(db, (sql) => countOverlaps(sql, { segmentIds, now, compared })),

    countOverlapsWith: ({ segmentId, now }) =>
      atOneMoment(db, (sql) => countOverlapsWith(sql, { segmentId, now, compared })),
  };
}

/**
 * One scan: the segments of a user point are a set of bits, and users with the same set are counted
 * together; pairs are made of the few sets that there are. Rows are nearly in the order of the
 * keys, so that each range reads only its own row groups.
 */
async function countOverlaps(
  sql: Sql,
  { segmentIds, now, compared }: Parameters<Store['countOverlaps']>[0] & { compared: number },
): Promise<readonly Overlap[]> {
  const counts = new Float64Array(segmentIds.length ** 2);
  const live = await liveCondition(sql, now);
  for (const range of await keyRanges(sql, compared))
    for (const row of await sql.query(setsOf(segmentIds, `${inRange(range)} ${live}`)))
      addPairs(counts, setOf(row, segmentIds.length), segmentIds.length);
  return pairsOf(counts, segmentIds);
}

/** How many user points of a range are in each set of segments. */
function setsOf(segmentIds: readonly string[], where: string): string {
  // narrow values make a quicker table of groups
  const type = segmentIds.length <= 16 ? 'usmallint' : 'ubigint';
  const words = Array.from({ length: Math.ceil(segmentIds.length / BITS) }, (_, word) => `word${word}`);
  const asked = segmentIds.map((id, at) => {
    const bits = words.map((_, word) =>
      Math.floor(at / BITS) === word ? `${1n << BigInt(at % BITS)}::${type}` : `0::${type}`,
    );
    return `(${literal(id)}::bigint, ${bits.join(', ')})`;
  });
  // a join, since `in` and `case` compare each membership with one id after the other
  return `select columns('word.*'), count(*) as user_points from (
      select ${words.map((word) => `bit_or(${word}) as ${word}`).join(', ')}
      from membership join (values ${asked.join(', ')}) asked (segment_id, ${words.join(', ')}) using (segment_id)
      where ${where}
      group by point_hi, point_lo
    ) group by all`;
}

/** The set that a row of `setsOf` is about. */
function setOf(row: Row, segments: number): SegmentSet {
  const words = Array.from({ length: Math.ceil(segments / BITS) }, (_, word) =>
    BigInt(row[`word${word}`] as number | bigint),
  );
  return { words, bits: BITS, userPoints: Number(row.user_points) };
}

async function countOverlapsWith(
  sql: Sql,
  { segmentId, now, compared }: Parameters<Store['countOverlapsWith']>[0] & { compared: number },
): Promise<readonly SegmentOverlap[]> {
  const overlaps = new Map<string, SegmentOverlap>();
  const live = await liveCondition(sql, now);
  for (const range of await keyRanges(sql, compared)) {
    const members = `select * from membership where ${inRange(range)} ${live}`;
    const rows = await sql.query(
      `select a.segment_id, count(*) as size, count(b.point_hi) as shared
       from (${members}) a
       left join (select point_hi, point_lo from (${members}) where segment_id = ${literal(segmentId)}) b
         on b.point_hi = a.point_hi and b.point_lo = a.point_lo
       group by a.segment_id`,
    );
    for (const row of rows) {
      const id = String(row.segment_id);
      const { size, shared } = overlaps.get(id) ?? { size: 0, shared: 0 };
      overlaps.set(id, {
        segmentId: id,
        size: size + Number(row.size),
        shared: shared + Number(row.shared),
      });
    }
  }
  return [...overlaps.values()];
}

async function keyRanges(sql: Sql, rows: number): Promise<ReturnType<typeof rangesOf>> {
  const [row] = await sql.query('select count(*) as memberships from membership');
  return rangesOf(Math.max(1, Math.ceil(Number(row?.memberships) / rows)));
}

function inRange({ first, last }: ReturnType<typeof rangesOf>[number]): string {
  return `point_hi between ${first}::ubigint and ${last}::ubigint`;
}

/**
 * Nothing where no membership has expired, which zone maps tell at once: looking at each costs a
 * third of it all.
 */
async function liveCondition(sql: Sql, now: number): Promise<string> {
  const expired = `expiration_ts <= ${literal(Math.trunc(now))}`;
  const [any] = await sql.query(`select 1 from membership where ${expired} limit 1`);
  return any ? `and (${expired}) is not true` : '';
}
