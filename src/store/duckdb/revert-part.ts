import type { MergeOutcome, RevertPart } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import { literal } from '../records/database.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import type { RunDraft } from '../serving/run-draft.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { changedMemberships } from '../staging/effect-counts.ts';
import { checkpointAfter, countReverted, type RevertedPart, rangeOfPart } from '../staging/revert.ts';
import { appendRecent } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { changeExactly, type MergeContext } from './merge-chunk.ts';
import { addRowsOf } from './run-rows.ts';
import { noteWriting, noteWritten, type RunsOfTables } from './runs.ts';
import { statement } from './statements.ts';

/**
 * `Store.revertPart` for the embedded store: a range of keys of the changes in each transaction,
 * found by one scan of the execution's rows in the change log and one of what came after them.
 */
export async function revertPart(
  db: DuckDbDatabase,
  part: RevertPart,
  {
    runs,
    changes,
    serving,
    rows,
  }: Pick<MergeContext, 'runs' | 'changes' | 'serving'> & { readonly rows: RowsAtATime },
): Promise<MergeOutcome> {
  await appendRecent(db, runs);
  const { execution, from, worker } = part;
  const { range, ranges } = rangeOfPart(part, rows.reverted);
  const outcome = await serving.recording(db.merge, async (sql, draft): Promise<MergeOutcome> => {
    const of = { executionId: execution.id, datamartId: execution.datamartId, worker };
    // what it goes back to was checked when it came about: it needs no version of the catalogue
    const state = await checkMerge(sql, { ...of, catalogueVersion: -1, offset: from.offset });
    if (state === 'LEASE_LOST') return { type: 'LEASE_LOST' };
    draft.mostKeys = rows.reverted;
    const done = await revert(sql, part, { ...range, step: changes.nextStep(), runs, draft });
    const checkpoint = checkpointAfter(part, ranges, done);
    await storeCheckpoint(sql, execution.id, checkpoint);
    return { type: 'MERGED', checkpoint };
  });
  if (outcome.type === 'MERGED') noteWritten(runs, from.effects, outcome.checkpoint.effects);
  return outcome;
}

async function revert(
  sql: DuckDbSql,
  { execution, reverted }: RevertPart,
  of: { first: bigint; last: bigint; step: number; runs: RunsOfTables; draft: RunDraft },
): Promise<RevertedPart> {
  const { first, last, step, runs, draft } = of;
  const start_date = execution.startDate;
  await sql.query(statement('keep-row-ids'));
  const [own] = await sql.query(
    `select coalesce(min(step), 0) as first_step from membership_change where execution_id = ${literal(reverted)}`,
  );
  const first_step = Number(own?.first_step);
  await sql.query(
    statement('find-reverted', { reverted: BigInt(reverted), first, last, first_step, start_date }),
  );
  const done = await countReverted(sql);
  const { counts } = done;
  const executions = `list_value(${literal(execution.id)})`;
  await changeExactly(sql, changedMemberships(counts), {
    name: 'insert-changes',
    values: { start_date, step, executions },
  });
  await changeExactly(sql, counts.ordered_rows_to_delete, { name: 'delete-ordered', values: {} });
  await changeExactly(sql, counts.recent_rows_to_delete, { name: 'delete-recent', values: {} });
  if (counts.rows_to_insert > 0) noteWriting(runs, 'membership');
  await sql.query(statement('put-reverted'));
  await changeExactly(sql, counts.rows_to_insert, { name: 'insert-memberships', values: {} });
  await addRowsOf(sql, draft, statement('run-rows', { datamart_id: BigInt(execution.datamartId) }));
  return done;
}
