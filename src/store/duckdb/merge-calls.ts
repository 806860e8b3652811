import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, NO_EFFECTS, START } from '../../model/execution.ts';
import type { CallsOutcome, StagedCalls } from '../merges.ts';
import { checkCalls, countCommands, storeAnswers } from '../records/command-calls.ts';
import { appendRecent } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import type { MergeContext } from './merge-chunk.ts';
import { applyDocuments } from './merge-group.ts';
import { noteWritten } from './runs.ts';

/** What was counted in a transaction that is to leave nothing. */
class Counted extends Error {
  readonly outcome: CallsOutcome;

  constructor(outcome: CallsOutcome) {
    super('it was counted, and nothing is written');
    this.outcome = outcome;
  }
}

/** `Store.mergeCalls` for the embedded store. Beside small transactions: it ends no execution. */
export async function mergeCalls(
  db: DuckDbDatabase,
  of: StagedCalls,
  { removedUpTo, ...known }: MergeContext & { readonly removedUpTo: () => number },
): Promise<CallsOutcome> {
  await appendRecent(db, known.runs);
  const outcome = await known.serving
    .recording(db.merge, async (sql, draft): Promise<CallsOutcome> => {
      const refusal = await checkCalls(sql, of, removedUpTo());
      if (refusal !== null) return refusal;
      const found = await applyDocuments(
        sql,
        { ...of, documents: of.calls, executionIds: [] },
        { ...known, draft },
      );
      const effects = of.calls.map((_, position) => found.get(position) ?? NO_EFFECTS);
      if (of.purpose === 'COUNT') throw new Counted({ type: 'MERGED', effects });
      await storeAnswers(sql, of, effects);
      await countCommands(sql, of);
      passFaultPoint('calls-before-commit');
      return { type: 'MERGED', effects };
    })
    .catch((error: unknown) => {
      if (error instanceof Counted) return error.outcome;
      throw error;
    });
  if (outcome.type === 'MERGED' && of.purpose === 'APPLY') {
    passFaultPoint('calls-after-commit');
    noteWritten(known.runs, START.effects, outcome.effects.reduce(addEffects, NO_EFFECTS));
  }
  return outcome;
}
