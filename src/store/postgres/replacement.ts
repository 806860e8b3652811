import { ANY_SEGMENT, type Replacement } from '../merges.ts';
import { literal } from '../records/database.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import {
  countPart,
  openReplacement as openOver,
  type Replaced,
  segmentsOf,
  sumParts,
  type ToReplace,
} from '../staging/replacement.ts';
import { prepareCommands } from './fold-staged.ts';
import { foldPairs, hold } from './merge-engine.ts';
import { applyEffects, fetchRows, findEffects, type Merge, stageKeys } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { sizesAt } from './segment-tally.ts';
import { scratchStatement, statement, takeSlot } from './staged-pairs.ts';

/**
 * `Store.openReplacement`: the pairs of a whole file and who leaves are found and applied as those
 * of a chunk are.
 */
export function openReplacement(db: PostgresDatabase, scratch: Scratch): Promise<Replacement> {
  return openOver({
    use: scratch.use,
    replace: (of) =>
      scratch.use(async (local) => {
        const { execution } = of.chunk;
        const { id, datamartId, startDate } = execution;
        const { commands, leftOut } = await prepareCommands(db, scratch, local, {
          ...{ staged: of.staged, datamartId, executionIds: [id] },
        });
        await foldPairs(local, commands, startDate);
        await nameUsers(db, scratch, local, of);
        return db.merge(
          datamartId,
          async (sql) => {
            await hold(sql, [id], 'CHECKPOINTS');
            const state = await of.check(sql);
            if (state !== 'READY') return { type: state } as const;
            const slot = await takeSlot(sql);
            const replaced = await replace({ sql, local, scratch, slot }, of, leftOut);
            return { type: 'MERGED', checkpoint: await of.finish(sql, replaced) } as const;
          },
          of.purpose,
        );
      }),
  });
}

/** Makes `chunk_named` of whom failed lines name. */
async function nameUsers(
  db: PostgresDatabase,
  scratch: Scratch,
  local: DuckDbSql,
  { chunk: { execution }, named }: ToReplace,
): Promise<void> {
  const of = { ...execution, executionIds: [execution.id], staged: named.staged };
  const { commands } = await prepareCommands(db, scratch, local, of);
  await local.query(
    `create or replace temp table chunk_named as select point_hi, point_lo, segment_id from ${commands}`,
  );
}

async function replace(merge: Merge, of: ToReplace, leftOut: number): Promise<Replaced> {
  const { sql, local, slot } = merge;
  const { execution } = of.chunk;
  const { startDate } = execution;
  const named = await segmentsOf(local, 'chunk_pair');
  const replaced = of.segmentIds ?? named;
  const sizes = await sizesAt(sql, [...new Set([...replaced, ...named])], startDate);
  await stageKeys(merge);
  // it is joined with whole segments, for which the planner has to know how large it is
  await sql.query(`analyze staged_key_${slot} (user_point_id)`);
  await findEffects(merge, { startDate, joins: 'PLANNED' });
  const start_date = Math.trunc(startDate);
  const segments = replaced.map(literal).join(', ') || 'null';
  await fetchRows(merge, statement('find-outside', { slot, start_date, segments }), 'read-outside');
  const everywhere = { first: 0, last: 2n ** 64n - 1n, segments, start_date };
  const absent = { ...everywhere, members: 'chunk_member', named: 'chunk_named', any_segment: ANY_SEGMENT };
  await local.query(scratchStatement('find-absent', absent));
  await local.query(scratchStatement('find-replaced', everywhere));
  const part = await countPart(local);
  if (of.purpose === 'APPLY')
    await applyEffects(merge, { ...execution, executionIds: [execution.id], counts: part.counts });
  return sumParts([part], { replaced, sizes, leftOut });
}
