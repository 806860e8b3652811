import {
  addEffects,
  type Checkpoint,
  type Effects,
  NO_EFFECTS,
  type SegmentEffect,
} from '../../model/execution.ts';
import type { MergeOutcome, Rehearsal, StagedChunk } from '../merges.ts';
import { checkMerge } from '../records/checkpoints.ts';
import type { Sql } from '../records/database.ts';
import { foldChunk } from './merge-chunk.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { sizesAt } from './segment-tally.ts';
import { copyPairs, type Pairs, scratchStatement, statement, takeSlot } from './staged-pairs.ts';

let rehearsals = 0;

/**
 * `Store.openRehearsal`. PostgreSQL says of the pairs of each chunk which of them are memberships and which users are known, and writes
 * nothing; what the chunks before have done lies over that, in the DuckDB of this node.
 */
export async function openRehearsal(db: PostgresDatabase, scratch: Scratch): Promise<Rehearsal> {
  const number = ++rehearsals;
  const over = {
    rehearsed: `staging.main.rehearsed_${number}`,
    new_users: `staging.main.rehearsed_user_${number}`,
  };
  const growth = new Map<string, number>();
  let startDate = 0;
  let chunks = 0;
  await scratch.use(async (sql) => {
    await sql.query(
      `create table ${over.rehearsed} (chunk integer, user_point_id varchar, segment_id bigint, is_in boolean)`,
    );
    await sql.query(`create table ${over.new_users} (user_point_id varchar)`);
  });

  async function count(sql: Sql, found: string): Promise<Effects> {
    await sql.query(
      scratchStatement('rehearse', over).replace('FOUND', () => `'${found.replaceAll("'", "''")}'`),
    );
    const [row] = await sql.query(scratchStatement('count-rehearsed'));
    for (const of of await sql.query(scratchStatement('count-growth'))) {
      const segmentId = String(of.segment_id);
      growth.set(segmentId, (growth.get(segmentId) ?? 0) + Number(of.growth));
    }
    await sql.query(
      `insert into ${over.rehearsed}
       select ${++chunks}, user_point_id, segment_id, puts_in from rehearsed_effect where puts_in or was_in`,
    );
    await sql.query(
      `insert into ${over.new_users} select distinct user_point_id from rehearsed_effect where is_new_user`,
    );
    return {
      ...NO_EFFECTS,
      membershipsCreated: Number(row?.memberships_created),
      membershipsUpdated: Number(row?.memberships_updated),
      membershipsDeleted: Number(row?.memberships_deleted),
      unchanged: Number(row?.unchanged),
      userPointsCreated: Number(row?.user_points_created),
    };
  }

  function rehearse({ execution, from, to }: StagedChunk, pairs: Pairs, leftOut: number): Promise<Effects> {
    return scratch.withFile(async (found) => {
      await db.merge(
        // nothing is written, so that no merge has to wait for it: the lock is of no datamart
        '0',
        async (sql) => {
          const slot = await takeSlot(sql, ['staged_pair']);
          await copyPairs(sql, slot, pairs);
          await sql.query('set local enable_hashjoin = off; set local enable_mergejoin = off');
          const values = { slot, start_date: Math.trunc(execution.startDate) };
          await sql.copyOut([`copy (${statement('find-pairs', values)}) to stdout (format csv)`], found);
        },
        'COUNT',
      );
      const effects = await scratch.use((sql) => count(sql, found));
      const superseded = to.pairs - from.pairs - leftOut - pairs.rows;
      return { ...effects, superseded, unchanged: effects.unchanged + leftOut };
    });
  }

  return {
    mergeChunk: async (chunk): Promise<MergeOutcome> => {
      const { execution, worker, catalogueVersion, table } = chunk;
      const { id, datamartId } = execution;
      // the execution stays at its start
      const of = { executionId: id, datamartId, worker, catalogueVersion, offset: 0 };
      const state = await db.read((sql) => checkMerge(sql, of));
      if (state !== 'READY') return { type: state };
      startDate = execution.startDate;
      const effects =
        table === null
          ? NO_EFFECTS
          : await scratch.withFile(async (file) => {
              const of = { ...execution, executionIds: [id], table, file };
              const { pairs, leftOut } = await foldChunk(db, scratch, of);
              return rehearse(chunk, pairs, leftOut);
            });
      const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
      return { type: 'MERGED', checkpoint };
    },

    segments: async (): Promise<readonly SegmentEffect[]> => {
      const sizes = await db.read((sql) => sizesAt(sql, [...growth.keys()], startDate));
      return [...growth]
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([segmentId, more]) => {
          const sizeBefore = sizes.get(segmentId)?.userPoints ?? 0;
          return { segmentId, sizeBefore, sizeAfter: sizeBefore + more };
        });
    },

    close: () =>
      scratch.use(async (sql) => {
        for (const table of Object.values(over)) await sql.query(`drop table if exists ${table}`);
      }),
  };
}
