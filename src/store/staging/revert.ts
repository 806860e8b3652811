import { addEffects, type Checkpoint, type Effects, NO_EFFECTS, pairsOf } from '../../model/execution.ts';
import { rangesOf } from '../key-ranges.ts';
import type { MergeOutcome, RevertPart } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import type { MergeEngine } from './merge-engine.ts';
import { mergeSource } from './merge-source.ts';

/**
 * `Store.revertPart`: a range of keys of the changes in each transaction; `rows`: about so many of
 * them.
 */
export function revertPart(engine: MergeEngine, part: RevertPart, rows: number): Promise<MergeOutcome> {
  const { execution, worker, reverted, from, changes } = part;
  const { id: executionId, datamartId, startDate } = execution;
  const ranges = rangesOf(Math.max(1, Math.ceil(changes / rows)));
  const range = ranges[from.line];
  if (range === undefined) throw new Error(`revert ${executionId} has no part ${from.line}`);
  return mergeSource<MergeOutcome, MergeOutcome>(
    engine,
    { type: 'CHANGES', reverted, range, datamartId, startDate, executionIds: [executionId] },
    {
      pairs: rows,
      purpose: 'APPLY',
      holds: 'CHECKPOINTS',
      check: async (records) => {
        // what it goes back to was checked when it came about: it needs no version of the catalogue
        const of = { executionId, datamartId, worker, catalogueVersion: -1, offset: from.offset };
        return (await checkMerge(records, of)) === 'LEASE_LOST' ? { type: 'LEASE_LOST' } : null;
      },
      finish: async (records, [effects = NO_EFFECTS]) => {
        const checkpoint = checkpointAfter(part, ranges.length, effects);
        await storeCheckpoint(records, executionId, checkpoint);
        return { type: 'MERGED', checkpoint };
      },
    },
  );
}

/** The checkpoint behind a part. */
function checkpointAfter(
  { from, changes, reverted }: RevertPart,
  ranges: number,
  effects: Effects,
): Checkpoint {
  const line = from.line + 1;
  const pairs = pairsOf(effects, { reverts: reverted });
  return {
    ...from,
    offset: line === ranges ? changes : Math.floor((changes * line) / ranges),
    line,
    successes: from.successes + pairs,
    pairs: from.pairs + pairs,
    effects: addEffects(from.effects, effects),
  };
}
