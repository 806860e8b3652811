import { passFaultPoint } from '../../fault-points.ts';
import { NO_EFFECTS } from '../../model/execution.ts';
import type { CallsOutcome, StagedCalls } from '../merges.ts';
import { checkCalls, countCommands, storeAnswers } from '../records/command-calls.ts';
import { applySteps, type Local, withCommands } from './merge-group.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { readRemovedUpTo } from './sweep.ts';

/**
 * `Store.mergeCalls`. The lock of the datamart keeps two nodes from applying one call twice: the
 * second finds the answer.
 */
export async function mergeCalls(
  db: PostgresDatabase,
  scratch: Scratch,
  of: StagedCalls,
): Promise<CallsOutcome> {
  const merge = (local: Local | null) =>
    db.merge(
      of.datamartId,
      async (sql): Promise<CallsOutcome> => {
        const refusal = await checkCalls(sql, of, await readRemovedUpTo(sql));
        if (refusal !== null) return refusal;
        const found =
          local === null ? [] : await applySteps(sql, { ...of, executionIds: [] }, { ...local, scratch });
        const effects = of.calls.map((_, position) => found[position] ?? NO_EFFECTS);
        await storeAnswers(sql, of, effects);
        await countCommands(sql, of);
        passFaultPoint('calls-before-commit');
        return { type: 'MERGED', effects };
      },
      of.purpose,
    );
  const { table, datamartId } = of;
  const outcome = await (table === null
    ? merge(null)
    : withCommands(db, scratch, { table, datamartId, documents: of.calls.length }, merge));
  if (outcome.type === 'MERGED') passFaultPoint('calls-after-commit');
  return outcome;
}
