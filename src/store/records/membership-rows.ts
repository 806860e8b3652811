import { kindOfBit, type StoredIdentifier } from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import type { Segment } from '../../model/segment.ts';
import { numberOrNull, type Row, textOrNull } from './database.ts';

/** All segments, by id. */
export type Segments = ReadonlyMap<string, Segment>;

/** Those of some rows of one user that are live, by segment id. */
export function liveMemberships(
  rows: readonly Row[],
  { segments, now }: { readonly segments: Segments; readonly now: number },
): readonly Membership[] {
  return rows
    .map((row) => toMembership(row, segments))
    .filter(({ expirationTs }) => expirationTs === null || expirationTs > now)
    .sort((one, other) => Number(one.segmentId) - Number(other.segmentId));
}

function toMembership(row: Row, segments: Segments): Membership {
  const segment = segments.get(String(row.segment_id));
  return {
    segmentId: String(row.segment_id),
    segmentName: segment?.name ?? '',
    segmentTechnicalName: segment?.technicalName ?? null,
    creationTs: Number(row.creation_ts),
    lastModifiedTs: Number(row.last_modified_ts),
    expirationTs: numberOrNull(row.expiration_ts),
    dataBag: textOrNull(row.data_bag),
  };
}

/** An identifier as it is stored, from its row. */
export function toIdentifier(row: Row): StoredIdentifier {
  return {
    kind: kindOfBit(Number(row.kind)),
    compartmentId: String(row.compartment_id),
    value: String(row.value),
    creationTs: Number(row.creation_ts),
  };
}
