import type { SegmentSize } from '../../model/records.ts';
import { rangesOf } from '../key-ranges.ts';
import { ANY_SEGMENT, type Replacement } from '../merges.ts';
import type { Sql } from '../records/database.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import type { DuckDbSql } from '../staging/duckdb-connection.ts';
import {
  type CountedPart,
  countPart,
  openReplacement as openOver,
  type Replaced,
  segmentsOf,
  sumParts,
  type ToReplace,
} from '../staging/replacement.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { leaveOutErased } from './erase.ts';
import {
  applyEffects,
  commandsWithPoints,
  dropEffects,
  knownIdentifiers,
  type MergeContext,
  transact,
  type Written,
} from './merge-engine.ts';
import { statement } from './statements.ts';

type Context = MergeContext & { readonly rows: RowsAtATime };
type Sizes = ReadonlyMap<string, SegmentSize>;
/** `written`: null where nothing is. */
type Work = ToReplace & { readonly sizes: Sizes; readonly written: Written | null };

/**
 * `Store.openReplacement` for the embedded store: a range of keys at a time, so that the memory is
 * bounded, in one transaction.
 */
export function openReplacement(db: DuckDbDatabase, context: Context): Promise<Replacement> {
  return openOver({
    use: db.readLong,
    replace: async (of) => {
      // before a connection is taken: it needs one itself
      const sizes = await context.sizes.at(of.chunk.execution.startDate);
      const work = async (sql: DuckDbSql, written: Written | null) => {
        const state = await of.check(sql);
        if (state !== 'READY') return { type: state } as const;
        const replaced = await replace(sql, { ...of, sizes, written }, context);
        return { type: 'MERGED', checkpoint: await of.finish(sql, replaced) } as const;
      };
      if (of.purpose === 'COUNT')
        return db.readLong((sql) => work(sql, null).finally(() => dropEffects(sql)));
      return transact(db, context, { purpose: 'APPLY', holds: 'CHECKPOINTS' }, work);
    },
  });
}

async function replace(sql: DuckDbSql, work: Work, context: Context): Promise<Replaced> {
  const { execution, to } = work.chunk;
  const { staged, leftOut } = context.erasures.any
    ? await leaveOutErased(sql, { executionIds: [execution.id], staged: work.staged })
    : { staged: work.staged, leftOut: 0 };
  const replaced = work.segmentIds ?? (await segmentsOf(sql, staged));
  const members = replaced.reduce((sum, id) => sum + (work.sizes.get(id)?.userPoints ?? 0), 0);
  if (work.written !== null) {
    work.written.draft.mostKeys = to.pairs + members;
    await sql.query(statement('keep-row-ids'));
  }
  const most = Math.max(to.pairs, members, work.named.rows);
  const ranges = Math.max(1, Math.ceil(most / context.rows.replaced));
  const parts = await replaceRanges(sql, { ...work, staged, replaced, ranges }, context);
  return sumParts(parts, { replaced, sizes: work.sizes, leftOut });
}

async function replaceRanges(
  sql: DuckDbSql,
  of: Work & { readonly replaced: readonly string[]; readonly ranges: number },
  context: Context,
): Promise<readonly CountedPart[]> {
  const { execution, to } = of.chunk;
  const { points } = context;
  const start_date = execution.startDate;
  // an identifier's point may lie in another range than its key
  const attached = points.areOwnKeys ? null : await commandsWithPoints(sql, { staged: of.staged, points });
  const namedPoints = await namedWithPoints(sql, of.named.staged, points);
  const parts: CountedPart[] = [];
  for (const { first, last } of rangesOf(of.ranges)) {
    const between = `between ${first} and ${last}`;
    // read once: the statements below read it several times
    await sql.query(
      `create or replace temp table chunk_part as select * from ${of.staged} where key_hi ${between}`,
    );
    const known = knownIdentifiers('chunk_part', to.pairs);
    await sql.query(statement('find-new-users', { staged: 'chunk_part', known }));
    const commands = attached
      ? `(select * from ${attached} where point_hi ${between})`
      : await commandsWithPoints(sql, { staged: 'chunk_part', points: { areOwnKeys: true } });
    await sql.query(statement('find-effects', { commands, start_date }));
    const values = { segments: of.replaced.join(', ') || 'null', first, last, start_date };
    const named = `(select * from ${namedPoints} where point_hi ${between})`;
    const absent = { ...values, members: 'membership_row', named, any_segment: ANY_SEGMENT };
    await sql.query(statement('find-absent', absent));
    await sql.query(statement('find-replaced', values));
    const part = await countPart(sql);
    const { written } = of;
    const source = { type: 'COMMANDS', ...execution, executionIds: [execution.id] } as const;
    if (written !== null) await applyEffects(sql, context, { source, written, counts: part.counts });
    parts.push(part);
  }
  return parts;
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
