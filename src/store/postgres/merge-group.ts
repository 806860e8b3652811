import { passFaultPoint } from '../../fault-points.ts';
import { type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import type { GroupOutcome, StagedGroup } from '../merges.ts';
import { checkGroup, endExecutions } from '../records/checkpoints.ts';
import { literal } from '../records/database.ts';
import { concernsErased } from '../records/erasures.ts';
import type { NoteEnds } from '../records/execution-ends.ts';
import { cutGroup, type GroupStep, linesOf } from '../staging/cut-group.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { sumCounts, toCounts, toEffects } from '../staging/effect-counts.ts';
import { prepareCommands } from './fold-staged.ts';
import { applyEffects, findEffects, stageKeys } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import type { Scratch } from './scratch.ts';
import { clearSlot, scratchStatement, takeSlot } from './staged-pairs.ts';

/**
 * `Store.mergeGroup`. What the documents share is the start date, so commands that meet nowhere
 * give the same in one step as in several: the group is cut only where a document touches a user
 * point that one before it touches.
 */
export async function mergeGroup(
  db: PostgresDatabase,
  scratch: Scratch,
  group: StagedGroup,
  noteEnds: NoteEnds,
): Promise<GroupOutcome> {
  const executionIds = group.documents.map(({ executionId }) => executionId);
  const merge = (local: Local | null) =>
    db.merge(group.datamartId, async (sql): Promise<GroupOutcome> => {
      // nobody cancels, renews or takes what is ended here
      await sql.query(
        `select 1 from execution where id in (${executionIds.map(literal).join(', ')}) order by id for update`,
      );
      if (!(await checkGroup(sql, { ...group, executionIds }))) return { type: 'NOT_MERGED' };
      // what must leave out somebody is done one by one
      if (await concernsErased(sql, executionIds)) return { type: 'NOT_MERGED' };
      const effects =
        local === null ? [] : await applySteps(sql, { ...group, executionIds }, { ...local, scratch });
      const checkpoints = group.documents.map(
        ({ to }, i): Checkpoint => ({ ...to, effects: effects[i] ?? NO_EFFECTS }),
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
  const { table, datamartId } = group;
  const outcome = await (table === null
    ? merge(null)
    : withCommands(db, scratch, { table, datamartId, documents: executionIds.length }, merge));
  if (outcome.type === 'MERGED') passFaultPoint('group-after-commit');
  return outcome;
}

/**
 * The commands of documents with their user points, of a connection to the DuckDB of this node, and
 * how they are cut.
 */
export type Local = {
  readonly local: DuckDbSql;
  readonly commands: string;
  readonly steps: readonly GroupStep[];
};

export function withCommands<T>(
  db: PostgresDatabase,
  scratch: Scratch,
  of: { readonly table: string; readonly datamartId: string; readonly documents: number },
  work: (of: Local) => Promise<T>,
): Promise<T> {
  const { datamartId, documents } = of;
  const staged = `staging.main.${of.table}`;
  return scratch.use(async (local) => {
    const { commands } = await prepareCommands(db, scratch, local, { datamartId, executionIds: [], staged });
    return work({ local, commands, steps: await cutGroup(local, commands, documents) });
  });
}

/**
 * Applies documents that share a start date; `executionIds` is empty where they are of none.
 * Resolves to their effects, by position.
 */
export async function applySteps(
  sql: PostgresSql,
  {
    datamartId,
    startDate,
    executionIds,
  }: Pick<StagedGroup, 'datamartId' | 'startDate'> & { readonly executionIds: readonly string[] },
  { local, commands, steps, scratch }: Local & { readonly scratch: Scratch },
): Promise<readonly Effects[]> {
  const effects: Effects[] = [];
  const slot = await takeSlot(sql);
  const merge = { sql, local, scratch, slot };
  for (const [i, step] of steps.entries()) {
    if (i > 0) await clearSlot(sql, slot);
    const of = { commands: linesOf(commands, step), start_date: Math.trunc(startDate) };
    await local.query(scratchStatement('fold-pairs', of));
    await stageKeys(merge);
    await findEffects(merge, { startDate });
    const rows = await local.query(scratchStatement('count-effects-by-document'));
    for (const row of rows) effects[Number(row.document)] = toEffects(toCounts(row));
    await applyEffects(merge, { datamartId, startDate, executionIds, counts: sumCounts(rows.map(toCounts)) });
  }
  return effects;
}
