import type { UserSelector, UuidHalves } from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import { userKey } from '../../model/user-key.ts';
import { literal, type Row, type Sql } from '../records/database.ts';
import { liveMemberships, type Segments } from '../records/membership-rows.ts';

type Asked = {
  readonly datamartId: string;
  readonly users: readonly UserSelector[];
  readonly segmentIds?: readonly string[];
  readonly now: number;
  readonly most: number;
  readonly segments: Segments;
};

/**
 * A user by the key of the identifier that was given, which is nearly always the user point, or by
 * the user point.
 */
type Sought = { readonly by: UserSelector['by']; readonly key: UuidHalves };

/** The memberships of user points, by `textOf` them. */
type RowsByPoint = ReadonlyMap<string, readonly Row[]>;

/**
 * `Store.listMembershipsOfMany`, in one to three queries however many users there are, on the same
 * grounds as one user's look-up: who has memberships under the key of the identifier is that user;
 * the others are looked for among the identifiers; and what was attached to another point is asked
 * for under that one.
 */
export async function membershipsOfMany(
  sql: Sql,
  asked: Asked,
): Promise<readonly (readonly Membership[] | null)[] | 'TOO_MANY'> {
  const { datamartId, segments, now } = asked;
  const users = asked.users.map((user): Sought => {
    if (user.by === 'user_point_id') return { by: user.by, key: user.userPointId };
    return { by: user.by, key: userKey(datamartId, user.identifier) };
  });
  const keys = users.map(({ key }) => key);
  const found = await rowsOfPoints(sql, keys, asked);
  if (found === 'TOO_MANY') return found;
  const without = users.filter(({ key }) => !found.has(textOf(key)));
  const points = await findPoints(sql, without, datamartId);
  const likely = new Set(keys.map(textOf));
  const elsewhere = [...points.values()].filter((point) => !likely.has(textOf(point)));
  const attached = await rowsOfPoints(sql, elsewhere, asked);
  if (attached === 'TOO_MANY') return attached;
  return users.map((user) => {
    const point = found.has(textOf(user.key)) ? user.key : points.get(nameOf(user));
    if (point === undefined) return null;
    const rows = found.get(textOf(point)) ?? attached.get(textOf(point)) ?? [];
    return liveMemberships(rows, { segments, now });
  });
}

/** Memberships of these points in segments of the datamart; a point without any is absent. */
async function rowsOfPoints(
  sql: Sql,
  points: readonly UuidHalves[],
  { datamartId, segmentIds, most, segments }: Asked,
): Promise<RowsByPoint | 'TOO_MANY'> {
  if (points.length === 0) return new Map();
  const wanted = new Set(points.map(textOf));
  // one half selects: it is compared in half the time, and the few others with the same half are
  // left out below
  const among = segmentIds ? `where segment_id in (${['-1', ...segmentIds.map(literal)].join(', ')})` : '';
  const rows = await sql.query(
    `select point_hi, point_lo, segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag
     from membership semi join ${halves(points, 'point_hi')} using (point_hi) ${among} limit ${most + 1}`,
  );
  if (rows.length > most) return 'TOO_MANY';
  const byPoint = new Map<string, Row[]>();
  for (const row of rows) {
    const point = textOf({ hi: row.point_hi as bigint, lo: row.point_lo as bigint });
    if (!wanted.has(point) || segments.get(String(row.segment_id))?.datamartId !== datamartId) continue;
    const of = byPoint.get(point);
    if (of) of.push(row);
    else byPoint.set(point, [row]);
  }
  return byPoint;
}

/** The points of those users that the datamart knows, by `nameOf` them. */
async function findPoints(
  sql: Sql,
  sought: readonly Sought[],
  datamartId: string,
): Promise<ReadonlyMap<string, UuidHalves>> {
  const known = new Map<string, UuidHalves>();
  for (const by of ['identifier', 'user_point_id'] as const) {
    const keys = sought.filter((user) => user.by === by).map(({ key }) => key);
    if (keys.length === 0) continue;
    const column = by === 'identifier' ? 'key' : 'point';
    const rows = await sql.query(
      `select ${column}_hi as hi, ${column}_lo as lo, point_hi, point_lo from user_identifier
       semi join ${halves(keys, `${column}_hi`)} using (${column}_hi) where datamart_id = ${literal(datamartId)}`,
    );
    for (const row of rows) {
      const point = { hi: row.point_hi as bigint, lo: row.point_lo as bigint };
      known.set(nameOf({ by, key: { hi: row.hi as bigint, lo: row.lo as bigint } }), point);
    }
  }
  return known;
}

/**
 * The upper halves as a relation of one column. DuckDB prunes by the keys of a small side of a
 * join, and looks them up; those of `in (…)` it compares one after the other.
 */
function halves(points: readonly UuidHalves[], column: string): string {
  return `(select unnest([${points.map(({ hi }) => hi).join(', ')}]::ubigint[]) as ${column})`;
}

function nameOf({ by, key }: Sought): string {
  return `${by} ${textOf(key)}`;
}

function textOf({ hi, lo }: UuidHalves): string {
  return `${hi}:${lo}`;
}
