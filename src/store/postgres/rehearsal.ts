import type { Rehearsal } from '../merges.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { openRehearsal as openOver } from '../staging/rehearsal.ts';
import { foldCommands } from './merge-chunk.ts';
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
      const leftOut = await foldCommands(db, scratch, {
        local,
        table: `staging.main.${table}`,
        execution,
      });
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
