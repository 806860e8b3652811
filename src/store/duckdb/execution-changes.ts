import type { SegmentRevert } from '../../model/change.ts';
import { rangesOf } from '../key-ranges.ts';
import { literal, type Row, type Sql } from '../records/database.ts';
import { getExecution } from '../records/execution-rows.ts';
import { countChangesOf } from '../records/membership-changes.ts';
import { findRevertible } from '../records/reverts.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import type { Store } from '../store.ts';
import { atOneMoment } from './at-one-moment.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { statement } from './statements.ts';

type ExecutionChangeCalls = Pick<Store, 'countChangesOf' | 'previewRevert'>;

/** What the change log tells of one execution, and what taking that back would come to. */
export function executionChangeCalls(db: DuckDbDatabase, rows: RowsAtATime): ExecutionChangeCalls {
  return {
    countChangesOf: (executionId) => atOneMoment(db, (sql) => countChangesOf(sql, executionId)),

    previewRevert: ({ executionId, now }) =>
      atOneMoment(db, async (sql) => {
        const revertible = await findRevertible(sql, executionId, getExecution);
        if (revertible === null || typeof revertible === 'string') return revertible;
        const ranges = rangesOf(Math.max(1, Math.ceil(revertible.changes / rows.reverted)));
        return previewOf(sql, { executionId, now, ranges });
      }),
  };
}

/**
 * Finds what the revert itself would find, range by range, and counts it. The table it is found in
 * is temporary.
 */
async function previewOf(
  sql: Sql,
  of: { executionId: string; now: number; ranges: ReturnType<typeof rangesOf> },
): Promise<readonly SegmentRevert[]> {
  const reverted = BigInt(of.executionId);
  const [own] = await sql.query(
    `select coalesce(min(step), 0) as first_step from membership_change where execution_id = ${literal(of.executionId)}`,
  );
  const values = { reverted, first_step: Number(own?.first_step), start_date: Math.trunc(of.now) };
  const bySegment = new Map<string, SegmentRevert>();
  for (const { first, last } of of.ranges) {
    await sql.query(statement('find-reverted', { ...values, first, last }));
    for (const row of await sql.query(statement('count-reverted'))) add(bySegment, row);
  }
  return [...bySegment.values()].sort((one, other) => Number(one.segmentId) - Number(other.segmentId));
}

function add(bySegment: Map<string, SegmentRevert>, row: Row): void {
  const segmentId = String(row.segment_id);
  const before = bySegment.get(segmentId);
  bySegment.set(segmentId, {
    segmentId,
    created: (before?.created ?? 0) + Number(row.created),
    updated: (before?.updated ?? 0) + Number(row.updated),
    deleted: (before?.deleted ?? 0) + Number(row.deleted),
    unchanged: (before?.unchanged ?? 0) + Number(row.unchanged),
    kept: (before?.kept ?? 0) + Number(row.kept),
  });
}
