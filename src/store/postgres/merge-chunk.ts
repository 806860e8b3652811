import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import type { ChunkToPrepare, MergeOutcome, PreparedChunk, StagedChunk } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import { literal, type Row } from '../records/database.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { toCounts, toEffects } from '../staging/effect-counts.ts';
import { summarizeChangeRanges } from './citus.ts';
import { prepareCommands } from './fold-staged.ts';
import { applyEffects, findEffects, stageKeys } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import type { Scratch } from './scratch.ts';
import { scratchStatement, takeSlot, takeSlotAhead } from './staged-pairs.ts';

/** A chunk whose pairs are `chunk_pair` of a connection to the DuckDB of this node. */
type Folded = {
  readonly local: DuckDbSql;
  /** Commands that may not bring an erased user back. */
  readonly leftOut: number;
};

/** `Store.mergeChunk`. */
export async function mergeChunk(
  db: PostgresDatabase,
  scratch: Scratch,
  chunk: StagedChunk,
): Promise<MergeOutcome> {
  const prepared = await prepareChunk(db, scratch, chunk, 'IN_TURN');
  try {
    return await prepared.merge(chunk);
  } finally {
    await prepared.close();
  }
}

/**
 * `Store.prepareChunk`: the commands are folded in the DuckDB of this node. AHEAD: the transaction
 * of the merge is begun as well, and has the keys in its slot while the chunk before is merged.
 * Each of its statements sees what was committed before it, so those that come in its turn see what
 * that chunk has done.
 */
export async function prepareChunk(
  db: PostgresDatabase,
  scratch: Scratch,
  { table, execution }: ChunkToPrepare,
  when: 'AHEAD' | 'IN_TURN' = 'AHEAD',
): Promise<PreparedChunk> {
  const { datamartId } = execution;
  if (table === null) {
    return {
      merge: async (chunk) => {
        const outcome = await db.merge(datamartId, (sql) => advance(sql, chunk, async () => NO_EFFECTS));
        if (outcome.type === 'MERGED') passFaultPoint('chunk-after-commit');
        return outcome;
      },
      close: async () => undefined,
    };
  }
  const { sql: local, close } = await scratch.connect();
  const leftOut = await foldCommands(db, scratch, { local, table: `staging.main.${table}`, execution }).catch(
    (error: unknown) => {
      close();
      throw error;
    },
  );
  let begun = when === 'AHEAD' ? db.mergeAhead((sql) => stageAhead(sql, local)) : null;
  return {
    merge: async (chunk) => {
      const ahead = begun;
      begun = null;
      const merge = (sql: PostgresSql, slot: number | null) =>
        advance(sql, chunk, () => applyFolded({ sql, scratch, slot }, chunk, { local, leftOut }));
      const outcome = await (ahead === null
        ? db.merge(datamartId, (sql) => merge(sql, null))
        : ahead.run(datamartId, merge));
      if (outcome.type === 'MERGED') {
        passFaultPoint('chunk-after-commit');
        const { effects } = outcome.checkpoint;
        if (changesOf(effects) - changesOf(chunk.from.effects) >= ROWS_TO_SUMMARIZE) summarizeChanges(db);
      }
      return outcome;
    },
    close: async () => {
      await begun?.abandon();
      close();
    },
  };
}

/**
 * Makes `chunk_pair` of the commands of a staged table; resolves to how many of them were left out.
 */
export async function foldCommands(
  db: PostgresDatabase,
  scratch: Scratch,
  of: { readonly local: DuckDbSql; readonly table: string } & Pick<StagedChunk, 'execution'>,
): Promise<number> {
  const { commands, leftOut } = await prepareCommands(db, scratch, of.local, {
    staged: of.table,
    datamartId: of.execution.datamartId,
    executionIds: [of.execution.id],
  });
  await of.local.query(
    scratchStatement('fold-pairs', { commands, start_date: Math.trunc(of.execution.startDate) }),
  );
  return leftOut;
}

/**
 * Copies keys into a slot before the turn of their merge; null where no slot is to be had without
 * waiting.
 */
async function stageAhead(sql: PostgresSql, local: DuckDbSql): Promise<number | null> {
  const slot = await takeSlotAhead(sql);
  if (slot !== null) await stageKeys({ sql, local, slot });
  return slot;
}

/**
 * Moves the checkpoint of an execution to the end of a chunk, with what `apply` does, if the chunk
 * may be merged now.
 */
async function advance(
  sql: PostgresSql,
  chunk: StagedChunk,
  apply: () => Promise<Effects>,
): Promise<MergeOutcome> {
  const state = await lockAndCheck(sql, chunk, chunk.from.offset);
  if (state !== 'READY') return { type: state };
  const effects = await apply();
  const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
  await storeCheckpoint(sql, chunk.execution.id, checkpoint);
  passFaultPoint('chunk-before-commit');
  return { type: 'MERGED', checkpoint };
}

/** From so many changes on their ranges are worth while being summarized at once. */
const ROWS_TO_SUMMARIZE = 50_000;

/**
 * Has what the change log got lately found by ranges of pages: until then each who asks for a step
 * reads all of it. Autovacuum does it as well, some time later, and where the role of this node may
 * not.
 */
function summarizeChanges(db: PostgresDatabase): void {
  db.apart(summarizeChangeRanges).catch(() => undefined);
}

/**
 * Locks the checkpoint of an execution, first of all: of two workers that take the execution for
 * theirs the second sees what the first has done. Not the execution, whose lease is renewed
 * meanwhile.
 */
export async function lockCheckpoint(sql: PostgresSql, executionId: string): Promise<void> {
  await sql.query(
    `select 1 from execution_checkpoint where execution_id = ${literal(executionId)} for update`,
  );
}

/** Whether a chunk may be merged now. */
export async function lockAndCheck(
  sql: PostgresSql,
  { execution, worker, catalogueVersion }: Pick<StagedChunk, 'execution' | 'worker' | 'catalogueVersion'>,
  offset: number,
): ReturnType<typeof checkMerge> {
  await lockCheckpoint(sql, execution.id);
  return checkMerge(sql, {
    executionId: execution.id,
    datamartId: execution.datamartId,
    worker,
    catalogueVersion,
    offset,
  });
}

async function applyFolded(
  { sql, scratch, slot: filled }: { sql: PostgresSql; scratch: Scratch; slot: number | null },
  { execution }: StagedChunk,
  { local, leftOut }: Folded,
): Promise<Effects> {
  const slot = filled ?? (await takeSlot(sql));
  const merge = { sql, local, scratch, slot };
  if (filled === null) await stageKeys(merge);
  await findEffects(merge, execution);
  const [row] = await local.query(scratchStatement('count-effects'));
  const counts = toCounts(row as Row);
  await applyEffects(merge, { ...execution, executionIds: [execution.id], counts });
  const effects = toEffects(counts);
  return { ...effects, unchanged: effects.unchanged + leftOut };
}

function changesOf(effects: Effects): number {
  return effects.membershipsCreated + effects.membershipsUpdated + effects.membershipsDeleted;
}
