import { type Checkpoint, type Effects, NO_EFFECTS, type SegmentEffect } from '../../model/execution.ts';
import {
  ANY_SEGMENT,
  type Replacement,
  type ReplacementOutcome,
  STAGED_COLUMNS,
  type StagedChunk,
} from '../merges.ts';
import { storeCheckpoint } from '../records/checkpoints.ts';
import { literal } from '../records/database.ts';
import { applyPairs, countStep, type Done, nextStep } from './apply-pairs.ts';
import { prepareCommands } from './fold-staged.ts';
import { foldChunk, lockAndCheck, restOf } from './merge-chunk.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import type { Scratch } from './scratch.ts';
import { sizesAt } from './segment-tally.ts';
import {
  copyPairs,
  type NamedUsersFile,
  type Pairs,
  statement,
  takeSlot,
  writeNamed,
} from './staged-pairs.ts';

type Apply = Parameters<Replacement['apply']>[0];
type ToApply = Apply & {
  readonly pairs: Pairs;
  readonly leftOut: number;
  readonly named: NamedUsersFile | null;
};

class Refused extends Error {}

let replacements = 0;

/**
 * `Store.openReplacement`. The commands of the whole file lie in the DuckDB of this node, in memory and where that is short in its
 * folder: after a crash they are read again. What they come to is applied in one transaction.
 */
export async function openReplacement(db: PostgresDatabase, scratch: Scratch): Promise<Replacement> {
  const replacement = `replacement_${++replacements}`;
  const kept = `staging.main.${replacement}`;
  const keptNamed = `${kept}_named`;
  const versions = new Set<number>();
  let last: StagedChunk | null = null;
  let isAnyNamed = false;
  await scratch.use(async (sql) => {
    for (const table of [kept, keptNamed])
      await sql.query(`create table ${table} (${STAGED_COLUMNS.join(', ')})`);
  });

  /** Whom failed lines name, in a file beside that of the pairs. */
  const nameUsers = ({ execution }: StagedChunk, file: string) =>
    scratch.use(async (sql) => {
      const of = { ...execution, executionIds: [execution.id], staged: keptNamed };
      const { commands } = await prepareCommands(db, scratch, sql, of);
      return writeNamed(sql, { named: commands, executionId: execution.id, file });
    });

  const applyAll = (chunk: StagedChunk, asked: Apply): Promise<ReplacementOutcome> =>
    scratch.withFolder(async (fileOf) => {
      const { execution } = chunk;
      const of = { ...execution, executionIds: [execution.id] };
      const { pairs, leftOut } = await foldChunk(db, scratch, {
        ...of,
        table: replacement,
        file: fileOf('pairs'),
      });
      const named = isAnyNamed ? await nameUsers(chunk, fileOf('named')) : null;
      return db.merge(
        execution.datamartId,
        (sql) => apply(sql, chunk, { ...asked, pairs, leftOut, named }),
        asked.purpose,
      );
    });

  async function apply(sql: PostgresSql, chunk: StagedChunk, asked: ToApply): Promise<ReplacementOutcome> {
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
        if (chunk.namedTable) {
          await sql.query(`insert into ${keptNamed} by name select * from staging.main.${chunk.namedTable}`);
          isAnyNamed = true;
        }
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
        for (const table of [kept, keptNamed]) await sql.query(`drop table if exists ${table}`);
      }),
  };
}

async function replace(
  sql: PostgresSql,
  { execution, to }: StagedChunk,
  { pairs, leftOut, named, segmentIds }: ToApply,
): Promise<{ effects: Effects; segments: readonly SegmentEffect[] }> {
  const replaced = segmentIds ?? pairs.segmentIds;
  const sizes = await sizesAt(sql, [...new Set([...replaced, ...pairs.segmentIds])], execution.startDate);
  const slot = await takeSlot(sql, ['staged_pair', 'resolved_pair']);
  await copyPairs(sql, slot, pairs);
  // it is joined with whole segments, for which the planner has to know how large it is
  await sql.query(`analyze staged_pair_${slot} (user_point_id)`);
  const done = await applyPairs(sql, { ...execution, slot, pairs }, replaced);
  const changed = done.byExecution.get(execution.id) ?? NO_EFFECTS;
  const values = {
    slot,
    start_date: Math.trunc(execution.startDate),
    segments: replaced.map(literal).join(', ') || 'null',
    any_segment: ANY_SEGMENT,
  };
  // not before the pairs are applied, whose statements take all that lies in the slot for commands
  const membershipsKept = named === null ? 0 : await countKept(sql, named, values);
  const left = await removeLeaving(sql, execution.id, values);
  const growth = new Map(replaced.map((id) => [id, 0]));
  for (const grown of [done.growth, left.growth])
    for (const [id, more] of grown) growth.set(id, (growth.get(id) ?? 0) + more);
  const commands = to.pairs - leftOut;
  return {
    effects: {
      ...changed,
      ...restOf(changed, { commands, pairs: pairs.rows, leftOut }),
      membershipsLeft: left.memberships,
      membershipsKept,
    },
    segments: [...growth]
      .sort(([one], [other]) => Number(one) - Number(other))
      .map(([segmentId, more]) => {
        const sizeBefore = sizes.get(segmentId)?.userPoints ?? 0;
        const leaving = (done.leaving.get(segmentId) ?? 0) + (left.leaving.get(segmentId) ?? 0);
        return { segmentId, sizeBefore, sizeAfter: sizeBefore + more, leaving };
      }),
  };
}

type Values = { slot: number; start_date: number; segments: string; any_segment: string };

/** Copies whom failed lines name into the slot, and counts who of them stays in a replaced segment for that alone. */
async function countKept(sql: PostgresSql, named: NamedUsersFile, values: Values): Promise<number> {
  await copyPairs(sql, values.slot, named);
  await sql.query(`analyze staged_pair_${values.slot} (user_point_id)`);
  const [kept] = await sql.query(statement('count-kept', values));
  return Number(kept?.memberships);
}

/** Takes out who is in one of the segments, in no command and not named by a failed line, as a step of its own. */
async function removeLeaving(
  sql: PostgresSql,
  executionId: string,
  values: Values,
): Promise<{ memberships: number } & Pick<Done, 'growth' | 'leaving'>> {
  const step = await nextStep(sql);
  const leaving = { ...values, step, execution_id: literal(executionId) };
  const memberships = await sql.change(statement('insert-leaving-changes', leaving));
  if (memberships > 0) await sql.query(statement('delete-leaving', leaving));
  const { growth, leaving: goingOut } = await countStep(sql, step);
  return { memberships, growth, leaving: goingOut };
}
