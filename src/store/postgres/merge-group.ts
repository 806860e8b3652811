import { passFaultPoint } from '../../fault-points.ts';
import { addEffects, type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import type { GroupOutcome, StagedGroup } from '../merges.ts';
import { checkGroup, endExecutions } from '../records/checkpoints.ts';
import { literal, type Sql } from '../records/database.ts';
import { concernsErased } from '../records/erasures.ts';
import type { NoteEnds } from '../records/execution-ends.ts';
import { cutGroup, linesOf } from '../staging/cut-group.ts';
import { applyPairs } from './apply-pairs.ts';
import { prepareCommands } from './fold-staged.ts';
import { restOf } from './merge-chunk.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import type { Scratch } from './scratch.ts';
import { clearSlot, copyPairs, type Pairs, scratchStatement, takeSlot, writePairs } from './staged-pairs.ts';

/** Documents that are applied together: their pairs, and by document how many commands it has and how many pairs they come to. */
type Step = {
  readonly pairs: Pairs;
  readonly counts: ReadonlyMap<string, { commands: number; pairs: number }>;
};

/**
 * `Store.mergeGroup`. What the documents share is the start date, so commands that meet nowhere give the same in one step as in several:
 * the group is cut only where a document touches a user point that one before it touches.
 */
export async function mergeGroup(
  db: PostgresDatabase,
  scratch: Scratch,
  group: StagedGroup,
  noteEnds: NoteEnds,
): Promise<GroupOutcome> {
  const executionIds = group.documents.map(({ executionId }) => executionId);
  const merge = (steps: readonly Step[]) =>
    db.merge(group.datamartId, async (sql): Promise<GroupOutcome> => {
      // nobody cancels, renews or takes what is ended here
      await sql.query(
        `select 1 from execution where id in (${executionIds.map(literal).join(', ')}) order by id for update`,
      );
      if (!(await checkGroup(sql, { ...group, executionIds }))) return { type: 'NOT_MERGED' };
      // what must leave out somebody is done one by one
      if (await concernsErased(sql, executionIds)) return { type: 'NOT_MERGED' };
      const effects = await applySteps(sql, group, steps);
      const checkpoints = group.documents.map(
        ({ executionId, to }): Checkpoint => ({ ...to, effects: effects.get(executionId) ?? NO_EFFECTS }),
      );
      const endings = checkpoints.map((checkpoint, i) => {
        const executionId = executionIds[i] ?? '';
        return { executionId, checkpoint, ...group.ending(executionId, checkpoint) };
      });
      await endExecutions(sql, endings);
      await noteEnds(sql, executionIds);
      passFaultPoint('group-before-commit');
      return { type: 'MERGED', checkpoints };
    });
  const outcome = await (group.table === null ? merge([]) : withSteps(db, scratch, group, merge));
  if (outcome.type === 'MERGED') passFaultPoint('group-after-commit');
  return outcome;
}

/** Writes the pairs of each step into a file, for as long as `work` takes. */
function withSteps<T>(
  db: PostgresDatabase,
  scratch: Scratch,
  group: StagedGroup,
  work: (steps: readonly Step[]) => Promise<T>,
): Promise<T> {
  const { datamartId, startDate } = group;
  const executionIds = group.documents.map(({ executionId }) => executionId);
  const staged = `staging.main.${group.table}`;
  return scratch.withFolder(async (fileOf) => {
    const steps = await scratch.use(async (sql) => {
      const { commands } = await prepareCommands(db, scratch, sql, { datamartId, executionIds: [], staged });
      const written: Step[] = [];
      for (const [i, step] of (await cutGroup(sql, commands, executionIds.length)).entries()) {
        const of = { startDate, executionIds, file: fileOf(`step-${i}`) };
        const pairs = await writePairs(sql, { ...of, commands: linesOf(commands, step) });
        written.push({ pairs, counts: await countByDocument(sql, executionIds) });
      }
      return written;
    });
    return work(steps);
  });
}

async function countByDocument(sql: Sql, executionIds: readonly string[]): Promise<Step['counts']> {
  const rows = await sql.query(scratchStatement('count-by-document'));
  return new Map(
    rows.map((row) => [
      executionIds[Number(row.document)] ?? '',
      { commands: Number(row.commands), pairs: Number(row.pairs) },
    ]),
  );
}

async function applySteps(
  sql: PostgresSql,
  { datamartId, startDate }: StagedGroup,
  steps: readonly Step[],
): Promise<ReadonlyMap<string, Effects>> {
  const effects = new Map<string, Effects>();
  const slot = await takeSlot(sql);
  for (const [i, { pairs, counts }] of steps.entries()) {
    if (i > 0) await clearSlot(sql, slot);
    await copyPairs(sql, slot, pairs);
    const { byExecution } = await applyPairs(sql, { slot, pairs, datamartId, startDate });
    for (const [id, count] of counts) {
      const changed = byExecution.get(id) ?? NO_EFFECTS;
      const all = { ...changed, ...restOf(changed, { ...count, leftOut: 0 }) };
      effects.set(id, addEffects(effects.get(id) ?? NO_EFFECTS, all));
    }
  }
  return effects;
}
