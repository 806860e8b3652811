import { QUARTER_MS } from '../../model/history.ts';
import type { SegmentSize } from '../../model/records.ts';
import { literal, type Sql } from '../records/database.ts';

/**
 * How many more memberships there are of a segment, of user points with these kinds, that expire in
 * a quarter; '-1': never.
 */
export type TallyChange = {
  readonly segmentId: string;
  readonly pointKinds: number;
  readonly expiryQuarter: string;
  readonly members: number;
};

/**
 * In one statement at most: what a chunk whose members each have an expiry of their own would make
 * of it has no end.
 */
const ROWS_AT_A_TIME = 5_000;

/** Brings the tally up to what a transaction has done to memberships. */
export async function addToTally(sql: Sql, changes: readonly TallyChange[]): Promise<void> {
  const sums = new Map<string, number>();
  for (const { segmentId, expiryQuarter, pointKinds, members } of changes) {
    const key = [segmentId, expiryQuarter, pointKinds].map(literal).join(', ');
    sums.set(key, (sums.get(key) ?? 0) + members);
  }
  const rows = [...sums].filter(([, members]) => members !== 0);
  for (let i = 0; i < rows.length; i += ROWS_AT_A_TIME) {
    const values = rows.slice(i, i + ROWS_AT_A_TIME).map(([key, members]) => `(${key}, ${literal(members)})`);
    await sql.query(
      `insert into segment_tally as t (segment_id, expiry_quarter, point_kinds, members) values ${values.join(', ')}
       on conflict (segment_id, expiry_quarter, point_kinds) do update set members = t.members + excluded.members`,
    );
  }
}

/** Whether any membership is there whose time has passed at an instant; `false` is sure. */
export async function mayHaveExpired(sql: Sql, instant: number): Promise<boolean> {
  const [any] = await sql.query(
    `select 1 from segment_tally where expiry_quarter between 0 and ${quarterOf(instant)} and members > 0 limit 1`,
  );
  return any !== undefined;
}

/**
 * Live members of segments at `now`, of all when null. What expires in another quarter than that of
 * `now` is told by the tally; only of the few that expire within this one are the rows looked at.
 */
export async function sizesAt(
  sql: Sql,
  segmentIds: readonly string[] | null,
  now: number,
): Promise<ReadonlyMap<string, SegmentSize>> {
  const rows = await sql.query(await liveText(sql, segmentIds, now));
  const sizes = new Map<string, SegmentSize>();
  for (const row of rows) {
    const size = {
      userPoints: Number(row.user_points),
      userAccounts: Number(row.user_accounts),
      emails: Number(row.emails),
      userAgents: Number(row.user_agents),
    };
    if (size.userPoints > 0) sizes.set(String(row.segment_id), size);
  }
  return sizes;
}

/**
 * A select of `segment_id` and the live members at `now`, in all and by kinds (KIND_BIT). The tally
 * is asked first: of the memberships only where some end within the quarter, since they may be on
 * many shards and the tally is on none. Each part is materialized, which Citus takes for a query by
 * itself.
 */
export async function liveText(sql: Sql, segmentIds: readonly string[] | null, now: number): Promise<string> {
  const instant = Math.trunc(now);
  const quarter = quarterOf(instant);
  const among =
    segmentIds === null ? '' : `and segment_id in (${segmentIds.map(literal).join(', ') || 'null'})`;
  const [ending] = await sql.query(
    `select 1 from segment_tally where expiry_quarter = ${quarter} and members > 0 ${among} limit 1`,
  );
  const countOf = (bit: number) => `coalesce(sum(members) filter (where point_kinds & ${bit} > 0), 0)`;
  return `with later as materialized (
      select segment_id, point_kinds, members from segment_tally
      where (expiry_quarter = -1 or expiry_quarter > ${quarter}) ${among}
    )${
      ending === undefined
        ? ''
        : `, within as materialized (
      select segment_id, point_kinds, count(*) as members from membership
      where expiration_ts > ${instant} and expiration_ts < ${literal((quarter + 1) * QUARTER_MS)} ${among}
      group by segment_id, point_kinds
    )`
    }
    select segment_id, sum(members) as user_points, ${countOf(1)} as user_accounts, ${countOf(2)} as emails,
      ${countOf(4)} as user_agents
    from (select * from later ${ending === undefined ? '' : 'union all select * from within'}) live
    group by segment_id`;
}

function quarterOf(instant: number): number {
  return Math.floor(instant / QUARTER_MS);
}
