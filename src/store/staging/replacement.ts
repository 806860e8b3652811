import { type Checkpoint, type Effects, NO_EFFECTS, type SegmentEffect } from '../../model/execution.ts';
import type { SegmentSize } from '../../model/records.ts';
import { type Replacement, type ReplacementOutcome, STAGED_COLUMNS, type StagedChunk } from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import type { Row, Sql } from '../records/database.ts';
import { statementsOf } from '../statements.ts';
import { type Counts, sumCounts, toCounts, toEffects } from './effect-counts.ts';

const statement = statementsOf(new URL('./', import.meta.url));

type Asked = Parameters<Replacement['apply']>[0];

/** What a replacement comes to. */
export type Replaced = { readonly effects: Effects; readonly segments: readonly SegmentEffect[] };

export type ToReplace = Pick<Asked, 'purpose' | 'segmentIds'> & {
  /** The last chunk: the checkpoint after it is that of the whole file. */
  readonly chunk: StagedChunk;
  /** Commands of the whole file. */
  readonly staged: string;
  /** Whom failed lines name, and how many rows that are. */
  readonly named: { readonly staged: string; readonly rows: number };
  /** Asked first in the transaction. */
  readonly check: (sql: Sql) => ReturnType<typeof checkMerge>;
  /** Asked last in the transaction; what it throws takes back what was written. */
  readonly finish: (sql: Sql, replaced: Replaced) => Promise<Checkpoint>;
};

/** What an engine has a part in of a replacement. */
export type ReplacementEngine = {
  /** A connection to the DuckDB of this process. */
  readonly use: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  /**
   * Replaces in one transaction, between `check` and `finish`; writes nothing where the purpose is
   * COUNT.
   */
  readonly replace: (of: ToReplace) => Promise<Exclude<ReplacementOutcome, { readonly type: 'REFUSED' }>>;
};

class Refused extends Error {}

let replacements = 0;

/**
 * `Store.openReplacement`. The commands of the whole file lie in a table of `staging`, in memory
 * and where that is short in the folder for spilling: after a crash they are read again, which
 * takes as long as a resumable copy would take to write.
 */
export async function openReplacement(engine: ReplacementEngine): Promise<Replacement> {
  const staged = `staging.main.replacement_${++replacements}`;
  const stagedNamed = `${staged}_named`;
  const versions = new Set<number>();
  let last: StagedChunk | null = null;
  let namedRows = 0;
  await engine.use(async (sql) => {
    for (const table of [staged, stagedNamed])
      await sql.query(`create table ${table} (${STAGED_COLUMNS.join(', ')})`);
  });

  async function keep(sql: Sql, chunk: StagedChunk): Promise<void> {
    // in key order, so that zone maps prune ranges of keys: unordered, each range would read all
    // that was spilled
    const append = async (to: string, table: string) => {
      const from = `select * from staging.main.${table} order by key_hi`;
      const [appended] = await sql.query(`insert into ${to} by name ${from}`);
      return Number(appended?.Count);
    };
    if (chunk.table !== null) await append(staged, chunk.table);
    if (chunk.namedTable) namedRows += await append(stagedNamed, chunk.namedTable);
    versions.add(chunk.catalogueVersion);
    last = chunk;
  }

  async function check(sql: Sql, { execution, worker }: StagedChunk): ReturnType<typeof checkMerge> {
    const [catalogueVersion = -1] = versions;
    const of = { executionId: execution.id, datamartId: execution.datamartId, worker };
    const state = await checkMerge(sql, { ...of, catalogueVersion, offset: 0 });
    return state === 'READY' && versions.size > 1 ? 'STALE_CATALOGUE' : state;
  }

  return {
    mergeChunk: (chunk) =>
      engine.use(async (sql) => {
        await keep(sql, chunk);
        return { type: 'MERGED', checkpoint: { ...chunk.to, effects: NO_EFFECTS } };
      }),

    apply: async ({ purpose, segmentIds, judge }) => {
      const chunk = last;
      if (chunk === null) throw new Error('a replacement is applied after its last chunk');
      try {
        return await engine.replace({
          ...{ chunk, staged, purpose, segmentIds },
          named: { staged: stagedNamed, rows: namedRows },
          check: (sql) => check(sql, chunk),
          finish: async (sql, replaced) => {
            const checkpoint: Checkpoint = { ...chunk.to, ...replaced };
            const refusal = judge(checkpoint);
            if (refusal !== null) throw new Refused(refusal);
            if (purpose === 'APPLY') await storeCheckpoint(sql, chunk.execution.id, checkpoint);
            return checkpoint;
          },
        });
      } catch (error) {
        if (error instanceof Refused) return { type: 'REFUSED', reason: error.message };
        throw error;
      }
    },

    close: () =>
      engine.use(async (sql) => {
        for (const table of [staged, stagedNamed]) await sql.query(`drop table if exists ${table}`);
      }),
  };
}

/**
 * What a part of a file does: its counts, by how many members each segment grows, and how many go
 * out.
 */
export type CountedPart = {
  readonly counts: Counts;
  readonly left: number;
  readonly kept: number;
  readonly growth: ReadonlyMap<string, { readonly more: number; readonly leaving: number }>;
};

/** Counts `chunk_effect` and `chunk_absent`. */
export async function countPart(sql: Sql): Promise<CountedPart> {
  const counts = toCounts((await sql.query(statement('count-effects')))[0] as Row);
  const rows = await sql.query(statement('count-growth'));
  const [absent] = await sql.query(
    'select count(*) filter (where not is_named) as leaving, count(*) filter (where is_named) as named from chunk_absent',
  );
  return {
    counts,
    left: Number(absent?.leaving),
    kept: Number(absent?.named),
    growth: new Map(
      rows.map((row) => [String(row.segment_id), { more: Number(row.growth), leaving: Number(row.leaving) }]),
    ),
  };
}

/** What the parts of a file come to, for these segments and all that its commands name. */
export function sumParts(
  parts: readonly CountedPart[],
  of: {
    readonly replaced: readonly string[];
    readonly sizes: ReadonlyMap<string, SegmentSize>;
    readonly leftOut: number;
  },
): Replaced {
  const effects = toEffects(sumCounts(parts.map(({ counts }) => counts)));
  const left = parts.reduce((sum, part) => sum + part.left, 0);
  const sums = new Map(of.replaced.map((id) => [id, { more: 0, leaving: 0 }]));
  for (const { growth } of parts)
    for (const [id, { more, leaving }] of growth) {
      const before = sums.get(id) ?? { more: 0, leaving: 0 };
      sums.set(id, { more: before.more + more, leaving: before.leaving + leaving });
    }
  return {
    effects: {
      ...effects,
      // who leaves has no command: neither was one of theirs superseded
      membershipsDeleted: effects.membershipsDeleted - left,
      superseded: effects.superseded + left,
      unchanged: effects.unchanged + of.leftOut,
      membershipsLeft: left,
      membershipsKept: parts.reduce((sum, { kept }) => sum + kept, 0),
    },
    segments: [...sums]
      .sort(([one], [other]) => Number(one) - Number(other))
      .map(([segmentId, { more, leaving }]) => {
        const sizeBefore = of.sizes.get(segmentId)?.userPoints ?? 0;
        return { segmentId, sizeBefore, sizeAfter: sizeBefore + more, leaving };
      }),
  };
}

/** The segments that commands name. */
export async function segmentsOf(sql: Sql, commands: string): Promise<readonly string[]> {
  const rows = await sql.query(`select distinct segment_id from ${commands} order by segment_id`);
  return rows.map((row) => String(row.segment_id));
}
