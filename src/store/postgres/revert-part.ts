import type { MergeOutcome, RevertPart } from '../merges.ts';
import { storeCheckpoint } from '../records/checkpoints.ts';
import { literal, type Sql } from '../records/database.ts';
import { checkpointAfter, countReverted, type KeyRange, rangeOfPart } from '../staging/revert.ts';
import { uuid } from './look-ups.ts';
import { lockAndCheck } from './merge-chunk.ts';
import { applyEffects, fetchRows } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { statement, takeSlot } from './staged-pairs.ts';

/**
 * `Store.revertPart`: a range of keys of the changes in each transaction; `rows`: about so many of
 * them.
 */
export function revertPart(
  { db, scratch }: { readonly db: PostgresDatabase; readonly scratch: Scratch },
  part: RevertPart,
  rows: number,
): Promise<MergeOutcome> {
  const { execution, from, reverted } = part;
  const { range, ranges } = rangeOfPart(part, rows);
  return scratch.use((local) =>
    db.merge(execution.datamartId, async (sql): Promise<MergeOutcome> => {
      // what it goes back to was checked when it came about: it needs no version of the catalogue
      const state = await lockAndCheck(sql, { ...part, catalogueVersion: -1 }, from.offset);
      if (state === 'LEASE_LOST') return { type: 'LEASE_LOST' };
      const merge = { sql, local, scratch, slot: await takeSlot(sql, ['staged_membership']) };
      const found = await revertedText(sql, { reverted, startDate: execution.startDate }, range);
      await fetchRows(merge, found, 'read-reverted');
      const done = await countReverted(local);
      const of = { ...execution, executionIds: [execution.id], counts: done.counts };
      await applyEffects(merge, { ...of, after: 'after-revert' });
      const checkpoint = checkpointAfter(part, ranges, done);
      await storeCheckpoint(sql, execution.id, checkpoint);
      return { type: 'MERGED', checkpoint };
    }),
  );
}

/** All keys. */
export const EVERYWHERE = { first: 0n, last: 2n ** 64n - 1n };

/** A select of what a range of an execution's changes comes to when they go back at an instant. */
export async function revertedText(
  sql: Sql,
  { reverted, startDate }: { readonly reverted: string; readonly startDate: number },
  range: KeyRange,
): Promise<string> {
  const [own] = await sql.query(
    `select coalesce(min(step), 0) as first_step from membership_change where execution_id = ${literal(reverted)}`,
  );
  const text = statement('find-reverted', {
    reverted: literal(reverted),
    first_step: String(own?.first_step),
    start_date: Math.trunc(startDate),
    first: 'FIRST',
    last: 'LAST',
  });
  const halves = { first: { hi: range.first, lo: 0n }, last: { hi: range.last, lo: 2n ** 64n - 1n } };
  return text.replaceAll('FIRST', uuid(halves.first)).replaceAll('LAST', uuid(halves.last));
}
