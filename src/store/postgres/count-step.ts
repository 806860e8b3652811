import { type Effects, NO_EFFECTS } from '../../model/execution.ts';
import { QUARTER_MS } from '../../model/history.ts';
import type { Row } from '../records/database.ts';
import type { PostgresSql } from './postgres-sql.ts';
import { addToTally, type TallyChange } from './segment-tally.ts';
import { statement } from './staged-pairs.ts';

/**
 * Counts what is in the change log under a step, by execution, and brings the tally of the segments
 * up to it.
 */
export async function countStep(sql: PostgresSql, step: string): Promise<ReadonlyMap<string, Effects>> {
  const rows = await sql.query(statement('count-step', { step, quarter_ms: QUARTER_MS }));
  await addToTally(sql, rows.flatMap(toTallyChanges));
  const byExecution = new Map<string, Effects>();
  for (const row of rows) {
    const name = (['membershipsCreated', 'membershipsUpdated', 'membershipsDeleted'] as const)[
      Number(row.kind) - 1
    ];
    // an expiry is nobody's
    if (name === undefined) continue;
    const id = String(row.execution_id);
    const before = byExecution.get(id) ?? NO_EFFECTS;
    byExecution.set(id, { ...before, [name]: before[name] + Number(row.changes) });
  }
  return byExecution;
}

function toTallyChanges(row: Row): TallyChange[] {
  const of = { segmentId: String(row.segment_id), pointKinds: Number(row.point_kinds) };
  const changes = Number(row.changes);
  const at = (quarter: unknown, members: number): TallyChange[] =>
    quarter === null ? [] : [{ ...of, expiryQuarter: String(quarter), members }];
  return [...at(row.old_quarter, -changes), ...at(row.new_quarter, changes)];
}
