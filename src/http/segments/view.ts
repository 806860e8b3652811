import { type Static, Type } from 'typebox';
import { formatUuid } from '../../model/identifier.ts';
import { schemaOf, viewer } from '../../model/record.ts';
import type { Member, SegmentSize } from '../../model/records.ts';
import { SEGMENT_FIELDS, type Segment } from '../../model/segment.ts';
import { Count, Instant, nullableInteger, nullableText } from '../schemas.ts';
import { IdentifierView, viewIdentifier } from '../users/view.ts';

const viewRecord = viewer(SEGMENT_FIELDS);

export const SegmentView = Type.Object({
  ...schemaOf(SEGMENT_FIELDS).properties,
  user_points_count: Count,
  user_accounts_count: Count,
  emails_count: Count,
  user_agents_count: Count,
});

export function viewSegment(segment: Segment, size: SegmentSize): Static<typeof SegmentView> {
  return {
    ...viewRecord(segment),
    user_points_count: size.userPoints,
    user_accounts_count: size.userAccounts,
    emails_count: size.emails,
    user_agents_count: size.userAgents,
  };
}

export const MemberView = Type.Object({
  user_point_id: Type.String(),
  creation_ts: Instant,
  last_modified_ts: Instant,
  expiration_ts: nullableInteger(),
  data_bag: nullableText({ description: 'JSON text of an object' }),
  user_identifiers: Type.Array(IdentifierView),
});

export function viewMember(of: Member): Static<typeof MemberView> {
  return {
    user_point_id: formatUuid(of.userPointId),
    creation_ts: of.creationTs,
    last_modified_ts: of.lastModifiedTs,
    expiration_ts: of.expirationTs,
    data_bag: of.dataBag,
    user_identifiers: of.identifiers.map(viewIdentifier),
  };
}
