import type { StoredIdentifier, UuidHalves } from '../../model/identifier.ts';
import type { Member } from '../../model/records.ts';
import { literal, numberOrNull, type Row, type Sql, textOrNull } from '../records/database.ts';
import { toIdentifier } from '../records/membership-rows.ts';
import type { Store } from '../store.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

type MemberCalls = Pick<Store, 'listMembers' | 'countExpiring'>;

/** What the embedded store tells of the members of one segment. */
export function memberCalls(db: DuckDbDatabase): MemberCalls {
  return {
    listMembers: (of) =>
      db.readLong(async (sql) => {
        const rows = await sql.query(pageOf(of));
        const identifiers = await identifiersOfPage(sql, rows.map(pointOf));
        return rows.map((row) => toMember(row, identifiers));
      }),

    countExpiring: ({ segmentId, now, until }) =>
      db.readLong(async (sql) => {
        const counts = until.map(
          (instant, at) =>
            `count(*) filter (where expiration_ts <= ${literal(Math.trunc(instant))}) as n${at}`,
        );
        const [row] = await sql.query(
          `select ${counts.join(', ')} from membership
           where segment_id = ${literal(segmentId)} and expiration_ts > ${literal(Math.trunc(now))}`,
        );
        return until.map((_, at) => Number(row?.[`n${at}`]));
      }),
  };
}

/**
 * In the order of the user points, which is the order of the rows in each run: what lies before the
 * cursor is pruned, and what lies behind the page too, since DuckDB prunes by the last one of the
 * page it has so far.
 */
function pageOf({ segmentId, after, most, now }: Parameters<Store['listMembers']>[0]): string {
  const where = [
    `segment_id = ${literal(segmentId)}`,
    `(expiration_ts is null or expiration_ts > ${literal(Math.trunc(now))})`,
  ];
  if (after !== null) {
    const { hi, lo } = after;
    // the first condition says nothing new, and is the one that is pruned by
    where.push(`point_hi >= ${hi}::ubigint`, `(point_hi > ${hi}::ubigint or point_lo > ${lo}::ubigint)`);
  }
  return `select point_hi, point_lo, creation_ts, last_modified_ts, expiration_ts, data_bag from membership
    where ${where.join(' and ')} order by point_hi, point_lo limit ${Math.trunc(most)}`;
}

/** The identifiers of some points that are in order, oldest first, by point. */
async function identifiersOfPage(
  sql: Sql,
  points: readonly UuidHalves[],
): Promise<ReadonlyMap<string, readonly StoredIdentifier[]>> {
  const [first, last] = [points[0], points.at(-1)];
  const byPoint = new Map<string, StoredIdentifier[]>();
  if (first === undefined || last === undefined) return byPoint;
  const rows = await sql.query(
    `select * from user_identifier
     semi join (select unnest([${points.map(({ hi }) => hi).join(', ')}]::ubigint[]) as point_hi) using (point_hi)
     where point_hi between ${first.hi}::ubigint and ${last.hi}::ubigint
     order by creation_ts, kind, compartment_id, value`,
  );
  for (const row of rows) {
    const point = textOf(pointOf(row));
    const of = byPoint.get(point);
    if (of) of.push(toIdentifier(row));
    else byPoint.set(point, [toIdentifier(row)]);
  }
  return byPoint;
}

function toMember(row: Row, identifiers: ReadonlyMap<string, readonly StoredIdentifier[]>): Member {
  const userPointId = pointOf(row);
  return {
    userPointId,
    identifiers: identifiers.get(textOf(userPointId)) ?? [],
    creationTs: Number(row.creation_ts),
    lastModifiedTs: Number(row.last_modified_ts),
    expirationTs: numberOrNull(row.expiration_ts),
    dataBag: textOrNull(row.data_bag),
  };
}

function pointOf(row: Row): UuidHalves {
  return { hi: row.point_hi as bigint, lo: row.point_lo as bigint };
}

function textOf({ hi, lo }: UuidHalves): string {
  return `${hi}:${lo}`;
}
