import type { SegmentSize } from '../../model/records.ts';
import type { Rehearsal } from '../merges.ts';
import type { Sql } from '../records/database.ts';
import { openRehearsal as openOver } from '../staging/rehearsal.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { leaveOutErased } from './erase.ts';
import { dropEffects, findEffects, knownIdentifiers, type MergeContext } from './merge-engine.ts';

type Context = Pick<MergeContext, 'points' | 'erasures'> & {
  readonly sizesAt: (now: number) => Promise<ReadonlyMap<string, SegmentSize>>;
};

/** `Store.openRehearsal` for the embedded store, on a connection for reads. */
export function openRehearsal(
  db: DuckDbDatabase,
  { points, erasures, sizesAt }: Context,
): Promise<Rehearsal> {
  return openOver<Sql>({
    use: (work) => db.readLong((sql) => work(sql).finally(() => dropEffects(sql))),
    read: (sql, ask) => ask(sql),
    sizesAt: (_, now) => sizesAt(now),
    findEffects: async (sql, { table, execution, from, to }) => {
      const all = `staging.main.${table}`;
      const { staged, leftOut } = erasures.any
        ? await leaveOutErased(sql, { executionIds: [execution.id], staged: all })
        : { staged: all, leftOut: 0 };
      const known = knownIdentifiers(staged, to.pairs - from.pairs);
      await findEffects(sql, { staged, known, startDate: execution.startDate, points });
      return leftOut;
    },
  });
}
