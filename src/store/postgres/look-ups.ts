import {
  formatUuid,
  KIND_BIT,
  parseUuid,
  type StoredIdentifier,
  type UserSelector,
  type UuidHalves,
} from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import { userKey } from '../../model/user-key.ts';
import { noteLink } from '../records/audit-log.ts';
import { literal, numberOrNull, type Row, type Sql, textOrNull } from '../records/database.ts';
import type { KeptRecords } from '../records/keep-records.ts';
import { toIdentifier } from '../records/membership-rows.ts';
import type { Store } from '../store.ts';
import { tallyOfPoint } from './points.ts';
import type { LookUpDatabase } from './postgres-database.ts';
import type { ReadingSql } from './postgres-sql.ts';
import { outdateCatalogue } from './record-versions.ts';
import { addToTally } from './segment-tally.ts';

type LookUps = Pick<
  Store,
  'findUserPoint' | 'listMemberships' | 'listMembershipsOfMany' | 'listIdentifiers' | 'attachIdentifier'
>;

/** Look-ups of many users may take longer. */
const MAX_MANY_MS = 10_000;

/**
 * What is asked of users, by the indexes of their user points; promptly, so that none holds its
 * connection for ever.
 */
export function lookUps(db: LookUpDatabase, segments: KeptRecords['segments']): LookUps {
  const findPoint = (datamartId: string, user: UserSelector) =>
    db.readPromptly((sql) => findUserPoint({ query: sql.prepared }, { datamartId, user }));
  return {
    findUserPoint: findPoint,

    listMemberships: async ({ datamartId, user, segmentIds, now, page }) => {
      const [rows, atOnce] = await Promise.all([
        db.readPromptly((sql) => rowsOfUser(sql, { datamartId, user, segmentIds, now })),
        segments(),
      ]);
      if (rows === null) return null;
      // one that was made since they were asked for is among those that are there now; what is not
      // there now is being removed
      const known = rows.every((row) => atOnce.has(String(row.segment_id))) ? atOnce : await segments();
      const memberships = rows.flatMap((row) => {
        const segment = known.get(String(row.segment_id));
        if (segment === undefined || segment.datamartId !== datamartId) return [];
        return [
          toMembership({ ...row, segment_name: segment.name, segment_technical_name: segment.technicalName }),
        ];
      });
      // a user point of another datamart has memberships in the segments of that one alone
      const mayBeOfOther = memberships.length === 0 && rows.length > 0;
      if (mayBeOfOther && (await findPoint(datamartId, user)) === null) return null;
      const { firstResult, maxResults } = page;
      return {
        elements: memberships.slice(firstResult, firstResult + maxResults),
        total: memberships.length,
      };
    },

    listMembershipsOfMany: (asked) => db.readPromptly((sql) => membershipsOfMany(sql, asked), MAX_MANY_MS),

    listIdentifiers: (userPointId) => db.readPromptly((sql) => identifiersOf(sql, userPointId)),

    attachIdentifier: ({ datamartId, identifier, userPointId, now, author }) =>
      db.merge(datamartId, async (sql) => {
        const key = userKey(datamartId, identifier);
        const known = await findUserPoint(sql, { datamartId, user: { by: 'identifier', identifier } });
        const before = await identifiersOf(sql, userPointId, datamartId);
        if (before.length === 0) return null;
        if (known !== null) return isSame(known, userPointId) ? 'OWN' : 'TAKEN';
        const kinds = [identifier, ...before].reduce((set, { kind }) => set | KIND_BIT[kind], 0);
        const point = uuid(userPointId);
        await sql.query(
          `insert into attached_identifier
             (identifier_key, user_point_id, datamart_id, creation_ts, compartment_id, kind, point_kinds, value)
           values (${uuid(key)}, ${point}, ${literal(datamartId)}, ${Math.trunc(now)}, ${literal(identifier.compartmentId)},
             ${KIND_BIT[identifier.kind]}, ${kinds}, $1)`,
          [identifier.value],
        );
        await sql.query(
          `update attached_identifier set point_kinds = ${kinds} where user_point_id = ${point}`,
        );
        const tally = await tallyOfPoint(sql, userPointId);
        await sql.query(`update membership set point_kinds = ${kinds} where user_point_id = ${point}`);
        await addToTally(sql, [
          ...tally.map((change) => ({ ...change, members: -change.members })),
          ...tally.map((change) => ({ ...change, pointKinds: kinds })),
        ]);
        // commands that are staged now have another user point
        await outdateCatalogue(sql, datamartId);
        await noteLink(sql, author, { datamartId, identifier });
        return 'ATTACHED' as const;
      }),
  };
}

type Asked = { readonly datamartId: string; readonly user: UserSelector };

/** The point that a selector leads to unless its identifier was attached to another one. */
function likelyPoint(datamartId: string, user: UserSelector): UuidHalves {
  return user.by === 'identifier' ? userKey(datamartId, user.identifier) : user.userPointId;
}

/** By `sql.query`, or by what prepares the statement. */
export async function findUserPoint(
  sql: Pick<Sql, 'query'>,
  { datamartId, user }: Asked,
): Promise<UuidHalves | null> {
  const attached =
    user.by === 'identifier'
      ? 'union all select user_point_id from attached_identifier where identifier_key = $1 and datamart_id = $2'
      : '';
  const [row] = await sql.query(
    `select user_point_id from user_point where user_point_id = $1 and datamart_id = $2 ${attached} limit 1`,
    [formatUuid(likelyPoint(datamartId, user)), datamartId],
  );
  return row ? halvesOf(row.user_point_id) : null;
}

/** Identifiers of a user point, oldest first. */
export async function identifiersOf(
  sql: Sql,
  point: UuidHalves,
  datamartId: string | null = null,
): Promise<readonly StoredIdentifier[]> {
  const rows = await sql.query(
    identifiersText(
      `= ${uuid(point)}${datamartId === null ? '' : ` and datamart_id = ${literal(datamartId)}`}`,
    ),
  );
  return rows.map(toIdentifier);
}

/** A select of all identifiers of user points: oldest first. */
export function identifiersText(condition: string): string {
  const columns = 'user_point_id, kind, compartment_id, value, creation_ts';
  return `select ${columns} from user_point where user_point_id ${condition}
    union all select ${columns} from attached_identifier where user_point_id ${condition}
    order by creation_ts, kind, compartment_id, value`;
}

/** Live memberships of a user, by segment; null when the datamart does not know the user. */
async function rowsOfUser(
  sql: ReadingSql,
  of: Asked & { readonly segmentIds: readonly string[] | undefined; readonly now: number },
): Promise<readonly Row[] | null> {
  const findPoint = () => findUserPoint({ query: sql.prepared }, of);
  // nearly always the point is the key: who has memberships under it is that user, and only others
  // are looked for; beside the rows where there may well be none, in some segments alone
  const likely = likelyPoint(of.datamartId, of.user);
  const [rows, found] = await Promise.all([
    rowsOfPoint(sql, likely, of),
    of.segmentIds === undefined ? undefined : findPoint(),
  ]);
  if (rows.length > 0) return rows;
  const point = found === undefined ? await findPoint() : found;
  if (point === null) return null;
  return isSame(point, likely) ? [] : rowsOfPoint(sql, point, of);
}

/**
 * Live memberships of a user point, by segment. The segments are known to the node: a join would
 * have to be planned, which takes PostgreSQL longer than the look-up itself, and Citus plans anew
 * each time what is not about one table.
 */
function rowsOfPoint(
  sql: ReadingSql,
  point: UuidHalves,
  of: { readonly segmentIds: readonly string[] | undefined; readonly now: number },
): Promise<readonly Row[]> {
  const [among, values] =
    of.segmentIds === undefined
      ? ['', []]
      : ['and segment_id = any($3)', [`{${of.segmentIds.map(literal).join(',')}}`]];
  return sql.prepared(
    `select segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag from membership
     where user_point_id = $1 and (expiration_ts is null or expiration_ts > $2) ${among}
     order by segment_id`,
    [formatUuid(point), Math.trunc(of.now), ...values],
  );
}

/** Live memberships of user points in segments of the datamart, by segment. */
function liveRows(
  sql: Sql,
  of: {
    readonly datamartId: string;
    readonly points: readonly UuidHalves[];
    readonly segmentIds: readonly string[] | undefined;
    readonly now: number;
    readonly most?: number;
  },
): Promise<readonly Row[]> {
  const among =
    of.segmentIds === undefined
      ? ''
      : `and m.segment_id in (${of.segmentIds.map(literal).join(', ') || 'null'})`;
  const points =
    of.points.length === 1
      ? `= ${uuid(of.points[0] as UuidHalves)}`
      : `in (${of.points.map(uuid).join(', ') || 'null'})`;
  const limit = of.most === undefined ? '' : `limit ${of.most + 1}`;
  return sql.query(
    `select m.user_point_id, m.segment_id, m.creation_ts, m.last_modified_ts, m.expiration_ts, m.data_bag,
       s.name as segment_name, s.technical_name as segment_technical_name
     from membership m join segment s on s.id = m.segment_id
     where m.user_point_id ${points} and s.datamart_id = ${literal(of.datamartId)} ${among}
       and (m.expiration_ts is null or m.expiration_ts > ${Math.trunc(of.now)})
     order by m.segment_id ${limit}`,
  );
}

/** `Store.listMembershipsOfMany`, in one to three queries: see `listMemberships` for why. */
async function membershipsOfMany(
  sql: Sql,
  { datamartId, users, segmentIds, now, most }: Parameters<Store['listMembershipsOfMany']>[0],
): ReturnType<Store['listMembershipsOfMany']> {
  const of = { datamartId, segmentIds, now, most };
  const likely = users.map((user) => likelyPoint(datamartId, user));
  const found = byPoint(await liveRows(sql, { ...of, points: likely }));
  const points = new Map<string, string>();
  for (const [i, user] of users.entries()) {
    const key = formatUuid(likely[i] as UuidHalves);
    if (found.has(key)) points.set(nameOf(user, key), key);
  }
  const without = users.filter((user, i) => !points.has(nameOf(user, formatUuid(likely[i] as UuidHalves))));
  for (const row of await findPoints(sql, datamartId, without))
    points.set(String(row.name), String(row.point));
  const elsewhere = [...new Set(points.values())].filter(
    (point) => !likely.some((each) => formatUuid(each) === point),
  );
  const attached =
    elsewhere.length === 0
      ? new Map<string, Row[]>()
      : byPoint(await liveRows(sql, { ...of, points: elsewhere.map(halvesOf) }));
  const rows = [...found.values(), ...attached.values()].reduce((sum, each) => sum + each.length, 0);
  if (rows > most) return 'TOO_MANY';
  return users.map((user, i) => {
    const point = points.get(nameOf(user, formatUuid(likely[i] as UuidHalves)));
    if (point === undefined) return null;
    return (found.get(point) ?? attached.get(point) ?? []).map(toMembership);
  });
}

/** The points of those users that the datamart knows. */
async function findPoints(
  sql: Sql,
  datamartId: string,
  users: readonly UserSelector[],
): Promise<readonly { readonly name: string; readonly point: string }[]> {
  if (users.length === 0) return [];
  const keys = [...new Set(users.map((user) => uuid(likelyPoint(datamartId, user))))].join(', ');
  const where = (column: string) => `where ${column} in (${keys}) and datamart_id = ${literal(datamartId)}`;
  const rows = await sql.query(
    `select user_point_id as key, user_point_id as point, false as is_attached from user_point ${where('user_point_id')}
     union all
     select identifier_key, user_point_id, true from attached_identifier ${where('identifier_key')}`,
  );
  return rows.flatMap(({ key, point, is_attached }) => {
    const identifier = { name: `identifier ${String(key)}`, point: String(point) };
    return is_attached
      ? [identifier]
      : [identifier, { name: `user_point_id ${String(key)}`, point: String(point) }];
  });
}

function nameOf({ by }: UserSelector, key: string): string {
  return `${by} ${key}`;
}

function byPoint(rows: readonly Row[]): Map<string, Row[]> {
  const points = new Map<string, Row[]>();
  for (const row of rows) {
    const of = points.get(String(row.user_point_id));
    if (of) of.push(row);
    else points.set(String(row.user_point_id), [row]);
  }
  return points;
}

function toMembership(row: Row): Membership {
  return {
    segmentId: String(row.segment_id),
    segmentName: String(row.segment_name),
    segmentTechnicalName: textOrNull(row.segment_technical_name),
    creationTs: Number(row.creation_ts),
    lastModifiedTs: Number(row.last_modified_ts),
    expirationTs: numberOrNull(row.expiration_ts),
    dataBag: textOrNull(row.data_bag),
  };
}

/** A user point as it stands in a statement. */
export function uuid(halves: UuidHalves): string {
  return `'${formatUuid(halves)}'::uuid`;
}

/** A user point of a row. */
export function halvesOf(value: unknown): UuidHalves {
  const halves = parseUuid(String(value));
  if (halves === null) throw new Error('a user point is stored as no UUID');
  return halves;
}

function isSame(one: UuidHalves, other: UuidHalves): boolean {
  return one.hi === other.hi && one.lo === other.lo;
}
