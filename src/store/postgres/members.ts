import type { StoredIdentifier } from '../../model/identifier.ts';
import type { SegmentOverlap } from '../../model/overlap-analysis.ts';
import type { Member, Overlap } from '../../model/records.ts';
import { literal, numberOrNull, type Row, type Sql, textOrNull } from '../records/database.ts';
import { toIdentifier } from '../records/membership-rows.ts';
import { addPairs, pairsOf } from '../staging/overlap-sets.ts';
import type { Store } from '../store.ts';
import { halvesOf, identifiersText, uuid } from './look-ups.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { sizesAt } from './segment-tally.ts';

type MemberCalls = Pick<
  Store,
  'listMembers' | 'countExpiring' | 'countMembers' | 'countOverlaps' | 'countOverlapsWith'
>;

/** Segments in one integer of PostgreSQL, a bit each; it has a sign. */
const BITS = 62;

/** What is told of the members of segments. */
export function memberCalls(db: PostgresDatabase): MemberCalls {
  return {
    countMembers: ({ segmentIds, now }) =>
      segmentIds.length === 0 ? Promise.resolve(new Map()) : db.read((sql) => sizesAt(sql, segmentIds, now)),

    listMembers: ({ segmentId, after, most, now }) =>
      db.read(async (sql) => {
        const rows = await sql.query(
          `select user_point_id, creation_ts, last_modified_ts, expiration_ts, data_bag from membership
           where segment_id = ${literal(segmentId)} ${after === null ? '' : `and user_point_id > ${uuid(after)}`}
             and ${isLive(now)}
           order by user_point_id limit ${Math.trunc(most)}`,
        );
        const identifiers = await identifiersOfPage(sql, rows);
        return rows.map((row) => toMember(row, identifiers));
      }),

    countExpiring: ({ segmentId, now, until }) =>
      db.read(async (sql) => {
        const counts = until.map(
          (instant, at) =>
            `count(*) filter (where expiration_ts <= ${literal(Math.trunc(instant))}) as n${at}`,
        );
        const [row] = await sql.query(
          `select ${counts.join(', ') || '1'} from membership
           where segment_id = ${literal(segmentId)} and expiration_ts > ${literal(Math.trunc(now))}`,
        );
        return until.map((_, at) => Number(row?.[`n${at}`]));
      }),

    countOverlaps: ({ segmentIds, now }) =>
      segmentIds.length < 2
        ? Promise.resolve([])
        : db.atOneMoment((sql) => countOverlaps(sql, segmentIds, now)),

    countOverlapsWith: ({ segmentId, now }) =>
      db.atOneMoment((sql) => countOverlapsWith(sql, segmentId, now)),
  };
}

export function isLive(now: number): string {
  return `(expiration_ts is null or expiration_ts > ${literal(Math.trunc(now))})`;
}

async function identifiersOfPage(
  sql: Sql,
  rows: readonly Row[],
): Promise<ReadonlyMap<string, readonly StoredIdentifier[]>> {
  const byPoint = new Map<string, StoredIdentifier[]>();
  if (rows.length === 0) return byPoint;
  const points = rows.map(({ user_point_id }) => uuid(halvesOf(user_point_id)));
  for (const row of await sql.query(identifiersText(`in (${points.join(', ')})`))) {
    const point = String(row.user_point_id);
    const of = byPoint.get(point);
    if (of) of.push(toIdentifier(row));
    else byPoint.set(point, [toIdentifier(row)]);
  }
  return byPoint;
}

function toMember(row: Row, identifiers: ReadonlyMap<string, readonly StoredIdentifier[]>): Member {
  return {
    userPointId: halvesOf(row.user_point_id),
    identifiers: identifiers.get(String(row.user_point_id)) ?? [],
    creationTs: Number(row.creation_ts),
    lastModifiedTs: Number(row.last_modified_ts),
    expirationTs: numberOrNull(row.expiration_ts),
    dataBag: textOrNull(row.data_bag),
  };
}

/**
 * The segments of a user point are a set of bits, and users with the same set are counted together.
 */
async function countOverlaps(
  sql: Sql,
  segmentIds: readonly string[],
  now: number,
): Promise<readonly Overlap[]> {
  const words = Array.from({ length: Math.ceil(segmentIds.length / BITS) }, (_, word) => word);
  const asked = segmentIds.map((id, at) => {
    const bits = words.map((word) =>
      Math.floor(at / BITS) === word ? String(1n << BigInt(at % BITS)) : '0',
    );
    return `(${[id, ...bits].map((number) => `${literal(number)}::bigint`).join(', ')})`;
  });
  const names = words.map((word) => `word${word}`);
  const rows = await sql.query(
    `select ${names.join(', ')}, count(*) as user_points from (
       select ${names.map((name) => `bit_or(${name}) as ${name}`).join(', ')}
       from membership join (values ${asked.join(', ')}) asked (segment_id, ${names.join(', ')}) using (segment_id)
       where ${isLive(now)}
       group by user_point_id
     ) sets group by ${names.join(', ')}`,
  );
  const counts = new Float64Array(segmentIds.length ** 2);
  for (const row of rows) {
    const set = words.map((word) => BigInt(String(row[`word${word}`])));
    addPairs(counts, { words: set, bits: BITS, userPoints: Number(row.user_points) }, segmentIds.length);
  }
  return pairsOf(counts, segmentIds);
}

/**
 * Sizes come from the tally, and what they share from the memberships of the segment's members
 * alone.
 */
async function countOverlapsWith(
  sql: Sql,
  segmentId: string,
  now: number,
): Promise<readonly SegmentOverlap[]> {
  const sizes = await sizesAt(sql, null, now);
  const rows = await sql.query(
    `select a.segment_id, count(*) as shared
     from (select user_point_id from membership where segment_id = ${literal(segmentId)} and ${isLive(now)}) b
     join (select user_point_id, segment_id from membership where ${isLive(now)}) a on a.user_point_id = b.user_point_id
     group by a.segment_id`,
  );
  const shared = new Map(rows.map((row) => [String(row.segment_id), Number(row.shared)]));
  return [...sizes].map(([id, { userPoints }]) => ({
    segmentId: id,
    size: userPoints,
    shared: shared.get(id) ?? 0,
  }));
}
