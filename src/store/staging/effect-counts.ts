import type { Effects } from '../../model/execution.ts';
import type { Row } from '../records/database.ts';

const COUNTS = [
  'memberships_created',
  'memberships_updated',
  'memberships_deleted',
  'unchanged',
  'superseded',
  'user_points_created',
  'ordered_rows_to_delete',
  'recent_rows_to_delete',
  'rows_to_insert',
  'expiries_met',
] as const;

/** What commands do, as `count-effects.sql` names it. */
export type Counts = { readonly [name in (typeof COUNTS)[number]]: number };

/** Memberships that are not what they were. */
export function changedMemberships(counts: Counts): number {
  return counts.memberships_created + counts.memberships_updated + counts.memberships_deleted;
}

export function toCounts(row: Row): Counts {
  return Object.fromEntries(COUNTS.map((name) => [name, Number(row[name])])) as Counts;
}

export function sumCounts(counts: readonly Counts[]): Counts {
  return Object.fromEntries(
    COUNTS.map((name) => [name, counts.reduce((sum, each) => sum + each[name], 0)]),
  ) as Counts;
}

export function toEffects(counts: Counts): Effects {
  return {
    membershipsCreated: counts.memberships_created,
    membershipsUpdated: counts.memberships_updated,
    membershipsDeleted: counts.memberships_deleted,
    unchanged: counts.unchanged,
    superseded: counts.superseded,
    userPointsCreated: counts.user_points_created,
    membershipsLeft: 0,
    membershipsKept: 0,
  };
}
