import { addEffects, type Checkpoint, type Effects, NO_EFFECTS } from '../../model/execution.ts';
import { rangesOf } from '../key-ranges.ts';
import type { MergeOutcome, RevertPart } from '../merges.ts';
import { storeCheckpoint } from '../records/checkpoints.ts';
import { literal } from '../records/database.ts';
import { countStep, nextStep } from './apply-pairs.ts';
import { uuid } from './look-ups.ts';
import { lockAndCheck } from './merge-chunk.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import { statement, takeSlot } from './staged-pairs.ts';

/** `Store.revertPart`: a range of keys of the changes in each transaction; `rows`: about so many of them. */
export async function revertPart(
  db: PostgresDatabase,
  part: RevertPart,
  rows: number,
): Promise<MergeOutcome> {
  const { execution, from, changes: total } = part;
  const ranges = rangesOf(Math.max(1, Math.ceil(total / rows)));
  const range = ranges[from.line];
  if (range === undefined) throw new Error(`revert ${execution.id} has no part ${from.line}`);
  return db.merge(execution.datamartId, async (sql): Promise<MergeOutcome> => {
    // what it goes back to was checked when it came about: it needs no version of the catalogue
    const state = await lockAndCheck(sql, { ...part, catalogueVersion: -1 }, from.offset);
    if (state === 'LEASE_LOST') return { type: 'LEASE_LOST' };
    const { effects, pairs } = await revert(sql, part, range);
    const isLast = from.line + 1 === ranges.length;
    const checkpoint: Checkpoint = {
      ...from,
      offset: isLast ? total : Math.floor((total * (from.line + 1)) / ranges.length),
      line: from.line + 1,
      successes: from.successes + pairs,
      pairs: from.pairs + pairs,
      effects: addEffects(from.effects, effects),
    };
    await storeCheckpoint(sql, execution.id, checkpoint);
    return { type: 'MERGED', checkpoint };
  });
}

async function revert(
  sql: PostgresSql,
  { execution, reverted }: RevertPart,
  range: ReturnType<typeof rangesOf>[number],
): Promise<{ effects: Effects; pairs: number }> {
  const slot = await stageReverted(sql, { reverted, startDate: execution.startDate }, range);
  const [counts] = await sql.query(
    `select count(*) as pairs, count(*) filter (where is_kept) as kept,
       count(*) filter (where not is_kept and not puts_in and not was_in) as unchanged
     from staged_revert_${slot}`,
  );
  const step = await nextStep(sql);
  const values = {
    slot,
    step,
    start_date: Math.trunc(execution.startDate),
    execution_id: literal(execution.id),
  };
  await sql.query(statement('insert-reverted-changes', values));
  await sql.query(statement('delete-reverted', { slot }));
  await sql.query(statement('upsert-reverted', { slot }));
  const { byExecution } = await countStep(sql, step);
  const effects = {
    ...(byExecution.get(execution.id) ?? NO_EFFECTS),
    unchanged: Number(counts?.unchanged),
    membershipsKept: Number(counts?.kept),
  };
  return { effects, pairs: Number(counts?.pairs) };
}

/** All keys. */
export const EVERYWHERE = { first: 0n, last: 2n ** 64n - 1n };

/** Stages what a range of an execution's changes comes to when they go back at an instant; resolves to the slot. */
export async function stageReverted(
  sql: PostgresSql,
  { reverted, startDate }: { readonly reverted: string; readonly startDate: number },
  range: ReturnType<typeof rangesOf>[number],
): Promise<number> {
  const slot = await takeSlot(sql, ['staged_revert']);
  const [own] = await sql.query(
    `select coalesce(min(step), 0) as first_step from membership_change where execution_id = ${literal(reverted)}`,
  );
  const text = statement('stage-reverted', {
    slot,
    reverted: literal(reverted),
    first_step: String(own?.first_step),
    start_date: Math.trunc(startDate),
    first: 'FIRST',
    last: 'LAST',
  });
  const halves = { first: { hi: range.first, lo: 0n }, last: { hi: range.last, lo: 2n ** 64n - 1n } };
  await sql.query(text.replaceAll('FIRST', uuid(halves.first)).replaceAll('LAST', uuid(halves.last)));
  return slot;
}
