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
import { statementsOf } from '../statements.ts';
import { toCounts, toEffects } from './effect-counts.ts';

const statement = statementsOf(new URL('./', import.meta.url));

/** What an engine has a part in of a dry run. */
export type RehearsalEngine<S extends Sql> = {
  /** A connection to the DuckDB of this process, with temporary tables of its own. */
  readonly use: <T>(work: (sql: S) => Promise<T>) => Promise<T>;
  /** Asks the store that has the records. */
  readonly read: <T>(sql: S, ask: (sql: Sql) => Promise<T>) => Promise<T>;
  /**
   * Makes `chunk_effect` and `chunk_new_user` of a chunk; resolves to how many commands were left
   * out.
   */
  readonly findEffects: (sql: S, chunk: StagedChunk & { readonly table: string }) => Promise<number>;
  readonly sizesAt: (segmentIds: readonly string[], now: number) => Promise<ReadonlyMap<string, SegmentSize>>;
};

let rehearsals = 0;

/**
 * `Store.openRehearsal`. What the chunks so far have done lies over the store as two tables: for
 * each pair they touched whether it is in, and the users they would have made. A transaction that
 * is rolled back would need no such tables, but holds up every merge for as long as the file takes,
 * and writes everything that it then takes back. These lie in memory, and where there is little of
 * it are spilled: 34 bytes for a pair.
 */
export async function openRehearsal<S extends Sql>(engine: RehearsalEngine<S>): Promise<Rehearsal> {
  const number = ++rehearsals;
  const over = {
    rehearsed: `staging.main.rehearsed_${number}`,
    made: `staging.main.rehearsed_user_${number}`,
  };
  const growth = new Map<string, number>();
  let startDate = 0;
  let chunks = 0;

  await engine.use(async (sql) => {
    await sql.query(
      `create table ${over.rehearsed} (chunk integer, point_hi ubigint, point_lo ubigint, segment_id bigint, puts_in boolean)`,
    );
    await sql.query(`create table ${over.made} (key_hi ubigint, key_lo ubigint)`);
  });

  async function rehearse(sql: S, chunk: StagedChunk): Promise<Effects> {
    const { table } = chunk;
    if (table === null) return NO_EFFECTS;
    const leftOut = await engine.findEffects(sql, { ...chunk, table });
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
    mergeChunk: (chunk) =>
      engine.use(async (sql): Promise<MergeOutcome> => {
        const { execution, worker, catalogueVersion } = chunk;
        const { id: executionId, datamartId } = execution;
        // the execution stays at its start
        const of = { executionId, datamartId, worker, catalogueVersion, offset: 0 };
        const state = await engine.read(sql, (records) => checkMerge(records, of));
        if (state !== 'READY') return { type: state };
        startDate = execution.startDate;
        const effects = await rehearse(sql, chunk);
        const checkpoint: Checkpoint = { ...chunk.to, effects: addEffects(chunk.from.effects, effects) };
        return { type: 'MERGED', checkpoint };
      }),

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
      engine.use(async (sql) => {
        for (const table of Object.values(over)) await sql.query(`drop table if exists ${table}`);
      }),
  };
}
