import { literal, type Sql } from '../records/database.ts';
import type { RunDraft } from '../serving/run-draft.ts';
import { cutGroup, linesOf } from '../staging/cut-group.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { type Counts, changedMemberships } from '../staging/effect-counts.ts';
import type { MergeEngine, MergeSource, MergeTerms, MergeTransaction } from '../staging/merge-engine.ts';
import type { ChangeLog } from './change-log.ts';
import { appendRecent } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { leaveOutErased, type PendingErasures } from './erase.ts';
import { addRowsOf } from './run-rows.ts';
import { noteWriting, noteWritten, type RunsOfTables } from './runs.ts';
import type { SegmentSizes } from './segment-sizes.ts';
import type { Serving } from './serving.ts';
import { statement } from './statements.ts';
import type { UserPoints } from './user-points.ts';

/**
 * The most keys of a chunk by which DuckDB is told to skip row groups; with more, nearly every row
 * group has one of them.
 */
export const MOST_KEYS_TO_PRUNE_BY = 500;

export async function readUserPoints(db: DuckDbDatabase): Promise<UserPoints> {
  const [row] = await db.read((sql) =>
    sql.query(
      'select exists (from user_identifier where point_hi <> key_hi or point_lo <> key_lo) as attached',
    ),
  );
  return { areOwnKeys: !row?.attached };
}

/** What merges know without asking the store, and keep up to date. */
export type MergeContext = {
  readonly runs: RunsOfTables;
  readonly points: UserPoints;
  readonly erasures: PendingErasures;
  readonly changes: ChangeLog;
  readonly serving: Serving;
  readonly sizes: SegmentSizes;
};

/** What a transaction that merges writes into, beside the tables. */
export type Written = {
  /** The serving run that becomes of it. */
  readonly draft: RunDraft;
  /** Rows of the big tables. */
  readonly rows: { memberships: number; users: number };
};

/** The merges of the embedded store: some ten statements over the source, in one transaction. */
export function mergeEngine(db: DuckDbDatabase, context: MergeContext): MergeEngine {
  return {
    // each merge costs as its rows do: nothing is gained by beginning early
    prepare: async (source) => ({
      merge: (terms, work) =>
        transact(db, context, terms, (sql, written) =>
          work(transactionOf(sql, context, { source, pairs: terms.pairs, written })),
        ),
      look: (pairs, work) =>
        db.readLong((sql) =>
          work(transactionOf(sql, context, { source, pairs, written: null })).finally(() => dropEffects(sql)),
        ),
      close: async () => undefined,
    }),
    withLocal: db.readLong,
    sizesAt: (_, now) => context.sizes.at(now),
  };
}

/** What was done in a transaction that is to leave nothing. */
class Counted<T> extends Error {
  readonly result: T;

  constructor(result: T) {
    super('it was counted, and nothing is written');
    this.result = result;
  }
}

/** One transaction that merges; what is known of the store follows when it has committed. */
export async function transact<T>(
  db: DuckDbDatabase,
  { runs, serving, sizes }: MergeContext,
  { purpose, holds }: Pick<MergeTerms, 'purpose' | 'holds'>,
  work: (sql: DuckDbSql, written: Written) => Promise<T>,
): Promise<T> {
  await appendRecent(db, runs);
  const rows = { memberships: 0, users: 0 };
  // alone where it ends executions: a cancel or a lease on the same row would fail one of the two
  const endsExecutions = holds === 'EXECUTIONS';
  const transaction = serving.recording(
    endsExecutions ? db.writeAlone : db.merge,
    async (sql, draft) => {
      const result = await work(sql, { draft, rows });
      if (purpose === 'COUNT') throw new Counted(result);
      return result;
    },
    { endsExecutions },
  );
  try {
    const result = await sizes.forgetAfter(transaction);
    noteWritten(runs, rows);
    return result;
  } catch (error) {
    if (error instanceof Counted) return error.result as T;
    throw error;
  }
}

type Merge = {
  readonly source: MergeSource;
  readonly pairs: number;
  /** Null where nothing is. */
  readonly written: Written | null;
};

function transactionOf(sql: DuckDbSql, context: MergeContext, merge: Merge): MergeTransaction {
  const { source, pairs, written } = merge;
  if (written !== null) written.draft.mostKeys = pairs;
  let staged = '';
  return {
    records: sql,
    local: sql,
    cut: async () => {
      const whole = [{ from: 0, to: 1 }];
      if (source.type === 'CHANGES') return { steps: whole, leftOut: 0 };
      if (source.table === null) return { steps: [], leftOut: 0 };
      const all = `staging.main.${source.table}`;
      const kept = context.erasures.any
        ? await leaveOutErased(sql, { executionIds: source.executionIds, staged: all })
        : { staged: all, leftOut: 0 };
      staged = kept.staged;
      if (source.documents === 1) return { steps: whole, leftOut: kept.leftOut };
      const commands = await commandsWithPoints(sql, { staged, points: context.points });
      return { steps: await cutGroup(sql, commands, source.documents), leftOut: kept.leftOut };
    },
    findEffects: async (step) => {
      if (written !== null) await sql.query(statement('keep-row-ids'));
      if (source.type === 'CHANGES') return findReverted(sql, source);
      const part = linesOf(staged, step, source.documents);
      const known = knownIdentifiers(part, pairs);
      await findEffects(sql, { staged: part, known, startDate: source.startDate, points: context.points });
    },
    applyEffects: async (counts) => {
      if (written === null) throw new Error('what is only looked at is not applied');
      await applyEffects(sql, context, { source, written, counts });
    },
  };
}

/** Does what `chunk_effect` and `chunk_new_user` say, and notes it. */
export async function applyEffects(
  sql: DuckDbSql,
  { changes, runs }: Pick<MergeContext, 'changes' | 'runs'>,
  of: {
    readonly source: Pick<MergeSource, 'type' | 'datamartId' | 'startDate' | 'executionIds'>;
    readonly written: Written;
    readonly counts: Counts;
  },
): Promise<void> {
  const { source, written, counts } = of;
  const { draft, rows } = written;
  const start_date = source.startDate;
  const datamart_id = BigInt(source.datamartId);
  const change = (count: number, name: string, values: Values = {}) =>
    changeExactly(sql, count, { name, values });
  if (counts.user_points_created > 0) noteWriting(runs, 'user_identifier');
  if (counts.rows_to_insert > 0) noteWriting(runs, 'membership');
  await change(counts.user_points_created, 'insert-identifiers', { start_date, datamart_id });
  const step = changes.nextStep();
  await change(counts.expiries_met, 'insert-met-expiries', { start_date, step });
  const executions = `list_value(${source.executionIds.map(literal).join(', ')})`;
  await change(changedMemberships(counts), 'insert-changes', { start_date, step, executions });
  await change(counts.ordered_rows_to_delete, 'delete-ordered');
  await change(counts.recent_rows_to_delete, 'delete-recent');
  if (source.type === 'CHANGES') await sql.query(statement('put-reverted'));
  else await putRows(sql, start_date, counts);
  await change(counts.rows_to_insert, 'insert-memberships');
  if (counts.user_points_created > 0 || changedMemberships(counts) > 0)
    await addRowsOf(sql, draft, statement('run-rows', { datamart_id }));
  rows.memberships += counts.rows_to_insert;
  rows.users += counts.user_points_created;
}

/** Makes `chunk_put` of commands. */
async function putRows(sql: Sql, start_date: number, counts: Counts): Promise<void> {
  // nearly always there is none
  const mayBeNowhere = counts.user_points_created > 0 && counts.unchanged > 0;
  if (mayBeNowhere) await sql.query(statement('find-nowhere'));
  const nowhere = mayBeNowhere ? 'chunk_nowhere' : '(select point_hi, point_lo from chunk_effect limit 0)';
  await sql.query(statement('put-rows', { start_date, nowhere }));
}

type Values = Parameters<typeof statement>[1];

/** Runs a statement that is to change so many rows, and fails the transaction when it does not. */
async function changeExactly(
  sql: Sql,
  rows: number,
  { name, values }: { name: string; values: Values },
): Promise<void> {
  if (rows === 0) return;
  const [done] = await sql.query(statement(name, values));
  if (Number(done?.Count) !== rows) {
    throw new Error(
      `${name} changed ${String(done?.Count)} rows of ${rows}: nothing of the chunk is applied`,
    );
  }
}

/**
 * Makes `chunk_effect` of a range of an execution's changes, by one scan of its rows in the change
 * log and one of what came after them.
 */
export async function findReverted(
  sql: Sql,
  of: Pick<MergeSource & { readonly type: 'CHANGES' }, 'reverted' | 'range' | 'startDate'>,
): Promise<void> {
  const reverted = literal(of.reverted);
  const [own] = await sql.query(
    `select coalesce(min(step), 0) as first_step from membership_change where execution_id = ${reverted}`,
  );
  const first_step = Number(own?.first_step);
  const values = { reverted, ...of.range, first_step, start_date: Math.trunc(of.startDate) };
  await sql.query(statement('find-reverted', values));
}

/** A relation with STAGED_COLUMNS, and the known keys. */
type Commands = {
  readonly staged: string;
  readonly known: string;
  readonly startDate: number;
  readonly points: UserPoints;
};

/** Makes `chunk_new_user` and `chunk_effect` of commands. */
export async function findEffects(sql: Sql, { staged, known, startDate, points }: Commands): Promise<void> {
  await sql.query(statement('find-new-users', { staged, known }));
  const commands = await commandsWithPoints(sql, { staged, points });
  await sql.query(statement('find-effects', { commands, start_date: startDate }));
}

const CHUNK_TABLES = [
  'chunk_new_user',
  'chunk_command',
  'chunk_effect',
  'chunk_kept',
  'chunk_part',
  'chunk_absent',
  'chunk_nowhere',
  'chunk_put',
  'chunk_named',
];

/** Drops what finding effects has made, on a connection that has other work. */
export async function dropEffects(sql: Sql): Promise<void> {
  for (const table of CHUNK_TABLES) await sql.query(`drop table if exists temp.${table}`);
}

/**
 * The identifiers that are there, or where commands are few, those of them that the commands name.
 */
export function knownIdentifiers(staged: string, pairs: number): string {
  if (pairs > MOST_KEYS_TO_PRUNE_BY) return 'user_identifier';
  // DuckDB skips row groups by the keys of the smaller side of a semi join, but not of an anti join
  return `(select key_hi, key_lo from user_identifier semi join ${staged} as few using (key_hi, key_lo))`;
}

/** A relation of the chunk's commands with their user points. */
export async function commandsWithPoints(
  sql: Sql,
  { staged, points }: Pick<Commands, 'staged' | 'points'>,
): Promise<string> {
  if (points.areOwnKeys)
    return `(select *, key_hi as point_hi, key_lo as point_lo, kind as point_kinds from ${staged})`;
  await sql.query(statement('point-commands', { staged }));
  return 'chunk_command';
}
