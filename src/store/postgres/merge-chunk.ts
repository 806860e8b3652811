import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import { literal } from '../records/database.ts';
import type { MergeOutcome, StagedChunk } from '../store.ts';
import { applyPairs } from './apply-pairs.ts';
import { prepareCommands } from './fold-staged.ts';
import type { PostgresDatabase, PostgresSql } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { type Pairs, writePairs } from './staged-pairs.ts';

/** `Store.mergeChunk`: the commands are folded in the DuckDB of this node, and what they come to is applied in one transaction. */
export async function mergeChunk(
  db: PostgresDatabase,
  scratch: Scratch,
  chunk: StagedChunk,
): Promise<MergeOutcome> {
  const { execution } = chunk;
  const merge = (pairs: Pairs | null, leftOut: number) =>
    db.merge(execution.datamartId, async (sql): Promise<MergeOutcome> => {
      const state = await lockAndCheck(sql, chunk, chunk.from.offset);
      if (state !== 'READY') return { type: state };
      const effects = pairs === null ? NO_EFFECTS : await apply(sql, chunk, pairs, leftOut);
      const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
      await storeCheckpoint(sql, execution.id, checkpoint);
      passFaultPoint('chunk-before-commit');
      return { type: 'MERGED', checkpoint };
    });
  const outcome =
    chunk.table === null
      ? await merge(null, 0)
      : await withPairs(
          db,
          scratch,
          { ...execution, executionIds: [execution.id], table: chunk.table },
          merge,
        );
  if (outcome.type === 'MERGED') {
    passFaultPoint('chunk-after-commit');
    if (chunk.to.pairs - chunk.from.pairs >= ROWS_TO_SUMMARIZE) summarizeChanges(db);
  }
  return outcome;
}

/** From so many changes on their ranges are worth while being summarized at once. */
const ROWS_TO_SUMMARIZE = 50_000;

/**
 * Has what the change log got lately found by ranges of pages: until then each who asks for a step reads all of it. Autovacuum does it
 * as well, some time later, and where the role of this node may not.
 */
function summarizeChanges(db: PostgresDatabase): void {
  db.apart((sql) => sql.query(`select brin_summarize_new_values('membership_change_range')`)).catch(
    () => undefined,
  );
}

/** Writes what the commands of a staged table come to into a file, for as long as `work` takes. */
export function withPairs<T>(
  db: PostgresDatabase,
  scratch: Scratch,
  of: {
    readonly table: string;
    readonly datamartId: string;
    readonly startDate: number;
    readonly executionIds: readonly string[];
  },
  work: (pairs: Pairs, leftOut: number) => Promise<T>,
): Promise<T> {
  return scratch.withFile(async (file) => {
    const { pairs, leftOut } = await scratch.use(async (sql) => {
      const prepared = await prepareCommands(db, scratch, sql, { ...of, staged: `staging.main.${of.table}` });
      const written = await writePairs(sql, { ...of, commands: prepared.commands, file });
      return { pairs: written, leftOut: prepared.leftOut };
    });
    return work(pairs, leftOut);
  });
}

/**
 * Whether a chunk may be merged now. The checkpoint is locked first: of two workers that take the execution for theirs the second sees
 * what the first has done. Not the execution, whose lease is renewed meanwhile.
 */
export async function lockAndCheck(
  sql: PostgresSql,
  { execution, worker, catalogueVersion }: Pick<StagedChunk, 'execution' | 'worker' | 'catalogueVersion'>,
  offset: number,
): ReturnType<typeof checkMerge> {
  await sql.query(
    `select 1 from execution_checkpoint where execution_id = ${literal(execution.id)} for update`,
  );
  return checkMerge(sql, {
    executionId: execution.id,
    datamartId: execution.datamartId,
    worker,
    catalogueVersion,
    offset,
  });
}

async function apply(
  sql: PostgresSql,
  { execution, from, to }: StagedChunk,
  pairs: Pairs,
  leftOut: number,
): Promise<Effects> {
  const { byExecution } = await applyPairs(sql, { ...execution, pairs });
  const changed = byExecution.get(execution.id) ?? NO_EFFECTS;
  return {
    ...changed,
    ...restOf(changed, { commands: to.pairs - from.pairs - leftOut, pairs: pairs.rows, leftOut }),
  };
}

/** What the pairs did that changed nothing: each command is superseded, or its pair was changed, or it was not. */
export function restOf(
  { membershipsCreated, membershipsUpdated, membershipsDeleted }: Effects,
  of: { readonly commands: number; readonly pairs: number; readonly leftOut: number },
): Pick<Effects, 'unchanged' | 'superseded'> {
  const changed = membershipsCreated + membershipsUpdated + membershipsDeleted;
  return { unchanged: of.pairs - changed + of.leftOut, superseded: of.commands - of.pairs };
}
