import type { StoredIdentifier, UserSelector, UuidHalves } from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import { userKey } from '../../model/user-key.ts';
import type { Row, Sql } from '../records/database.ts';
import type { KeptRecords } from '../records/keep-records.ts';
import { liveMemberships, type Segments, toIdentifier } from '../records/membership-rows.ts';
import type { Store } from '../store.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { membershipsOfMany } from './look-up-many.ts';
import type { RunsOfTables } from './runs.ts';
import { keyOf, servedMany, servedMemberships } from './served.ts';
import type { Serving } from './serving.ts';

type LookUps = Pick<
  Store,
  'findUserPoint' | 'listMemberships' | 'immediate' | 'listMembershipsOfMany' | 'listIdentifiers'
>;

/** What the embedded store answers about users, from serving runs or its two big tables. */
export function lookUps(
  db: DuckDbDatabase,
  {
    runs,
    kept,
    serving,
  }: {
    readonly runs: RunsOfTables;
    readonly kept: Pick<KeptRecords, 'segments' | 'inMemory'>;
    readonly serving: Serving;
  },
): LookUps {
  return {
    findUserPoint: (datamartId, user) => db.read((sql) => findUserPoint(sql, { datamartId, user })),

    listMemberships: async ({ datamartId, user, segmentIds, now, page }) => {
      // before the rows: a segment that has a membership among them is among these, or is being
      // removed
      const segments = await kept.segments();
      const among = segmentIds && new Set(segmentIds);
      const asked = { datamartId, user, among, segments, now };
      const served = await serving.runs.lookUp(keyOf(datamartId, user), user.by);
      const live =
        served === undefined
          ? await db.read((sql) => membershipsInTables(sql, { ...asked, runs }))
          : servedMemberships(served, asked);
      if (live === null) return null;
      const { firstResult, maxResults } = page;
      return { elements: live.slice(firstResult, firstResult + maxResults), total: live.length };
    },

    immediate: {
      memberships: ({ datamartId, user, now }) => {
        const segments = kept.inMemory.segments();
        if (segments === undefined) return undefined;
        const served = serving.runs.lookUpImmediately(keyOf(datamartId, user), user.by);
        return served === undefined ? undefined : servedMemberships(served, { datamartId, segments, now });
      },
      defaultCompartment: (datamartId) =>
        kept.inMemory.selections(datamartId)?.find(({ isDefault, archived }) => isDefault && !archived)
          ?.compartmentId,
    },

    listMembershipsOfMany: async (of) => {
      const segments = await kept.segments();
      const served = await servedMany(serving.runs, { ...of, segments });
      return served ?? db.read((sql) => membershipsOfMany(sql, { ...of, segments }));
    },

    listIdentifiers: (userPointId) => db.read((sql) => identifiersOf(sql, userPointId)),
  };
}

type Asked = { readonly datamartId: string; readonly user: UserSelector };

export async function findUserPoint(sql: Sql, { datamartId, user }: Asked): Promise<UuidHalves | null> {
  const where =
    user.by === 'identifier' ? isKey(userKey(datamartId, user.identifier)) : isPoint(user.userPointId);
  const [row] = await sql.query(
    `select point_hi, point_lo from user_identifier where ${where} and datamart_id = ${BigInt(datamartId)} limit 1`,
  );
  return row ? { hi: row.point_hi as bigint, lo: row.point_lo as bigint } : null;
}

/** Identifiers of a user point, oldest first. */
export async function identifiersOf(sql: Sql, point: UuidHalves): Promise<readonly StoredIdentifier[]> {
  const rows = await sql.query(
    `select * from user_identifier where ${isPoint(point)} order by creation_ts, kind, compartment_id, value`,
  );
  return rows.map(toIdentifier);
}

/** What `listMemberships` tells of a user, by the tables. */
async function membershipsInTables(
  sql: Sql,
  {
    among,
    now,
    ...of
  }: RowsQuery & { readonly among: ReadonlySet<string> | undefined; readonly now: number },
): Promise<readonly Membership[] | null> {
  const rows = await membershipRows(sql, of);
  const asked = among ? rows?.filter((row) => among.has(String(row.segment_id))) : rows;
  return asked ? liveMemberships(asked, { segments: of.segments, now }) : null;
}

type RowsQuery = Asked & { readonly segments: Segments; readonly runs: RunsOfTables };

/**
 * Memberships of a user in segments of the datamart, expired ones too; null for an unknown user.
 * Nearly always one query: an identifier's point is its own key unless it was attached to another,
 * and an attached one has never been a point. So who has memberships under the key is that user,
 * and only for others is the identifier looked up.
 */
async function membershipRows(
  sql: Sql,
  { datamartId, user, segments, runs }: RowsQuery,
): Promise<readonly Row[] | null> {
  const likely = keyOf(datamartId, user);
  const rows = await rowsOfPoint(sql, likely, runs);
  const inDatamart = rows.filter((row) => segments.get(String(row.segment_id))?.datamartId === datamartId);
  if (inDatamart.length > 0) return inDatamart;
  const point = await findUserPoint(sql, { datamartId, user });
  if (point === null) return null;
  if (point.hi === likely.hi && point.lo === likely.lo) return [];
  return (await rowsOfPoint(sql, point, runs)).filter((row) => segments.has(String(row.segment_id)));
}

/**
 * The memberships of a user point, expired ones too. Neither joined, sorted nor filtered further:
 * each of that costs more in the query than here, on a user's few rows. Nor are recent rows read
 * while there are none: reading both tables costs a quarter of a millisecond more.
 */
export async function rowsOfPoint(
  sql: Sql,
  point: UuidHalves,
  { membership: { recent } }: RunsOfTables,
): Promise<readonly Row[]> {
  const { isEmpty, writes } = recent;
  const rowsOf = (table: string) =>
    sql.query(
      `select segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag from ${table} where ${isPoint(point)}`,
    );
  if (!isEmpty) return rowsOf('membership');
  const rows = await rowsOf('membership_ordered');
  // a merge that wrote meanwhile may have moved them
  return recent.writes === writes ? rows : rowsOf('membership');
}

function isKey({ hi, lo }: UuidHalves): string {
  return `key_hi = ${hi} and key_lo = ${lo}`;
}

export function isPoint({ hi, lo }: UuidHalves): string {
  return `point_hi = ${hi} and point_lo = ${lo}`;
}
