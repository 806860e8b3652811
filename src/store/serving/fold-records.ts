import { RECORD_KIND } from './run-format.ts';
import type { RunKey } from './run-key.ts';
import { kindOf, pointOf, type RecordAt, type RunMembership, userOf } from './run-record.ts';

/** What runs say of a key, taken together. */
export type Folded =
  | {
      readonly kind: 'USER';
      readonly datamartId: number;
      /** By segment id; those that were left are among them where the runs are not all. */
      readonly memberships: readonly RunMembership[];
      /** What older runs say counts no more. */
      readonly isAnew: boolean;
    }
  | { readonly kind: 'ALIAS'; readonly point: RunKey }
  | { readonly kind: 'ERASED' };

/** Folds the records of one key, the newest first; there is at least one. */
export function foldRecords(records: readonly RecordAt[]): Folded {
  const [newest, ...older] = records as [RecordAt, ...RecordAt[]];
  const kind = kindOf(newest);
  if (kind === RECORD_KIND.ALIAS) return { kind: 'ALIAS', point: pointOf(newest) };
  if (kind === RECORD_KIND.ERASED) return { kind: 'ERASED' };
  const { datamartId, memberships } = userOf(newest);
  if (kind === RECORD_KIND.USER_ANEW) return { kind: 'USER', datamartId, memberships, isAnew: true };
  if (older.length === 0) return { kind: 'USER', datamartId, memberships, isAnew: false };
  const bySegment = new Map(memberships.map((each) => [each.segmentId, each]));
  const isAnew = older.some((record) => !addOlder(record, bySegment));
  return {
    kind: 'USER',
    datamartId,
    memberships: [...bySegment.values()].sort((one, other) => one.segmentId - other.segmentId),
    isAnew,
  };
}

/** Adds what nothing newer says; `false`: what is older still counts no more. */
function addOlder(record: RecordAt, bySegment: Map<number, RunMembership>): boolean {
  const kind = kindOf(record);
  if (kind === RECORD_KIND.ERASED || kind === RECORD_KIND.ALIAS) return false;
  for (const each of userOf(record).memberships)
    if (!bySegment.has(each.segmentId)) bySegment.set(each.segmentId, each);
  return kind === RECORD_KIND.USER;
}
