import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, NO_EFFECTS } from '../../model/execution.ts';
import type { ChunkToPrepare, MergeOutcome, PreparedChunk, StagedChunk } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
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

function sourceOf({ table, execution }: ChunkToPrepare): MergeSource {
  const { id, datamartId, startDate } = execution;
  return { type: 'COMMANDS', table, documents: 1, datamartId, startDate, executionIds: [id] };
}

function mergeOf({
  execution,
  worker,
  catalogueVersion,
  from,
  to,
}: StagedChunk): Merge<MergeOutcome, MergeOutcome> {
  const { id: executionId, datamartId } = execution;
  return {
    pairs: to.pairs - from.pairs,
    purpose: 'APPLY',
    holds: 'CHECKPOINTS',
    check: async (records) => {
      const of = { executionId, datamartId, worker, catalogueVersion, offset: from.offset };
      const state = await checkMerge(records, of);
      return state === 'READY' ? null : { type: state };
    },
    finish: async (records, [effects = NO_EFFECTS]) => {
      const checkpoint: Checkpoint = { ...to, effects: addEffects(from.effects, effects) };
      await storeCheckpoint(records, executionId, checkpoint);
      passFaultPoint('chunk-before-commit');
      return { type: 'MERGED', checkpoint };
    },
  };
}

function passed(outcome: MergeOutcome): MergeOutcome {
  if (outcome.type === 'MERGED') passFaultPoint('chunk-after-commit');
  return outcome;
}
