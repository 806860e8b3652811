import {
  addEffects,
  type Checkpoint,
  type Effects,
  NO_EFFECTS,
  type SegmentEffect,
} from '../../model/execution.ts';
import type { SegmentSize } from '../../model/records.ts';
import type { MergeOutcome, Rehearsal, StagedChunk } from '../merges.ts';
import { checkMerge } from '../records/checkpoints.ts';
import type { Row, Sql } from '../records/database.ts';
import { toCounts, toEffects } from '../staging/effect-counts.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { leaveOutErased } from './erase.ts';
import { dropEffects, findEffects, knownIdentifiers, type MergeContext } from './merge-chunk.ts';
import { statement } from './statements.ts';

type Context = Pick<MergeContext, 'points' | 'erasures'> & {
  readonly sizesAt: (now: number) => Promise<ReadonlyMap<string, SegmentSize>>;
};

let rehearsals = 0;

/**
 * `Store.openRehearsal` for the embedded store. What the chunks so far have done lies over the store as two tables: for each
 * pair they touched whether it is in, and the users they would have made. A transaction that is rolled back would need no
 * such tables, but holds up every merge for as long as the file takes, and writes everything that it then takes back. These
 * lie in memory, and where there is little of it are spilled: 34 bytes for a pair.
 */
export async function openRehearsal(db: DuckDbDatabase, context: Context): Promise<Rehearsal> {
  const number = ++rehearsals;
  const over = {
    rehearsed: `staging.main.rehearsed_${number}`,
    newUsers: `staging.main.rehearsed_user_${number}`,
  };
  const growth = new Map<string, number>();
  let startDate = 0;
  let chunks = 0;

  await db.readLong(async (sql) => {
    await sql.query(
      `create table ${over.rehearsed} (chunk integer, point_hi ubigint, point_lo ubigint, segment_id bigint, puts_in boolean)`,
    );
    await sql.query(`create table ${over.newUsers} (key_hi ubigint, key_lo ubigint)`);
  });

  async function rehearse(sql: Sql, chunk: StagedChunk): Promise<Effects> {
    if (chunk.table === null) return NO_EFFECTS;
    const { execution, from, to } = chunk;
    const all = `staging.main.${chunk.table}`;
    const { staged, leftOut } = context.erasures.any
      ? await leaveOutErased(sql, { executionId: execution.id, staged: all })
      : { staged: all, leftOut: 0 };
    const pairs = to.pairs - from.pairs;
    const known = `(select key_hi, key_lo from ${knownIdentifiers(staged, pairs)} union all select key_hi, key_lo from ${over.newUsers})`;
    await findEffects(sql, { staged, known, startDate: execution.startDate, points: context.points });
    await sql.query(statement('overlay-effects', { rehearsed: over.rehearsed }));
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
    await sql.query(`insert into ${over.newUsers} select key_hi, key_lo from chunk_new_user`);
    await dropEffects(sql);
    return { ...effects, unchanged: effects.unchanged + leftOut };
  }

  return {
    mergeChunk: (chunk) =>
      db.readLong(async (sql): Promise<MergeOutcome> => {
        const state = await checkMerge(sql, {
          executionId: chunk.execution.id,
          datamartId: chunk.execution.datamartId,
          worker: chunk.worker,
          catalogueVersion: chunk.catalogueVersion,
          // the execution stays at its start
          offset: 0,
        });
        if (state !== 'READY') return { type: state };
        startDate = chunk.execution.startDate;
        const effects = await rehearse(sql, chunk);
        const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
        return { type: 'MERGED', checkpoint };
      }),

    segments: async (): Promise<readonly SegmentEffect[]> => {
      const sizes = await context.sizesAt(startDate);
      return [...growth]
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([segmentId, more]) => {
          const sizeBefore = sizes.get(segmentId)?.userPoints ?? 0;
          return { segmentId, sizeBefore, sizeAfter: sizeBefore + more };
        });
    },

    close: () =>
      db.readLong(async (sql) => {
        for (const table of Object.values(over)) await sql.query(`drop table if exists ${table}`);
      }),
  };
}
