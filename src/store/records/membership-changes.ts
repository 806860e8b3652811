import { CHANGE_KINDS, type ChangeKind, type MembershipChange } from '../../model/change.ts';
import { QUARTER_MS } from '../../model/history.ts';
import type { UserSelector, UuidHalves } from '../../model/identifier.ts';
import { type MembershipOrigin, originOf } from '../../model/membership-origin.ts';
import type { Membership } from '../../model/records.ts';
import type { Statement } from '../statements.ts';
import type { KnownSince, Store } from '../store.ts';
import { literal, numberOrNull, type Row, type Sql, textOrNull } from './database.ts';
import { executionsById } from './execution-rows.ts';
import type { KeptRecords } from './keep-records.ts';
import { liveMemberships, type Segments } from './membership-rows.ts';

type ChangeCalls = Pick<Store, 'countChanges' | 'listChangingExecutions' | 'listChanges' | 'listOrigins'>;

/** What of it each engine says in its own way. */
export type ChangeLogQueries = {
  readonly segments: KeptRecords['segments'];
  readonly statement: Statement;
  readonly atOneMoment: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  readonly findUserPoint: (
    sql: Sql,
    of: { readonly datamartId: string; readonly user: UserSelector },
  ) => Promise<UuidHalves | null>;
  /** The condition that a row is of a user point. */
  readonly isPoint: (point: UuidHalves) => string;
};

/** What a store tells from its change log. */
export function changeCalls(queries: ChangeLogQueries): ChangeCalls {
  const { statement, atOneMoment, findUserPoint, isPoint } = queries;

  /** What `list` finds of a user; null where the datamart does not know them. */
  async function ofUser<T>(of: UserQuery, list: (sql: Sql, of: OfPoint) => Promise<T>): Promise<T | null> {
    // before the rows: a segment that has one among them is among these, or is being removed
    const segments = await queries.segments();
    const { segmentIds, now, page } = of;
    const asked = segmentIds && new Set(segmentIds);
    const isAsked = (id: string) => segments.has(id) && (!asked || asked.has(id));
    return atOneMoment(async (sql) => {
      const point = await findUserPoint(sql, of);
      return point && list(sql, { point: isPoint(point), segments, isAsked, now, page });
    });
  }

  return {
    countChanges: (of) => atOneMoment((sql) => countChanges(sql, statement, of)),
    listChangingExecutions: (of) => atOneMoment((sql) => listChangingExecutions(sql, statement, of)),
    listChanges: (of) => ofUser(of, listChanges),
    listOrigins: (of) => ofUser(of, listOrigins),
  };
}

async function countChanges(
  sql: Sql,
  statement: Statement,
  { segmentId, from, now }: Parameters<Store['countChanges']>[0],
): ReturnType<Store['countChanges']> {
  const knownSince = await readKnownSince(sql);
  const values = { segment_id: literal(segmentId), now: Math.trunc(now) };
  const since = Math.trunc(Math.max(from, knownSince));
  const rows = await sql.query(
    statement('count-changes', { ...values, quarter_ms: QUARTER_MS, from: since }),
  );
  const [live] = await sql.query(
    `select count(*) as size from membership
     where segment_id = ${values.segment_id} and (expiration_ts <= ${values.now}) is not true`,
  );
  return { size: Number(live?.size), knownSince, quarters: rows.map(toCounts) };
}

async function listChangingExecutions(
  sql: Sql,
  statement: Statement,
  { segmentId, page }: Parameters<Store['listChangingExecutions']>[0],
): ReturnType<Store['listChangingExecutions']> {
  const rows = await sql.query(
    statement('list-changing-executions', {
      segment_id: literal(segmentId),
      max_results: Math.trunc(page.maxResults),
      first_result: Math.trunc(page.firstResult),
    }),
  );
  const found = rows.filter(({ execution_id }) => execution_id !== null);
  const executions = await executionsById(sql, idsOf(found));
  const elements = found.map((row) => {
    const executionId = String(row.execution_id);
    return {
      executionId,
      execution: executions.get(executionId) ?? null,
      date: Number(row.date),
      entries: Number(row.entries),
      updates: Number(row.updates),
      exits: Number(row.exits),
    };
  });
  return { elements, total: Number(rows[0]?.total), knownSince: await readKnownSince(sql) };
}

type UserQuery = Parameters<Store['listChanges']>[0];
/** A query about a user who is known. */
type OfPoint = Pick<UserQuery, 'now' | 'page'> & {
  /** The condition that a row is of the user. */
  readonly point: string;
  readonly segments: Segments;
  readonly isAsked: (segmentId: string) => boolean;
};

async function listChanges(
  sql: Sql,
  { point, segments, isAsked, now, page }: OfPoint,
): Promise<KnownSince<MembershipChange>> {
  const rows = await rowsOfPoint(sql, { point, now });
  const asked = rows.filter((row) => isAsked(String(row.segment_id))).sort(newestFirst);
  const shown = asked.slice(page.firstResult, page.firstResult + page.maxResults);
  const executions = await executionsById(sql, idsOf(shown));
  return {
    elements: shown.map((row) => toChange(row, { segments, executions })),
    total: asked.length,
    knownSince: await readKnownSince(sql),
  };
}

async function listOrigins(
  sql: Sql,
  { point, segments, isAsked, now, page }: OfPoint,
): Promise<KnownSince<MembershipOrigin>> {
  const rows = await sql.query(`select * from membership where ${point}`);
  const live = liveMemberships(rows, { segments, now }).filter(({ segmentId }) => isAsked(segmentId));
  const shown = live.slice(page.firstResult, page.firstResult + page.maxResults);
  const changes = (await rowsOfPoint(sql, { point, now })).toSorted(newestFirst);
  const found = shown.map((membership) => ({ membership, rows: originRows(membership, changes) }));
  const executions = await executionsById(sql, idsOf(found.flatMap((each) => each.rows.all)));
  const toOne = (row: Row | undefined) => (row ? toChange(row, { segments, executions }) : null);
  return {
    elements: found.map(({ membership, rows: { enteredBy, restoredBy, updatedBy } }) => ({
      segmentId: membership.segmentId,
      segmentName: membership.segmentName,
      segmentTechnicalName: membership.segmentTechnicalName,
      creationTs: membership.creationTs,
      enteredBy: toOne(enteredBy),
      restoredBy: toOne(restoredBy),
      updatedBy: toOne(updatedBy),
    })),
    total: live.length,
    knownSince: await readKnownSince(sql),
  };
}

/** The rows that tell where a membership is from, of the changes of its user. */
function originRows({ segmentId, creationTs }: Membership, newestFirst: readonly Row[]) {
  const told = newestFirst
    .filter((row) => String(row.segment_id) === segmentId)
    .map((row) => ({ row, kind: kindOf(row), date: Number(row.date), line: numberOrNull(row.line) }));
  const origin = originOf(creationTs, told);
  const rows = {
    enteredBy: origin.enteredBy?.row,
    restoredBy: origin.restoredBy?.row,
    updatedBy: origin.updatedBy?.row,
  };
  return { ...rows, all: Object.values(rows).filter((row) => row !== undefined) };
}

function kindOf(row: Row): ChangeKind {
  const kind = CHANGE_KINDS[Number(row.kind) - 1];
  if (kind === undefined) throw new Error(`no change is stored as ${String(row.kind)}`);
  return kind;
}

/** `Store.countChangesOf`. */
export async function countChangesOf(sql: Sql, executionId: string): ReturnType<Store['countChangesOf']> {
  const found = await sql.query(
    `select segment_id, count(*) filter (where kind = 1) as entries, count(*) filter (where kind = 2) as updates,
       count(*) filter (where kind = 3) as exits
     from membership_change
     where execution_id = ${literal(executionId)} and segment_id in (select id from segment)
     group by segment_id order by segment_id`,
  );
  const elements = found.map((row) => ({
    segmentId: String(row.segment_id),
    entries: Number(row.entries),
    updates: Number(row.updates),
    exits: Number(row.exits),
  }));
  return { elements, knownSince: await readKnownSince(sql) };
}

/** From when on the change log is whole. */
export async function readKnownSince(sql: Sql): Promise<number> {
  const [row] = await sql.query('select known_since from change_log');
  return Number(row?.known_since);
}

function toCounts(row: Row) {
  return {
    quarter: Number(row.quarter),
    entries: Number(row.entries),
    updates: Number(row.updates),
    exits: Number(row.exits),
    expirations: Number(row.expirations),
  };
}

/** The changes of a user, in no order; those of expiries that were not swept yet have no step. */
function rowsOfPoint(sql: Sql, { point, now }: { point: string; now: number }): Promise<readonly Row[]> {
  return sql.query(
    `select step, date, execution_id, line, kind, segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag
     from membership_change where ${point}
     union all
     select null, expiration_ts, null, null, 4, segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag
     from membership where ${point} and expiration_ts <= ${literal(Math.trunc(now))}`,
  );
}

const EXPIRED = 4;

/**
 * An expiry that a step met came before what else it did; one that is still to be swept comes after
 * all.
 */
function newestFirst(one: Row, other: Row): number {
  const rank = ({ step }: Row) => numberOrNull(step) ?? Number.POSITIVE_INFINITY;
  const isMet = ({ kind, step }: Row) => Number(kind === EXPIRED && step !== null);
  return (
    (rank(other) === rank(one) ? 0 : rank(other) - rank(one)) ||
    isMet(one) - isMet(other) ||
    Number(other.line ?? 0) - Number(one.line ?? 0) ||
    Number(one.segment_id) - Number(other.segment_id)
  );
}

function toChange(
  row: Row,
  of: { segments: Segments; executions: Awaited<ReturnType<typeof executionsById>> },
): MembershipChange {
  const segmentId = String(row.segment_id);
  const segment = of.segments.get(segmentId);
  const executionId = textOrNull(row.execution_id);
  const kind = kindOf(row);
  return {
    segmentId,
    segmentName: segment?.name ?? '',
    segmentTechnicalName: segment?.technicalName ?? null,
    kind,
    date: Number(kind === 'EXPIRED' ? row.expiration_ts : row.date),
    executionId,
    execution: executionId === null ? null : (of.executions.get(executionId) ?? null),
    line: numberOrNull(row.line),
    before:
      row.creation_ts === null
        ? null
        : {
            creationTs: Number(row.creation_ts),
            lastModifiedTs: Number(row.last_modified_ts),
            expirationTs: numberOrNull(row.expiration_ts),
            dataBag: textOrNull(row.data_bag),
          },
  };
}

function idsOf(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.flatMap(({ execution_id: id }) => (id === null ? [] : [String(id)])))];
}
