import { addEffects, type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import type { Row, Sql } from '../records/database.ts';
import { checkMerge, storeCheckpoint } from '../records/executions.ts';
import type { MergeOutcome, StagedChunk } from '../store.ts';
import { noteAppended, type Tail } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { statement } from './statements.ts';

/** What is known of all user points. */
export type UserPoints = {
  /** Each has one identifier, the one it was made of: nobody has attached another. Spares merges a join. */
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

/** `Store.mergeChunk` for the embedded store: some ten statements over the chunk, in one transaction; `tail` learns of it. */
export async function mergeChunk(
  db: DuckDbDatabase,
  chunk: StagedChunk,
  { tail, points }: { tail: Tail; points: UserPoints },
): Promise<MergeOutcome> {
  const outcome = await db.merge(async (sql): Promise<MergeOutcome> => {
    const state = await checkMerge(sql, {
      executionId: chunk.execution.id,
      datamartId: chunk.execution.datamartId,
      worker: chunk.worker,
      catalogueVersion: chunk.catalogueVersion,
      offset: chunk.from.offset,
    });
    if (state !== 'READY') return { type: state };
    const effects =
      chunk.table === null
        ? NO_EFFECTS
        : await applyCommands(sql, { table: chunk.table, execution: chunk.execution, points });
    const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
    await storeCheckpoint(sql, chunk.execution.id, checkpoint);
    return { type: 'MERGED', checkpoint };
  });
  if (outcome.type === 'MERGED') noteAppended(tail, chunk.from.effects, outcome.checkpoint.effects);
  return outcome;
}

async function applyCommands(
  sql: Sql,
  { table, execution, points }: { table: string; execution: StagedChunk['execution']; points: UserPoints },
): Promise<Effects> {
  const staged = `staging.main.${table}`;
  const start_date = execution.startDate;
  await sql.query(statement('find-new-users', { staged }));
  const commands = await commandsWithPoints(sql, { staged, points });
  await sql.query(statement('find-effects', { commands, start_date }));
  const [counts] = await sql.query(statement('count-effects'));
  const count = (name: string): number => Number((counts as Row)[name]);

  if (count('user_points_created') > 0) {
    await sql.query(
      statement('insert-identifiers', { start_date, datamart_id: BigInt(execution.datamartId) }),
    );
  }
  if (count('rows_to_update') > 0) await sql.query(statement('update-memberships', { start_date }));
  if (count('rows_to_renew') > 0) await sql.query(statement('renew-memberships', { start_date }));
  if (count('bags_to_update') > 0) await sql.query(statement('update-data-bags'));
  if (count('rows_to_delete') > 0) await sql.query(statement('delete-memberships'));
  if (count('rows_to_insert') > 0) await sql.query(statement('insert-memberships', { start_date }));
  return {
    membershipsCreated: count('memberships_created'),
    membershipsUpdated: count('memberships_updated'),
    membershipsDeleted: count('memberships_deleted'),
    unchanged: count('unchanged'),
    superseded: count('superseded'),
    userPointsCreated: count('user_points_created'),
  };
}

/** A relation of the chunk's commands with their user points. */
async function commandsWithPoints(
  sql: Sql,
  { staged, points }: { staged: string; points: UserPoints },
): Promise<string> {
  if (points.areOwnKeys)
    return `(select *, key_hi as point_hi, key_lo as point_lo, kind as point_kinds from ${staged})`;
  await sql.query(statement('point-commands', { staged }));
  return 'chunk_command';
}
