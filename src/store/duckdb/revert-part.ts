import { addEffects, type Checkpoint, type Effects } from '../../model/execution.ts';
import { rangesOf } from '../key-ranges.ts';
import type { MergeOutcome, RevertPart } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import { literal, type Row } from '../records/database.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import type { RunDraft } from '../serving/run-draft.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { changedMemberships, toCounts, toEffects } from '../staging/effect-counts.ts';
import { appendRecent } from './compact.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { changeExactly, type MergeContext } from './merge-chunk.ts';
import { addRowsOf } from './run-rows.ts';
import { noteWriting, noteWritten, type RunsOfTables } from './runs.ts';
import { statement } from './statements.ts';

/**
 * `Store.revertPart` for the embedded store: a range of keys of the changes in each transaction, found by one scan of the
 * execution's rows in the change log and one of what came after them.
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
  const { execution, from, changes: total, worker } = part;
  const ranges = rangesOf(Math.max(1, Math.ceil(total / rows.reverted)));
  const range = ranges[from.line];
  if (range === undefined) throw new Error(`revert ${execution.id} has no part ${from.line}`);
  const outcome = await serving.recording(db.merge, async (sql, draft): Promise<MergeOutcome> => {
    const of = { executionId: execution.id, datamartId: execution.datamartId, worker };
    // what it goes back to was checked when it came about: it needs no version of the catalogue
    const state = await checkMerge(sql, { ...of, catalogueVersion: -1, offset: from.offset });
    if (state === 'LEASE_LOST') return { type: 'LEASE_LOST' };
    draft.mostKeys = rows.reverted;
    const { effects, pairs } = await revert(sql, part, { ...range, step: changes.nextStep(), runs, draft });
    const line = from.line + 1;
    const checkpoint: Checkpoint = {
      ...from,
      offset: line === ranges.length ? total : Math.floor((total * line) / ranges.length),
      line,
      successes: from.successes + pairs,
      pairs: from.pairs + pairs,
      effects: addEffects(from.effects, effects),
    };
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
): Promise<{ effects: Effects; pairs: number }> {
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
  // it makes nobody
  await sql.query('create or replace temp table chunk_new_user (key_hi ubigint, key_lo ubigint)');
  const counts = toCounts((await sql.query(statement('count-effects')))[0] as Row);
  const [all] = await sql.query(
    'select count(*) as pairs, count(*) filter (where commands = 0) as kept from chunk_effect',
  );
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
  const kept = Number(all?.kept);
  const effects = toEffects(counts);
  return {
    // what is left alone has neither command nor effect
    effects: {
      ...effects,
      unchanged: effects.unchanged - kept,
      superseded: 0,
      membershipsKept: kept,
    },
    pairs: Number(all?.pairs),
  };
}
