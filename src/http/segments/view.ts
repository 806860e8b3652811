import { type Static, Type } from 'typebox';
import { formatUuid } from '../../model/identifier.ts';
import type { Member, Segment, SegmentSize } from '../../model/records.ts';
import { Count, Id, Instant, nullableInteger, nullableText, SegmentTypeName } from '../schemas.ts';
import { IdentifierView, viewIdentifier } from '../users/view.ts';

export const SegmentView = Type.Object({
  id: Id,
  organisation_id: Id,
  datamart_id: Id,
  type: SegmentTypeName,
  feed_type: nullableText(),
  subtype: Type.String(),
  name: Type.String(),
  short_description: nullableText(),
  technical_name: nullableText(),
  default_ttl: nullableInteger({ description: 'ms' }),
  persisted: Type.Boolean(),
  paused: Type.Boolean(),
  creation_ts: Instant,
  last_modified_ts: Instant,
  user_points_count: Count,
  user_accounts_count: Count,
  emails_count: Count,
  user_agents_count: Count,
});

export function viewSegment(of: Segment, size: SegmentSize): Static<typeof SegmentView> {
  return {
    id: of.id,
    organisation_id: of.organisationId,
    datamart_id: of.datamartId,
    type: of.type,
    feed_type: of.feedType,
    subtype: of.subtype,
    name: of.name,
    short_description: of.shortDescription,
    technical_name: of.technicalName,
    default_ttl: of.defaultTtlMs,
    persisted: of.persisted,
    paused: of.paused,
    creation_ts: of.creationTs,
    last_modified_ts: of.lastModifiedTs,
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
