import { addEffects, type Effects, NO_EFFECTS, type SegmentEffect } from '../../model/execution.ts';
import type { MergeOutcome, Rehearsal } from '../merges.ts';
import type { Row } from '../records/database.ts';
import { statementsOf } from '../statements.ts';
import { toCounts, toEffects } from './effect-counts.ts';
import { checkChunk, sourceOf } from './merge-chunk.ts';
import type { MergeEngine, MergeTransaction } from './merge-engine.ts';

const statement = statementsOf(new URL('./', import.meta.url));

let rehearsals = 0;

/**
 * `Store.openRehearsal`. What the chunks so far have done lies over the store as two tables: for
 * each pair they touched whether it is in, and the users they would have made. A transaction that
 * is rolled back would need no such tables, but holds up every merge for as long as the file takes,
 * and writes everything that it then takes back. These lie in memory, and where there is little of
 * it are spilled: 34 bytes for a pair.
 */
export async function openRehearsal(engine: MergeEngine): Promise<Rehearsal> {
  const number = ++rehearsals;
  const over = {
    rehearsed: `staging.main.rehearsed_${number}`,
    made: `staging.main.rehearsed_user_${number}`,
  };
  const growth = new Map<string, number>();
  let startDate = 0;
  let chunks = 0;

  await engine.withLocal(async (sql) => {
    await sql.query(
      `create table ${over.rehearsed} (chunk integer, point_hi ubigint, point_lo ubigint, segment_id bigint, puts_in boolean)`,
    );
    await sql.query(`create table ${over.made} (key_hi ubigint, key_lo ubigint)`);
  });

  /** Finds what a chunk would do, and lays it over the store. */
  async function rehearse(merge: MergeTransaction): Promise<Effects> {
    const { local: sql } = merge;
    const { steps, leftOut } = await merge.cut();
    const [step] = steps;
    if (step === undefined) return NO_EFFECTS;
    await merge.findEffects(step);
    await sql.query(statement('overlay-effects', { rehearsed: over.rehearsed }));
    await sql.query(statement('overlay-new-users', { made: over.made }));
    const [counts] = await sql.query(statement('count-effects'));
    const effects = toEffects(toCounts(counts as Row));
    for (const row of await sql.query(statement('count-growth'))) {
      const segmentId = String(row.segment_id);
      growth.set(segmentId, (growth.get(segmentId) ?? 0) + Number(row.growth));
    }
    await sql.query(
      `insert into ${over.rehearsed} select ${++chunks}, point_hi, point_lo, segment_id, puts_in from chunk_effect
       where puts_in or was_in`,
    );
    await sql.query(`insert into ${over.made} select key_hi, key_lo from chunk_new_user`);
    return { ...effects, unchanged: effects.unchanged + leftOut };
  }

  return {
    mergeChunk: async (chunk): Promise<MergeOutcome> => {
      const { from, to } = chunk;
      const prepared = await engine.prepare(sourceOf(chunk), 'IN_TURN');
      try {
        return await prepared.look(to.pairs - from.pairs, async (merge) => {
          // the execution stays at its start
          const refusal = await checkChunk(merge.records, chunk, 0);
          if (refusal !== null) return refusal;
          startDate = chunk.execution.startDate;
          const effects = addEffects(from.effects, await rehearse(merge));
          return { type: 'MERGED', checkpoint: { ...to, effects } };
        });
      } finally {
        await prepared.close();
      }
    },

    segments: async (): Promise<readonly SegmentEffect[]> => {
      const sizes = await engine.sizesAt([...growth.keys()], startDate);
      return [...growth]
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([segmentId, more]) => {
          const sizeBefore = sizes.get(segmentId)?.userPoints ?? 0;
          return { segmentId, sizeBefore, sizeAfter: sizeBefore + more };
        });
    },

    close: () =>
      engine.withLocal(async (sql) => {
        for (const table of Object.values(over)) await sql.query(`drop table if exists ${table}`);
      }),
  };
}
