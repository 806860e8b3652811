import { passFaultPoint } from '../../fault-points.ts';
import type { CallsOutcome, StagedCalls } from '../merges.ts';
import { checkCalls, countCommands, storeAnswers } from '../records/command-calls.ts';
import type { Sql } from '../records/database.ts';
import type { MergeEngine } from './merge-engine.ts';
import { mergeSource } from './merge-source.ts';

/**
 * `Store.mergeCalls`. No other merge of the datamart is beside it, so that of two nodes that have
 * one call the second finds the answer. `removedUpTo`: up to when expired memberships were removed.
 */
export async function mergeCalls(
  engine: MergeEngine,
  staged: StagedCalls,
  removedUpTo: (records: Sql) => Promise<number>,
): Promise<CallsOutcome> {
  const { table, datamartId, startDate, calls, purpose } = staged;
  const outcome = await mergeSource<CallsOutcome, CallsOutcome>(
    engine,
    { type: 'COMMANDS', table, documents: calls.length, datamartId, startDate, executionIds: [] },
    {
      pairs: calls.reduce((sum, { pairs }) => sum + pairs, 0),
      purpose,
      holds: 'CHECKPOINTS',
      check: async (records) => checkCalls(records, staged, await removedUpTo(records)),
      finish: async (records, effects) => {
        await storeAnswers(records, staged, effects);
        await countCommands(records, staged);
        passFaultPoint('calls-before-commit');
        return { type: 'MERGED', effects };
      },
    },
  );
  if (outcome.type === 'MERGED' && purpose === 'APPLY') passFaultPoint('calls-after-commit');
  return outcome;
}
