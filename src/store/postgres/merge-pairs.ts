import { QUARTER_MS } from '../../model/history.ts';
import type { KeyRange } from '../key-ranges.ts';
import { literal, type Row, type Sql } from '../records/database.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { type Counts, changedMemberships } from '../staging/effect-counts.ts';
import { binaryRows, type ColumnType } from './binary-rows.ts';
import { uuid } from './look-ups.ts';
import type { PostgresSql } from './postgres-sql.ts';
import type { Scratch } from './scratch.ts';
import { addToTally } from './segment-tally.ts';
import { scratchStatement, statement } from './staged-pairs.ts';

/** The transaction of a merge, and the connection to the DuckDB of this node that has its pairs. */
export type Merge = {
  readonly sql: PostgresSql;
  readonly local: DuckDbSql;
  readonly scratch: Pick<Scratch, 'withFile'>;
  readonly slot: number;
};

type Rows = { readonly into: string; readonly types: readonly ColumnType[] };

const KEYS = (slot: number): Rows => ({
  into: `staged_key_${slot} (user_point_id, segment_id, pair, names_user)`,
  types: ['uuid', 'bigint', 'integer', 'boolean'],
});
const USERS: Rows = {
  into: 'user_point (user_point_id, datamart_id, creation_ts, compartment_id, kind, value)',
  types: ['uuid', 'bigint', 'bigint', 'bigint', 'smallint', 'text'],
};
const MEMBERSHIPS: Rows = {
  into: `membership (user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, data_bag)`,
  types: ['uuid', 'bigint', 'bigint', 'bigint', 'bigint', 'smallint', 'text'],
};
const STAGED = (slot: number): Rows => ({
  into: `staged_membership_${slot} (user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, puts_in, data_bag)`,
  types: ['uuid', 'bigint', 'bigint', 'bigint', 'bigint', 'smallint', 'boolean', 'text'],
});
const CHANGES: Rows = {
  into: `membership_change (step, date, execution_id, line, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts,
    new_expiration_ts, kind, point_kinds, data_bag)`,
  types: [
    ...([
      'bigint',
      'bigint',
      'bigint',
      'bigint',
      'bigint',
      'uuid',
      'bigint',
      'bigint',
      'bigint',
      'bigint',
    ] as const),
    ...(['smallint', 'smallint', 'text'] as const),
  ],
};

/**
 * Joins by the indexes of the large tables, whatever their statistics say: reading all of one for a
 * chunk is never right. The staging tables have no index, and are read whole all the same. Parallel
 * workers would take nearly twice the CPU, from other merges and from the node that shares the
 * machine.
 */
export const BY_INDEX = `set local enable_hashjoin = off; set local enable_mergejoin = off;
  set local enable_seqscan = off; set local max_parallel_workers_per_gather = 0`;

const SAME_SHARD = 'u.user_point_id = s.user_point_id and';

/** Copies rows that a statement of DuckDB gives straight into a table; resolves to how many. */
function copyRows({ sql, local }: Pick<Merge, 'sql' | 'local'>, rows: string, to: Rows): Promise<number> {
  return sql.copyIn(`copy ${to.into} from stdin (format binary)`, binaryRows(local, rows, to.types));
}

/**
 * Copies the keys of `chunk_pair` into a slot. It can be done before the turn of the merge: it
 * looks at no memberships.
 */
export async function stageKeys(of: Pick<Merge, 'sql' | 'local' | 'slot'>): Promise<void> {
  await copyRows(of, scratchStatement('write-keys'), KEYS(of.slot));
}

/** Has a statement of `scratch-sql` read what a statement gives of PostgreSQL. */
export function fetchRows(
  { sql, local, scratch }: Pick<Merge, 'sql' | 'local' | 'scratch'>,
  rows: string,
  readBy: 'read-existing' | 'read-outside' | 'read-reverted',
): Promise<void> {
  return scratch.withFile(async (file) => {
    await sql.copyOut([`copy (${rows}) to stdout (format csv)`], file);
    await local.query(scratchStatement(readBy).replace('FILE', () => `'${file.replaceAll("'", "''")}'`));
  });
}

/**
 * Makes `chunk_effect` and `chunk_new_user` of `chunk_pair` and what there is of it, whose keys lie
 * in the slot. PLANNED: the planner chooses how to join, by what it knows of the slot.
 */
export async function findEffects(
  merge: Merge,
  { startDate, joins = 'BY_INDEX' }: { readonly startDate: number; readonly joins?: 'BY_INDEX' | 'PLANNED' },
): Promise<void> {
  const [row] = await merge.sql.query(
    `${joins === 'BY_INDEX' ? `${BY_INDEX};` : ''} select to_regclass('pg_dist_partition') is not null as has_citus`,
  );
  const same_shard = row?.has_citus ? SAME_SHARD : '';
  await fetchRows(merge, statement('find-existing', { slot: merge.slot, same_shard }), 'read-existing');
  await merge.local.query(scratchStatement('find-effects', { start_date: Math.trunc(startDate) }));
  await merge.local.query(scratchStatement('find-new-users'));
}

/** All keys. */
export const EVERYWHERE: KeyRange = { first: 0n, last: 2n ** 64n - 1n };

/** Makes `chunk_effect` of a range of an execution's changes. */
export async function findReverted(
  of: Pick<Merge, 'sql' | 'local' | 'scratch'>,
  changes: { readonly reverted: string; readonly range: KeyRange; readonly startDate: number },
): Promise<void> {
  await fetchRows(of, await revertedText(of.sql, changes), 'read-reverted');
}

/** A select of what a range of an execution's changes comes to when they go back at an instant. */
export async function revertedText(
  sql: Sql,
  of: { readonly reverted: string; readonly range: KeyRange; readonly startDate: number },
): Promise<string> {
  const reverted = literal(of.reverted);
  const [own] = await sql.query(
    `select coalesce(min(step), 0) as first_step from membership_change where execution_id = ${reverted}`,
  );
  const text = statement('find-reverted', {
    reverted,
    first_step: String(own?.first_step),
    start_date: Math.trunc(of.startDate),
    first: 'FIRST',
    last: 'LAST',
  });
  const { first, last } = of.range;
  return text
    .replaceAll('FIRST', uuid({ hi: first, lo: 0n }))
    .replaceAll('LAST', uuid({ hi: last, lo: 2n ** 64n - 1n }));
}

/** The number of the next step of the change log. */
export async function nextStep(sql: PostgresSql): Promise<string> {
  const [next] = await sql.query(`select nextval('change_step') as step`);
  return String(next?.step);
}

/**
 * Does what `chunk_effect` and `chunk_new_user` say: new users, memberships and changes are copied
 * straight into their tables, since only `COPY` inserts many rows at a time; what is written anew
 * or ends goes by way of the slot. `counts` is what they were counted as.
 */
export async function applyEffects(
  merge: Merge,
  of: {
    readonly datamartId: string;
    readonly startDate: number;
    /** Of the documents the commands are from, by position (GROUP_LINES). */
    readonly executionIds: readonly string[];
    readonly counts: Counts;
    /** What says what becomes of memberships. */
    readonly after?: 'after-commands' | 'after-revert';
  },
): Promise<void> {
  const { sql, local, slot } = merge;
  const { counts, after = 'after-commands' } = of;
  const start_date = Math.trunc(of.startDate);
  await local.query(scratchStatement(after, { start_date }));
  const rowsThere = counts.ordered_rows_to_delete + counts.recent_rows_to_delete;
  const users = scratchStatement('write-users', { start_date, datamart_id: literal(of.datamartId) });
  if (counts.user_points_created > 0)
    expectRows('users', await copyRows(merge, users, USERS), counts.user_points_created);
  let put = 0;
  if (counts.rows_to_insert > 0)
    put += await copyRows(merge, scratchStatement('write-memberships'), MEMBERSHIPS);
  if (rowsThere > 0) {
    await copyRows(merge, scratchStatement('write-staged'), STAGED(slot));
    const updated = await sql.change(statement('update-staged', { slot }));
    const deleted = updated === rowsThere ? 0 : await sql.change(statement('delete-staged', { slot }));
    expectRows('memberships', updated + deleted, rowsThere);
    put += updated;
  }
  expectRows('memberships', put, counts.rows_to_insert);
  const changes = scratchStatement('write-changes', {
    start_date,
    step: await nextStep(sql),
    executions: `list_value(${of.executionIds.map(literal).join(', ')})`,
  });
  const changed = changedMemberships(counts) + counts.expiries_met;
  if (changed > 0) expectRows('changes', await copyRows(merge, changes, CHANGES), changed);
  const tally = await local.query(scratchStatement('count-tally', { quarter_ms: QUARTER_MS }));
  await addToTally(sql, tally.map(toTallyChange));
}

/** What a store writes is what was counted, or nothing. */
function expectRows(what: string, written: number, counted: number): void {
  if (written !== counted)
    throw new Error(`${written} rows of ${what} were written, ${counted} were counted: nothing is applied`);
}

function toTallyChange(row: Row) {
  return {
    segmentId: String(row.segment_id),
    pointKinds: Number(row.point_kinds),
    expiryQuarter: String(row.expiry_quarter),
    members: Number(row.members),
  };
}
