import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, NO_EFFECTS } from '../../model/execution.ts';
import type { ChunkToPrepare, MergeOutcome, PreparedChunk, StagedChunk } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import type { Sql } from '../records/database.ts';
import type { MergeEngine, MergeSource } from './merge-engine.ts';
import { type Merge, mergePrepared, mergeSource } from './merge-source.ts';

/** `Store.mergeChunk`. */
export async function mergeChunk(engine: MergeEngine, chunk: StagedChunk): Promise<MergeOutcome> {
  return passed(await mergeSource(engine, sourceOf(chunk), mergeOf(chunk)));
}

/** `Store.prepareChunk`. */
export async function prepareChunk(engine: MergeEngine, chunk: ChunkToPrepare): Promise<PreparedChunk> {
  const source = sourceOf(chunk);
  const prepared = await engine.prepare(source, 'AHEAD');
  return {
    merge: async (staged) => passed(await mergePrepared(prepared, source, mergeOf(staged))),
    close: prepared.close,
  };
}

export function sourceOf({ table, execution }: ChunkToPrepare): MergeSource {
  const { id, datamartId, startDate } = execution;
  return { type: 'COMMANDS', table, documents: 1, datamartId, startDate, executionIds: [id] };
}

function mergeOf(chunk: StagedChunk): Merge<MergeOutcome, MergeOutcome> {
  const { execution, from, to } = chunk;
  return {
    pairs: to.pairs - from.pairs,
    purpose: 'APPLY',
    holds: 'CHECKPOINTS',
    check: (records) => checkChunk(records, chunk, from.offset),
    finish: async (records, [effects = NO_EFFECTS]) => {
      const checkpoint: Checkpoint = { ...to, effects: addEffects(from.effects, effects) };
      await storeCheckpoint(records, execution.id, checkpoint);
      passFaultPoint('chunk-before-commit');
      return { type: 'MERGED', checkpoint };
    },
  };
}

/** Why a chunk may not be merged where its execution has come to an offset; null: it may. */
export async function checkChunk(
  records: Sql,
  { execution, worker, catalogueVersion }: StagedChunk,
  offset: number,
): Promise<Exclude<MergeOutcome, { readonly type: 'MERGED' }> | null> {
  const { id: executionId, datamartId } = execution;
  const of = { executionId, datamartId, worker, catalogueVersion, offset };
  const state = await checkMerge(records, of);
  return state === 'READY' ? null : { type: state };
}

function passed(outcome: MergeOutcome): MergeOutcome {
  if (outcome.type === 'MERGED') passFaultPoint('chunk-after-commit');
  return outcome;
}
