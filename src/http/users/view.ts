import { type Static, Type } from 'typebox';
import { formatUuid, type StoredIdentifier, type UuidHalves } from '../../model/identifier.ts';
import type { Membership } from '../../model/records.ts';
import { Id, Instant, nullableInteger, nullableText, oneOf } from '../schemas.ts';

export const MembershipView = Type.Object({
  segment_id: Id,
  segment_name: Type.String(),
  segment_technical_name: nullableText(),
  creation_ts: Instant,
  last_modified_ts: Instant,
  expiration_ts: nullableInteger(),
  data_bag: nullableText({ description: 'JSON text of an object' }),
});

export function viewMembership(of: Membership): Static<typeof MembershipView> {
  return {
    segment_id: of.segmentId,
    segment_name: of.segmentName,
    segment_technical_name: of.segmentTechnicalName,
    creation_ts: of.creationTs,
    last_modified_ts: of.lastModifiedTs,
    expiration_ts: of.expirationTs,
    data_bag: of.dataBag,
  };
}

export const IdentifierView = Type.Object({
  type: oneOf(['USER_POINT', 'USER_ACCOUNT', 'USER_EMAIL', 'USER_AGENT']),
  user_point_id: Type.Optional(Type.String()),
  user_account_id: Type.Optional(Type.String()),
  compartment_id: Type.Optional(Id),
  hash: Type.Optional(Type.String()),
  vector_id: Type.Optional(Type.String()),
  creation_ts: Instant,
});

export function viewUserPoint(id: UuidHalves, creationTs: number): Static<typeof IdentifierView> {
  return { type: 'USER_POINT', user_point_id: formatUuid(id), creation_ts: creationTs };
}

export function viewIdentifier(of: StoredIdentifier): Static<typeof IdentifierView> {
  const creation_ts = of.creationTs;
  switch (of.kind) {
    case 'USER_ACCOUNT':
      return {
        type: of.kind,
        user_account_id: of.value,
        compartment_id: of.compartmentId,
        creation_ts,
      };
    case 'USER_EMAIL':
      return { type: of.kind, hash: of.value, creation_ts };
    case 'USER_AGENT':
      return { type: of.kind, vector_id: of.value, creation_ts };
  }
}
