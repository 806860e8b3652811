import { type Static, Type } from 'typebox';
import { AUDIT_ACTIONS, AUDIT_RESOURCES, type AuditDetails, type AuditEntry } from '../model/audit.ts';
import type { Erasure } from '../model/erasure.ts';
import type { ExpectingImport } from '../model/expected-files.ts';
import { formatUuid, type StoredIdentifier, type UuidHalves } from '../model/identifier.ts';
import type {
  ApiToken,
  Compartment,
  CompartmentSelection,
  Datamart,
  DocumentImport,
  Member,
  Membership,
  Segment,
  SegmentSize,
} from '../model/records.ts';
import { ExpectedView, ExpectView, viewExpect, viewExpected } from './expectation.ts';
import { MappingView } from './mapping.ts';
import {
  Count,
  Id,
  Instant,
  MimeTypeName,
  nullableInteger,
  nullableText,
  oneOf,
  PriorityName,
  RoleName,
  SegmentTypeName,
} from './schemas.ts';

/** Records as the API shows them (spec §3): a schema each, and the function that makes it. */

export const DocumentImportView = Type.Object({
  id: Id,
  datamart_id: Id,
  datafarm_key: Type.Literal('DF_LOCAL'),
  document_type: Type.Literal('USER_SEGMENT'),
  mime_type: MimeTypeName,
  encoding: Type.String(),
  name: Type.String(),
  priority: PriorityName,
  mapping: Type.Optional(MappingView),
  expect: Type.Optional(ExpectView),
  expected: Type.Optional(ExpectedView),
  creation_ts: Instant,
});

/** `expecting` is what is known of the files of an import that expects some. */
export function viewDocumentImport(
  of: DocumentImport,
  expecting?: ExpectingImport,
): Static<typeof DocumentImportView> {
  return {
    id: of.id,
    datamart_id: of.datamartId,
    datafarm_key: 'DF_LOCAL',
    document_type: of.documentType,
    mime_type: of.mimeType,
    encoding: of.encoding,
    name: of.name,
    priority: of.priority,
    ...(of.mapping === null ? {} : { mapping: of.mapping }),
    ...(of.expect === null ? {} : { expect: viewExpect(of.expect) }),
    ...(expecting === undefined ? {} : { expected: viewExpected(expecting) }),
    creation_ts: of.creationTs,
  };
}

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

export const DatamartView = Type.Object({
  id: Id,
  name: Type.String(),
  organisation_id: Id,
  token: Type.String(),
  creation_date: Instant,
  time_zone: Type.String(),
  type: Type.Literal('DATAMART'),
  archived: Type.Boolean(),
});

export function viewDatamart(of: Datamart): Static<typeof DatamartView> {
  return {
    id: of.id,
    name: of.name,
    organisation_id: of.organisationId,
    token: of.token,
    creation_date: of.creationDate,
    time_zone: of.timeZone,
    type: 'DATAMART',
    archived: of.archived,
  };
}

export const CompartmentView = Type.Object({
  id: Id,
  organisation_id: Id,
  name: Type.String(),
  token: Type.String(),
  archived: Type.Boolean(),
});

export function viewCompartment(of: Compartment): Static<typeof CompartmentView> {
  return {
    id: of.id,
    organisation_id: of.organisationId,
    name: of.name,
    token: of.token,
    archived: of.archived,
  };
}

export const SelectionView = Type.Object({
  id: Id,
  datamart_id: Id,
  compartment_id: Id,
  default: Type.Boolean(),
  token: Type.String(),
  name: Type.String(),
});

export function viewSelection(of: CompartmentSelection): Static<typeof SelectionView> {
  return {
    id: of.id,
    datamart_id: of.datamartId,
    compartment_id: of.compartmentId,
    default: of.isDefault,
    token: of.token,
    name: of.name,
  };
}

const tokenMembers = {
  id: Id,
  name: Type.String(),
  role: RoleName,
  datamart_ids: Type.Unsafe<string[] | null>({ type: ['array', 'null'], items: { type: 'string' } }),
  creation_date: Instant,
  expiration_date: nullableInteger(),
  last_used_date: nullableInteger(),
};
export const TokenView = Type.Object(tokenMembers);
export const CreatedTokenView = Type.Object({
  ...tokenMembers,
  value: Type.String({ description: 'shown once, in this answer' }),
});

export function viewToken(of: ApiToken): Static<typeof TokenView> {
  return {
    id: of.id,
    name: of.name,
    role: of.role,
    datamart_ids: of.datamartIds === null ? null : [...of.datamartIds],
    creation_date: of.creationDate,
    expiration_date: of.expirationDate,
    last_used_date: of.lastUsedDate,
  };
}

export const AuditEntryView = Type.Object({
  id: Id,
  date: Instant,
  token_id: nullableText({ description: 'null: the service itself' }),
  token_name: Type.String(),
  request_id: nullableText({ description: 'X-Request-Id of the answer' }),
  action: oneOf(AUDIT_ACTIONS),
  resource_type: oneOf(AUDIT_RESOURCES),
  resource_id: Type.String(),
  datamart_id: nullableText(),
  details: Type.Unsafe<AuditDetails | null>({ type: ['object', 'null'], additionalProperties: true }),
});

export function viewAuditEntry({ id, author, change }: AuditEntry): Static<typeof AuditEntryView> {
  return {
    id,
    date: author.at,
    token_id: author.tokenId,
    token_name: author.tokenName,
    request_id: author.requestId,
    action: change.action,
    resource_type: change.resourceType,
    resource_id: change.resourceId,
    datamart_id: change.datamartId,
    details: change.details ?? null,
  };
}

export const ErasureView = Type.Object({
  id: Id,
  datamart_id: Id,
  status: oneOf(['PENDING', 'DONE']),
  creation_date: Instant,
  end_date: nullableInteger(),
  user_id: nullableText({ description: 'id of the token that asked for it' }),
  identifiers_removed: Count,
  memberships_removed: Count,
  executions_left: Type.Integer({
    minimum: 0,
    description:
      'executions whose files are still to be gone through; those that have not ended are waited for',
  }),
  files_rewritten: Count,
  lines_removed: Count,
});

export function viewErasure(of: Erasure): Static<typeof ErasureView> {
  return {
    id: of.id,
    datamart_id: of.datamartId,
    status: of.status,
    creation_date: of.creationDate,
    end_date: of.endDate,
    user_id: of.userId,
    identifiers_removed: of.identifiers,
    memberships_removed: of.memberships,
    executions_left: of.executionsLeft,
    files_rewritten: of.filesRewritten,
    lines_removed: of.linesRemoved,
  };
}
