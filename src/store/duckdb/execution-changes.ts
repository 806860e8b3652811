import type { SegmentRevert } from '../../model/change.ts';
import { type KeyRange, rangesOf } from '../key-ranges.ts';
import type { Row, Sql } from '../records/database.ts';
import { countChangesOf } from '../records/membership-changes.ts';
import { findRevertible } from '../records/reverts.ts';
import type { RowsAtATime } from '../rows-at-a-time.ts';
import type { Store } from '../store.ts';
import { atOneMoment } from './at-one-moment.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { findReverted } from './merge-engine.ts';
import { statement } from './statements.ts';

type ExecutionChangeCalls = Pick<Store, 'countChangesOf' | 'previewRevert'>;

/** What the change log tells of one execution, and what taking that back would come to. */
export function executionChangeCalls(db: DuckDbDatabase, rows: RowsAtATime): ExecutionChangeCalls {
  return {
    countChangesOf: (executionId) => atOneMoment(db, (sql) => countChangesOf(sql, executionId)),

    previewRevert: ({ executionId, now }) =>
      atOneMoment(db, async (sql) => {
        const revertible = await findRevertible(sql, executionId);
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
  of: { executionId: string; now: number; ranges: readonly KeyRange[] },
): Promise<readonly SegmentRevert[]> {
  const bySegment = new Map<string, SegmentRevert>();
  for (const range of of.ranges) {
    await findReverted(sql, { reverted: of.executionId, range, startDate: of.now });
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
