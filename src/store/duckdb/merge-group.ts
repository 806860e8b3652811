import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, type Effects, NO_EFFECTS, START } from '../../model/execution.ts';
import type { GroupOutcome, StagedGroup } from '../merges.ts';
import { checkGroup, endExecutions } from '../records/checkpoints.ts';
import type { Sql } from '../records/database.ts';
import { concernsErased } from '../records/erasures.ts';
import type { NoteEnds } from '../records/execution-ends.ts';
import type { RunDraft } from '../serving/run-draft.ts';
import { cutGroup, linesOf } from '../staging/cut-group.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { type Counts, sumCounts, toCounts, toEffects } from '../staging/effect-counts.ts';
import { appendRecent } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { applyCommands, commandsWithPoints, type MergeContext } from './merge-chunk.ts';
import { noteWritten } from './runs.ts';
import { statement } from './statements.ts';

/**
 * `Store.mergeGroup` for the embedded store. Alone, since it ends executions: a cancel or a lease
 * on the same row would fail one of the two. A merge of some hundred rows takes 20 ms, most of it
 * the same for one row, so what counts is how many documents share it.
 */
export async function mergeGroup(
  db: DuckDbDatabase,
  group: StagedGroup,
  { noteEnds, ...known }: MergeContext & { readonly noteEnds: NoteEnds },
): Promise<GroupOutcome> {
  const { runs, erasures } = known;
  await appendRecent(db, runs);
  const executionIds = group.documents.map(({ executionId }) => executionId);
  const outcome = await known.serving.recording(
    db.writeAlone,
    async (sql, draft): Promise<GroupOutcome> => {
      if (!(await checkGroup(sql, { ...group, executionIds }))) return { type: 'NOT_MERGED' };
      // what must leave out somebody is done one by one
      if (erasures.any && (await concernsErased(sql, executionIds))) return { type: 'NOT_MERGED' };
      const documents = group.documents.map(({ to: { pairs } }) => ({ pairs }));
      const effects = await applyDocuments(sql, { ...group, documents, executionIds }, { ...known, draft });
      const checkpoints = group.documents.map(
        ({ to }, i): Checkpoint => ({ ...to, effects: effects.get(i) ?? NO_EFFECTS }),
      );
      const endings = checkpoints.map((checkpoint, i) => {
        const executionId = executionIds[i] ?? '';
        return { executionId, checkpoint, ...group.ending(executionId, checkpoint) };
      });
      await endExecutions(sql, endings);
      await noteEnds(sql, executionIds);
      passFaultPoint('group-before-commit');
      return { type: 'MERGED', checkpoints };
    },
    { endsExecutions: true },
  );
  if (outcome.type === 'MERGED') {
    passFaultPoint('group-after-commit');
    const sum = outcome.checkpoints.reduce((all, { effects }) => addEffects(all, effects), NO_EFFECTS);
    noteWritten(runs, START.effects, sum);
  }
  return outcome;
}

/** Documents of a datamart that share a start date, in the order in which they are applied. */
export type Documents = {
  /** Table of `staging`, or null when no command of any document was valid. */
  readonly table: string | null;
  readonly datamartId: string;
  readonly startDate: number;
  readonly documents: readonly { readonly pairs: number }[];
  /** By position; empty: they are of no execution. */
  readonly executionIds: readonly string[];
};

/**
 * Applies the documents and resolves to their effects, by position. What they share is the start
 * date, so commands that meet nowhere give the same in one step as in several: the group is cut
 * only where a document touches a user point that one before it touches.
 */
export async function applyDocuments(
  sql: DuckDbSql,
  { table, documents, ...of }: Documents,
  {
    points,
    changes,
    runs,
    draft,
  }: Pick<MergeContext, 'points' | 'changes' | 'runs'> & { readonly draft: RunDraft },
): Promise<ReadonlyMap<number, Effects>> {
  const effects = new Map<number, Effects>();
  if (table === null) return effects;
  const staged = `staging.main.${table}`;
  const all = await commandsWithPoints(sql, { staged, points });
  const steps = await cutGroup(sql, all, documents.length);
  const pairs = documents.reduce((sum, document) => sum + document.pairs, 0);
  for (const step of steps) {
    const part = steps.length === 1 ? staged : linesOf(staged, step);
    const commands = { ...of, staged: part, pairs, points, changes, runs, draft };
    await applyCommands(sql, commands, () => countByDocument(sql, effects));
  }
  return effects;
}

/** Notes what each document does, and resolves to what they do together. */
async function countByDocument(sql: Sql, effects: Map<number, Effects>): Promise<Counts> {
  const rows = await sql.query(statement('count-effects-by-document'));
  for (const row of rows) effects.set(Number(row.document), toEffects(toCounts(row)));
  return sumCounts(rows.map(toCounts));
}
