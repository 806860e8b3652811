import { passFaultPoint } from '../../fault-points.ts';
import { type Checkpoint, NO_EFFECTS } from '../../model/execution.ts';
import type { GroupOutcome, StagedGroup } from '../merges.ts';
import { checkGroup, endExecutions } from '../records/checkpoints.ts';
import type { NoteEnds } from '../records/execution-ends.ts';
import type { MergeEngine } from './merge-engine.ts';
import { mergeSource } from './merge-source.ts';

/**
 * `Store.mergeGroup`. What the documents share is the start date, so commands that meet nowhere
 * give the same in one step as in several: the group is cut only where a document touches a user
 * point that one before it touches. A merge of some hundred rows costs nearly the same as one of
 * one row, so what counts is how many documents share it.
 */
export async function mergeGroup(
  engine: MergeEngine,
  group: StagedGroup,
  noteEnds: NoteEnds,
): Promise<GroupOutcome> {
  const { table, datamartId, startDate, documents } = group;
  const executionIds = documents.map(({ executionId }) => executionId);
  const outcome = await mergeSource<GroupOutcome, GroupOutcome>(
    engine,
    { type: 'COMMANDS', table, documents: documents.length, datamartId, startDate, executionIds },
    {
      pairs: documents.reduce((sum, { to }) => sum + to.pairs, 0),
      purpose: 'APPLY',
      holds: 'EXECUTIONS',
      check: async (records) =>
        (await checkGroup(records, { ...group, executionIds })) ? null : { type: 'NOT_MERGED' },
      finish: async (records, effects) => {
        const ended = documents.map(({ executionId, to }, i) => {
          const checkpoint: Checkpoint = { ...to, effects: effects[i] ?? NO_EFFECTS };
          return { executionId, checkpoint, ...group.ending(executionId, checkpoint) };
        });
        await endExecutions(records, ended);
        await noteEnds(records, executionIds);
        passFaultPoint('group-before-commit');
        return { type: 'MERGED', checkpoints: ended.map(({ checkpoint }) => checkpoint) };
      },
    },
  );
  if (outcome.type === 'MERGED') passFaultPoint('group-after-commit');
  return outcome;
}
