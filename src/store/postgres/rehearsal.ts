import type { Rehearsal } from '../merges.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { openRehearsal as openOver } from '../staging/rehearsal.ts';
import { prepareCommands } from './fold-staged.ts';
import { foldPairs } from './merge-engine.ts';
import { findEffects, stageKeys } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { sizesAt } from './segment-tally.ts';
import { takeSlot } from './staged-pairs.ts';

/** `Store.openRehearsal`: what a merge does, up to where it would be applied. */
export function openRehearsal(db: PostgresDatabase, scratch: Scratch): Promise<Rehearsal> {
  return openOver<DuckDbSql>({
    use: scratch.use,
    read: (_, ask) => db.read(ask),
    sizesAt: (segmentIds, now) => db.read((sql) => sizesAt(sql, segmentIds, now)),
    findEffects: async (local, { table, execution }) => {
      const { id, datamartId, startDate } = execution;
      const of = { staged: `staging.main.${table}`, datamartId, executionIds: [id] };
      const { commands, leftOut } = await prepareCommands(db, scratch, local, of);
      await foldPairs(local, commands, startDate);
      // nothing is written, so that no merge has to wait for it: the lock is of no datamart
      await db.merge(
        '0',
        async (sql) => {
          const merge = { sql, local, scratch, slot: await takeSlot(sql, ['staged_key']) };
          await stageKeys(merge);
          await findEffects(merge, execution);
        },
        'COUNT',
      );
      return leftOut;
    },
  });
}
