import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import type { MergeOutcome, StagedChunk } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import { literal, type Row, type Sql } from '../records/database.ts';
import type { RunDraft } from '../serving/run-draft.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { type Counts, changedMemberships, toCounts, toEffects } from '../staging/effect-counts.ts';
import type { ChangeLog } from './change-log.ts';
import { appendRecent } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { leaveOutErased, type PendingErasures } from './erase.ts';
import { addRowsOf } from './run-rows.ts';
import { noteWriting, noteWritten, type RunsOfTables } from './runs.ts';
import type { Serving } from './serving.ts';
import { statement } from './statements.ts';

/**
 * The most keys of a chunk by which DuckDB is told to skip row groups; with more, nearly every row
 * group has one of them.
 */
export const MOST_KEYS_TO_PRUNE_BY = 500;

/** What is known of all user points. */
export type UserPoints = {
  /**
   * Each has one identifier, the one it was made of: nobody has attached another. Spares merges a
   * join.
   */
  areOwnKeys: boolean;
};

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
};

/**
 * `Store.mergeChunk` for the embedded store: some ten statements over the chunk, in one
 * transaction; `runs` learn of it.
 */
export async function mergeChunk(
  db: DuckDbDatabase,
  chunk: StagedChunk,
  known: MergeContext,
): Promise<MergeOutcome> {
  const { runs } = known;
  await appendRecent(db, runs);
  const outcome = await known.serving.recording(db.merge, async (sql, draft): Promise<MergeOutcome> => {
    const state = await checkMerge(sql, {
      executionId: chunk.execution.id,
      datamartId: chunk.execution.datamartId,
      worker: chunk.worker,
      catalogueVersion: chunk.catalogueVersion,
      offset: chunk.from.offset,
    });
    if (state !== 'READY') return { type: state };
    const effects = await mergeTable(sql, chunk, { ...known, draft });
    const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
    await storeCheckpoint(sql, chunk.execution.id, checkpoint);
    passFaultPoint('chunk-before-commit');
    return { type: 'MERGED', checkpoint };
  });
  if (outcome.type === 'MERGED') {
    passFaultPoint('chunk-after-commit');
    noteWritten(runs, chunk.from.effects, outcome.checkpoint.effects);
  }
  return outcome;
}

async function mergeTable(
  sql: DuckDbSql,
  { table, execution, from, to }: StagedChunk,
  { points, erasures, changes, runs, draft }: MergeContext & { readonly draft: RunDraft },
): Promise<Effects> {
  if (table === null) return NO_EFFECTS;
  const countEffects = async () => toCounts((await sql.query(statement('count-effects')))[0] as Row);
  const all = `staging.main.${table}`;
  const { staged, leftOut } = erasures.any
    ? await leaveOutErased(sql, { executionId: execution.id, staged: all })
    : { staged: all, leftOut: 0 };
  const pairs = to.pairs - from.pairs;
  const commands = {
    ...execution,
    executionIds: [execution.id],
    staged,
    pairs,
    points,
    changes,
    runs,
    draft,
  };
  const effects = toEffects(await applyCommands(sql, commands, countEffects));
  return { ...effects, unchanged: effects.unchanged + leftOut };
}

/** Commands on their way into the store. */
export type Commands = {
  /** A relation with STAGED_COLUMNS. */
  readonly staged: string;
  /** How many rows that has, or more. */
  readonly pairs: number;
  readonly datamartId: string;
  readonly startDate: number;
  /** Of the documents the commands are from, by position (GROUP_LINES); empty: of none. */
  readonly executionIds: readonly string[];
  readonly points: UserPoints;
  readonly changes: ChangeLog;
  readonly runs: RunsOfTables;
  /** The serving run that becomes of the transaction. */
  readonly draft: RunDraft;
};

/** Applies commands. `countEffects` counts `chunk_effect` before it is done. */
export async function applyCommands(
  sql: DuckDbSql,
  { staged, pairs, datamartId, startDate: start_date, executionIds, points, changes, runs, draft }: Commands,
  countEffects: () => Promise<Counts>,
): Promise<Counts> {
  await sql.query(statement('keep-row-ids'));
  const known = knownIdentifiers(staged, pairs);
  await findEffects(sql, { staged, known, startDate: start_date, points });
  const counts = await countEffects();
  draft.mostKeys = pairs;
  await writeEffects(sql, { datamartId, startDate: start_date, executionIds, changes, runs, draft }, counts);
  return counts;
}

/** Does what `chunk_effect` and `chunk_new_user` say, and notes it. */
export async function writeEffects(
  sql: DuckDbSql,
  {
    datamartId,
    startDate: start_date,
    executionIds,
    changes,
    runs,
    draft,
  }: Pick<Commands, 'datamartId' | 'startDate' | 'executionIds' | 'changes' | 'runs' | 'draft'>,
  counts: Counts,
): Promise<void> {
  const change = (rows: number, name: string, values: Values = {}) =>
    changeExactly(sql, rows, { name, values });
  if (counts.user_points_created > 0) noteWriting(runs, 'user_identifier');
  if (counts.rows_to_insert > 0) noteWriting(runs, 'membership');
  await change(counts.user_points_created, 'insert-identifiers', {
    start_date,
    datamart_id: BigInt(datamartId),
  });
  const step = changes.nextStep();
  await change(counts.expiries_met, 'insert-met-expiries', { start_date, step });
  await change(changedMemberships(counts), 'insert-changes', {
    start_date,
    step,
    executions: `list_value(${executionIds.map(literal).join(', ')})`,
  });
  await change(counts.ordered_rows_to_delete, 'delete-ordered');
  await change(counts.recent_rows_to_delete, 'delete-recent');
  // nearly always there is none
  const mayBeNowhere = counts.user_points_created > 0 && counts.unchanged > 0;
  if (mayBeNowhere) await sql.query(statement('find-nowhere'));
  const nowhere = mayBeNowhere ? 'chunk_nowhere' : '(select point_hi, point_lo from chunk_effect limit 0)';
  await sql.query(statement('put-rows', { start_date, nowhere }));
  await change(counts.rows_to_insert, 'insert-memberships', {});
  if (counts.user_points_created > 0 || changedMemberships(counts) > 0)
    await addRowsOf(sql, draft, statement('run-rows', { datamart_id: BigInt(datamartId) }));
}

type Values = Parameters<typeof statement>[1];

/** Runs a statement that is to change so many rows, and fails the transaction when it does not. */
export async function changeExactly(
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

/** Makes `chunk_new_user` and `chunk_effect`. `known` has the known keys. */
export async function findEffects(
  sql: Sql,
  { staged, known, startDate, points }: Pick<Commands, 'staged' | 'startDate' | 'points'> & { known: string },
): Promise<void> {
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
