import { type Checkpoint, type Effects, NO_EFFECTS, type SegmentEffect } from '../../model/execution.ts';
import { type Replacement, type ReplacementOutcome, STAGED_COLUMNS, type StagedChunk } from '../merges.ts';
import { storeCheckpoint } from '../records/checkpoints.ts';
import { literal } from '../records/database.ts';
import { applyPairs, countStep, type Done, nextStep } from './apply-pairs.ts';
import { foldChunk, lockAndCheck, restOf } from './merge-chunk.ts';
import type { PostgresDatabase, PostgresSql } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { sizesAt } from './segment-tally.ts';
import { copyPairs, type Pairs, statement, takeSlot } from './staged-pairs.ts';

type Apply = Parameters<Replacement['apply']>[0];

class Refused extends Error {}

let replacements = 0;

/**
 * `Store.openReplacement`. The commands of the whole file lie in the DuckDB of this node, in memory and where that is short in its
 * folder: after a crash they are read again. What they come to is applied in one transaction.
 */
export async function openReplacement(db: PostgresDatabase, scratch: Scratch): Promise<Replacement> {
  const replacement = `replacement_${++replacements}`;
  const kept = `staging.main.${replacement}`;
  const versions = new Set<number>();
  let last: StagedChunk | null = null;
  await scratch.use((sql) => sql.query(`create table ${kept} (${STAGED_COLUMNS.join(', ')})`));

  const applyAll = (chunk: StagedChunk, asked: Apply): Promise<ReplacementOutcome> =>
    scratch.withFile(async (file) => {
      const { execution } = chunk;
      const of = { ...execution, executionIds: [execution.id] };
      const { pairs, leftOut } = await foldChunk(db, scratch, { ...of, table: replacement, file });
      return db.merge(
        execution.datamartId,
        (sql) => apply(sql, chunk, { ...asked, pairs, leftOut }),
        asked.purpose,
      );
    });

  async function apply(
    sql: PostgresSql,
    chunk: StagedChunk,
    asked: Apply & { readonly pairs: Pairs; readonly leftOut: number },
  ): Promise<ReplacementOutcome> {
    const { execution, to } = chunk;
    const [catalogueVersion = -1] = versions;
    const state = await lockAndCheck(sql, { ...chunk, catalogueVersion }, 0);
    if (state !== 'READY') return { type: state };
    if (versions.size > 1) return { type: 'STALE_CATALOGUE' };
    const checkpoint: Checkpoint = { ...to, ...(await replace(sql, chunk, asked)) };
    const refusal = asked.judge(checkpoint);
    // takes back what was written
    if (refusal !== null) throw new Refused(refusal);
    if (asked.purpose === 'APPLY') await storeCheckpoint(sql, execution.id, checkpoint);
    return { type: 'MERGED', checkpoint };
  }

  return {
    mergeChunk: (chunk) =>
      scratch.use(async (sql) => {
        if (chunk.table !== null)
          await sql.query(`insert into ${kept} by name select * from staging.main.${chunk.table}`);
        versions.add(chunk.catalogueVersion);
        last = chunk;
        return { type: 'MERGED', checkpoint: { ...chunk.to, effects: NO_EFFECTS } };
      }),

    apply: async (asked) => {
      if (last === null) throw new Error('a replacement is applied after its last chunk');
      try {
        return await applyAll(last, asked);
      } catch (error) {
        if (error instanceof Refused) return { type: 'REFUSED', reason: error.message };
        throw error;
      }
    },

    close: () =>
      scratch.use(async (sql) => {
        await sql.query(`drop table if exists ${kept}`);
      }),
  };
}

async function replace(
  sql: PostgresSql,
  { execution, to }: StagedChunk,
  { pairs, leftOut, segmentIds }: Apply & { readonly pairs: Pairs; readonly leftOut: number },
): Promise<{ effects: Effects; segments: readonly SegmentEffect[] }> {
  const replaced = segmentIds ?? pairs.segmentIds;
  const sizes = await sizesAt(sql, [...new Set([...replaced, ...pairs.segmentIds])], execution.startDate);
  const slot = await takeSlot(sql);
  await copyPairs(sql, slot, pairs);
  // it is joined with whole segments, for which the planner has to know how large it is
  await sql.query(`analyze staged_pair_${slot} (user_point_id)`);
  const done = await applyPairs(sql, { ...execution, slot, pairs }, replaced);
  const changed = done.byExecution.get(execution.id) ?? NO_EFFECTS;
  const left = await removeLeaving(sql, { execution, replaced, done });
  const growth = new Map(replaced.map((id) => [id, 0]));
  for (const grown of [done.growth, left.growth])
    for (const [id, more] of grown) growth.set(id, (growth.get(id) ?? 0) + more);
  const commands = to.pairs - leftOut;
  return {
    effects: {
      ...changed,
      ...restOf(changed, { commands, pairs: pairs.rows, leftOut }),
      membershipsLeft: left.memberships,
    },
    segments: [...growth]
      .sort(([one], [other]) => Number(one) - Number(other))
      .map(([segmentId, more]) => {
        const sizeBefore = sizes.get(segmentId)?.userPoints ?? 0;
        return { segmentId, sizeBefore, sizeAfter: sizeBefore + more };
      }),
  };
}

/** Takes out who is in one of the segments and in no command, as a step of its own. */
async function removeLeaving(
  sql: PostgresSql,
  of: {
    readonly execution: StagedChunk['execution'];
    readonly replaced: readonly string[];
    readonly done: Done;
  },
): Promise<{ memberships: number; growth: ReadonlyMap<string, number> }> {
  const step = await nextStep(sql);
  const values = {
    step,
    slot: of.done.slot,
    start_date: Math.trunc(of.execution.startDate),
    execution_id: literal(of.execution.id),
    segments: of.replaced.map(literal).join(', ') || 'null',
  };
  const memberships = await sql.change(statement('insert-leaving-changes', values));
  if (memberships > 0) await sql.query(statement('delete-leaving', values));
  const { growth } = await countStep(sql, step);
  return { memberships, growth };
}
