import { type Checkpoint, type Effects, NO_EFFECTS, type SegmentEffect } from '../../model/execution.ts';
import type { SegmentSize } from '../../model/records.ts';
import { rangesOf } from '../key-ranges.ts';
import {
  ANY_SEGMENT,
  type Replacement,
  type ReplacementOutcome,
  STAGED_COLUMNS,
  type StagedChunk,
} from '../merges.ts';
import { checkMerge, storeCheckpoint } from '../records/checkpoints.ts';
import type { Row, Sql } from '../records/database.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import type { RunDraft } from '../serving/run-draft.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import { type Counts, sumCounts, toCounts, toEffects } from '../staging/effect-counts.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { leaveOutErased } from './erase.ts';
import {
  commandsWithPoints,
  dropEffects,
  knownIdentifiers,
  type MergeContext,
  writeEffects,
} from './merge-chunk.ts';
import { noteWritten } from './runs.ts';
import { statement } from './statements.ts';

type Context = MergeContext & {
  readonly sizesAt: (now: number) => Promise<Sizes>;
  readonly rows: RowsAtATime;
};
type Sizes = ReadonlyMap<string, SegmentSize>;
type Apply = Parameters<Replacement['apply']>[0];
/** What a file does, by the names of `Counts`, and by how many members each segment grows, and how many go out. */
type Counted = {
  counts: Counts;
  left: number;
  kept: number;
  growth: Map<string, number>;
  leaving: Map<string, number>;
};

class Refused extends Error {}

let replacements = 0;

/**
 * `Store.openReplacement` for the embedded store. The commands of the whole file lie in a table of `staging`, in memory and
 * where that is short in the folder for spilling: after a crash they are read again, which takes as long as a resumable copy
 * would take to write. They are applied a range of keys at a time, so that the memory is bounded, in one transaction.
 */
export async function openReplacement(db: DuckDbDatabase, context: Context): Promise<Replacement> {
  const kept = `staging.main.replacement_${++replacements}`;
  const keptNamed = `${kept}_named`;
  const versions = new Set<number>();
  let last: StagedChunk | null = null;
  let namedRows = 0;
  await db.readLong(async (sql) => {
    for (const table of [kept, keptNamed])
      await sql.query(`create table ${table} (${STAGED_COLUMNS.join(', ')})`);
  });

  async function keep(sql: Sql, chunk: StagedChunk): Promise<void> {
    // in key order, so that zone maps prune the ranges: unordered, each range would read all that was spilled
    const append = async (to: string, table: string) => {
      const from = `select * from staging.main.${table} order by key_hi`;
      const [appended] = await sql.query(`insert into ${to} by name ${from}`);
      return Number(appended?.Count);
    };
    if (chunk.table !== null) await append(kept, chunk.table);
    if (chunk.namedTable) namedRows += await append(keptNamed, chunk.namedTable);
    versions.add(chunk.catalogueVersion);
    last = chunk;
  }

  /** In a transaction where `asked.purpose` is to apply. */
  async function apply(
    sql: DuckDbSql,
    chunk: StagedChunk,
    asked: Apply & { sizes: Sizes; draft: RunDraft | null },
  ): Promise<ReplacementOutcome> {
    const { execution, worker, to } = chunk;
    const [catalogueVersion = -1] = versions;
    const of = { executionId: execution.id, datamartId: execution.datamartId, worker };
    const state = await checkMerge(sql, { ...of, catalogueVersion, offset: 0 });
    if (state !== 'READY') return { type: state };
    if (versions.size > 1) return { type: 'STALE_CATALOGUE' };
    const { effects, segments } = await replace(sql, chunk, asked);
    const checkpoint: Checkpoint = { ...to, effects, segments };
    const refusal = asked.judge(checkpoint);
    // takes back what was written
    if (refusal !== null) throw new Refused(refusal);
    if (asked.purpose === 'APPLY') await storeCheckpoint(sql, execution.id, checkpoint);
    return { type: 'MERGED', checkpoint };
  }

  async function replace(
    sql: DuckDbSql,
    chunk: StagedChunk,
    { purpose, segmentIds, sizes, draft }: Apply & { sizes: Sizes; draft: RunDraft | null },
  ): Promise<{ effects: Effects; segments: readonly SegmentEffect[] }> {
    const { execution } = chunk;
    const { staged, leftOut } = context.erasures.any
      ? await leaveOutErased(sql, { executionId: execution.id, staged: kept })
      : { staged: kept, leftOut: 0 };
    const replaced = segmentIds ?? (await namedSegments(sql, staged));
    const members = replaced.reduce((sum, id) => sum + (sizes.get(id)?.userPoints ?? 0), 0);
    const counted = await replaceRanges(sql, {
      ...{ chunk, staged, replaced, purpose, draft },
      mostKeys: chunk.to.pairs + members,
      ranges: Math.max(1, Math.ceil(Math.max(chunk.to.pairs, members, namedRows) / context.rows.replaced)),
    });
    const effects = toEffects(counted.counts);
    return {
      effects: {
        ...effects,
        unchanged: effects.unchanged + leftOut,
        membershipsLeft: counted.left,
        membershipsKept: counted.kept,
      },
      segments: [...counted.growth]
        .sort(([one], [other]) => Number(one) - Number(other))
        .map(([segmentId, more]) => {
          const sizeBefore = sizes.get(segmentId)?.userPoints ?? 0;
          return {
            segmentId,
            sizeBefore,
            sizeAfter: sizeBefore + more,
            leaving: counted.leaving.get(segmentId) ?? 0,
          };
        }),
    };
  }

  async function replaceRanges(
    sql: DuckDbSql,
    of: {
      chunk: StagedChunk;
      draft: RunDraft | null;
      mostKeys: number;
      staged: string;
      replaced: readonly string[];
      ranges: number;
      purpose: Apply['purpose'];
    },
  ): Promise<Counted> {
    const { execution, to } = of.chunk;
    // an identifier's point may lie in another range than its key
    const attached = context.points.areOwnKeys
      ? null
      : await commandsWithPoints(sql, { staged: of.staged, points: context.points });
    const namedPoints = await namedWithPoints(sql, keptNamed, context.points);
    const growth = new Map(of.replaced.map((id) => [id, 0]));
    const goingOut = new Map<string, number>();
    const counts: Counts[] = [];
    let left = 0;
    let kept = 0;
    if (of.draft !== null) {
      of.draft.mostKeys = of.mostKeys;
      await sql.query(statement('keep-row-ids'));
    }
    for (const { first, last: end } of rangesOf(of.ranges)) {
      const between = `between ${first} and ${end}`;
      // read once: the statements below read it several times
      await sql.query(
        `create or replace temp table chunk_part as select * from ${of.staged} where key_hi ${between}`,
      );
      const known = knownIdentifiers('chunk_part', to.pairs);
      await sql.query(statement('find-new-users', { staged: 'chunk_part', known }));
      const start_date = execution.startDate;
      const commands = attached
        ? `(select * from ${attached} where point_hi ${between})`
        : await commandsWithPoints(sql, { staged: 'chunk_part', points: { areOwnKeys: true } });
      await sql.query(statement('find-effects', { commands, start_date }));
      const values = { segments: of.replaced.join(', ') || 'null', first, last: end, start_date };
      const named = `(select * from ${namedPoints} where point_hi ${between})`;
      await sql.query(statement('find-absent', { ...values, named, any_segment: ANY_SEGMENT }));
      await sql.query(statement('find-replaced', values));
      const found = toCounts((await sql.query(statement('count-effects')))[0] as Row);
      for (const row of await sql.query(statement('count-growth'))) {
        const segmentId = String(row.segment_id);
        growth.set(segmentId, (growth.get(segmentId) ?? 0) + Number(row.growth));
        goingOut.set(segmentId, (goingOut.get(segmentId) ?? 0) + Number(row.leaving));
      }
      if (of.draft !== null)
        await writeEffects(
          sql,
          {
            ...{ ...execution, executionIds: [execution.id], draft: of.draft },
            ...{ changes: context.changes, runs: context.runs },
          },
          found,
        );
      const [absent] = await sql.query(
        'select count(*) filter (where not is_named) as leaving, count(*) filter (where is_named) as named from chunk_absent',
      );
      left += Number(absent?.leaving);
      kept += Number(absent?.named);
      counts.push(found);
    }
    const sum = sumCounts(counts);
    // who leaves has no command: neither was one of theirs superseded
    const own = {
      memberships_deleted: sum.memberships_deleted - left,
      superseded: sum.superseded + left,
    };
    return { counts: { ...sum, ...own }, left, kept, growth, leaving: goingOut };
  }

  return {
    mergeChunk: (chunk) =>
      db.readLong(async (sql) => {
        await keep(sql, chunk);
        return { type: 'MERGED', checkpoint: { ...chunk.to, effects: NO_EFFECTS } };
      }),

    apply: async (asked) => {
      const chunk = last;
      if (chunk === null) throw new Error('a replacement is applied after its last chunk');
      // before a connection is taken: it needs one itself
      const sizes = await context.sizesAt(chunk.execution.startDate);
      try {
        const outcome = await (asked.purpose === 'APPLY'
          ? context.serving.recording(db.merge, (sql, draft) => apply(sql, chunk, { ...asked, sizes, draft }))
          : db.readLong((sql) =>
              apply(sql, chunk, { ...asked, sizes, draft: null }).finally(() => dropEffects(sql)),
            ));
        if (asked.purpose === 'APPLY' && outcome.type === 'MERGED')
          noteWritten(context.runs, NO_EFFECTS, outcome.checkpoint.effects);
        return outcome;
      } catch (error) {
        if (error instanceof Refused) return { type: 'REFUSED', reason: error.message };
        throw error;
      }
    },

    close: () =>
      db.readLong(async (sql) => {
        for (const table of [kept, keptNamed]) await sql.query(`drop table if exists ${table}`);
      }),
  };
}

async function namedSegments(sql: Sql, staged: string): Promise<readonly string[]> {
  const rows = await sql.query(`select distinct segment_id from ${staged} order by segment_id`);
  return rows.map((row) => String(row.segment_id));
}

/** A relation of users whom failed lines name, with their user points. */
async function namedWithPoints(sql: Sql, named: string, points: MergeContext['points']): Promise<string> {
  if (points.areOwnKeys) return `(select key_hi as point_hi, key_lo as point_lo, segment_id from ${named})`;
  await sql.query(
    `create or replace temp table chunk_named as
     select u.point_hi, u.point_lo, n.segment_id from ${named} n join user_identifier u using (key_hi, key_lo)`,
  );
  return 'chunk_named';
}
