import { type Effects, NO_EFFECTS } from '../../model/execution.ts';
import { QUARTER_MS } from '../../model/history.ts';
import { literal, type Row } from '../records/database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import { addToTally, mayHaveExpired, type TallyChange } from './segment-tally.ts';
import { type Pairs, statement } from './staged-pairs.ts';

/** What one application of pairs is about. */
export type Applied = {
  /** The slot that the pairs lie in. */
  readonly slot: number;
  readonly pairs: Pairs;
  readonly datamartId: string;
  readonly startDate: number;
};

/** What pairs did. */
export type Done = {
  readonly slot: number;
  readonly step: string;
  /** By execution; of pairs with a command. `unchanged` and `superseded` are not told here. */
  readonly byExecution: ReadonlyMap<string, Effects>;
  /** By how many members each segment grew. */
  readonly growth: ReadonlyMap<string, number>;
  /** How many members of each segment went out. */
  readonly leaving: ReadonlyMap<string, number>;
};

/**
 * Joins by the indexes of the large tables, whatever their statistics say: reading all of one for a chunk is never right. Where segments
 * are replaced it may be. The staging tables have no index, and are read whole all the same.
 */
const BY_INDEX = `set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off`;

/**
 * Applies the pairs of a slot, in the transaction of a merge: what is there of them is found once, and some six statements write what
 * comes of it. `replacing`: who is in one of these segments and stays as he is is left alone.
 */
export async function applyPairs(
  sql: PostgresSql,
  { slot, pairs, datamartId, startDate }: Applied,
  replacing: readonly string[] | null = null,
): Promise<Done> {
  const start_date = Math.trunc(startDate);
  if (replacing === null) await sql.query(BY_INDEX);
  await resolvePairs(sql, { slot, start_date, replacing });
  const created = await insertUserPoints(sql, { slot, start_date, datamartId, pairs });
  const step = await nextStep(sql);
  const values = { slot, start_date, step };
  const mayBeExpired = await mayHaveExpired(sql, pairs.segmentIds, startDate);
  if (mayBeExpired) await sql.query(statement('insert-met-expiries', values));
  await sql.query(statement('insert-changes', values));
  const counted = await count(sql, statement('count-resolved', { slot, quarter_ms: QUARTER_MS }), created);
  if (mayBeExpired || pairs.removes) await sql.query(statement('delete-memberships', values));
  const effects = [...counted.byExecution.values()];
  if (effects.some(({ membershipsUpdated }) => membershipsUpdated > 0))
    await sql.query(statement('update-memberships', values));
  // who was taken out and put in again is in anew
  if (pairs.removes || effects.some(({ membershipsCreated }) => membershipsCreated > 0))
    await sql.query(statement('insert-memberships', values));
  return { slot, step, ...counted };
}

async function resolvePairs(
  sql: PostgresSql,
  { slot, start_date, replacing }: { slot: number; start_date: number; replacing: readonly string[] | null },
): Promise<void> {
  const segments = replacing?.map(literal).join(', ');
  const stays = segments === undefined ? '' : statement('stays', { start_date, segments });
  const resolve = statement('resolve-pairs', { slot, start_date, stays: 'STAYS' });
  await sql.query(resolve.replace('STAYS', () => stays));
}

/** The number of the next step of the change log. */
export async function nextStep(sql: PostgresSql): Promise<string> {
  const [next] = await sql.query(`select nextval('change_step') as step`);
  return String(next?.step);
}

/** How many user points each execution makes. Of a chunk, which is of one, that is how many there are. */
async function insertUserPoints(
  sql: PostgresSql,
  of: { slot: number; start_date: number; datamartId: string; pairs: Pairs },
): Promise<ReadonlyMap<string, number>> {
  const { slot, start_date } = of;
  const [only, ...others] = of.pairs.executionIds;
  const created = new Map<string, number>();
  if (others.length > 0)
    for (const row of await sql.query(statement('count-new-users', { slot })))
      created.set(String(row.execution_id), Number(row.user_points_created));
  const inserted = await sql.change(
    statement('insert-user-points', { slot, start_date, datamart_id: literal(of.datamartId) }),
  );
  return others.length === 0 && only !== undefined ? new Map([[only, inserted]]) : created;
}

/** Counts what is in the change log under a step, and brings the tally of the segments up to it. */
export function countStep(sql: PostgresSql, step: string): Promise<Counted> {
  return count(sql, statement('count-step', { step, quarter_ms: QUARTER_MS }), new Map());
}

type Counted = Pick<Done, 'byExecution' | 'growth' | 'leaving'>;

async function count(
  sql: PostgresSql,
  counts: string,
  created: ReadonlyMap<string, number>,
): Promise<Counted> {
  const rows = await sql.query(counts);
  await addToTally(sql, rows.flatMap(toTallyChanges));
  const byExecution = new Map<string, Effects>();
  for (const [id, userPointsCreated] of created) byExecution.set(id, { ...NO_EFFECTS, userPointsCreated });
  const growth = new Map<string, number>();
  const leaving = new Map<string, number>();
  for (const row of rows) {
    const kind = Number(row.kind);
    // an expiry is nobody's
    if (kind === 4) continue;
    const id = String(row.execution_id);
    const name = (['membershipsCreated', 'membershipsUpdated', 'membershipsDeleted'] as const)[kind - 1];
    const before = byExecution.get(id) ?? NO_EFFECTS;
    if (name) byExecution.set(id, { ...before, [name]: before[name] + Number(row.changes) });
    const segmentId = String(row.segment_id);
    const more = kind === 1 ? Number(row.changes) : kind === 3 ? -Number(row.changes) : 0;
    growth.set(segmentId, (growth.get(segmentId) ?? 0) + more);
    if (kind === 3) leaving.set(segmentId, (leaving.get(segmentId) ?? 0) + Number(row.changes));
  }
  return { byExecution, growth, leaving };
}

function toTallyChanges(row: Row): TallyChange[] {
  const of = { segmentId: String(row.segment_id), pointKinds: Number(row.point_kinds) };
  const changes = Number(row.changes);
  const at = (quarter: unknown, members: number): TallyChange[] =>
    quarter === null ? [] : [{ ...of, expiryQuarter: String(quarter), members }];
  return [...at(row.old_quarter, -changes), ...at(row.new_quarter, changes)];
}
