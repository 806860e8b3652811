import { type Static, Type } from 'typebox';
import { AUDIT_ACTIONS, AUDIT_RESOURCES, type AuditDetails, type AuditEntry } from '../../model/audit.ts';
import type { AuditFilter } from '../../store/access-records.ts';
import { findDatamart, tokenOf } from '../access.ts';
import { okList, pageOf } from '../answers.ts';
import { answersWithList, Id, Instant, instant, nullableText, oneOf, Paging } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

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

const Query = Type.Object({
  ...Paging,
  datamart_id: Type.Optional(Id),
  token_id: Type.Optional(Id),
  action: Type.Optional(oneOf(AUDIT_ACTIONS)),
  resource_type: Type.Optional(oneOf(AUDIT_RESOURCES)),
  resource_id: Type.Optional(Type.String({ maxLength: 64 })),
  from: Type.Optional(Instant),
  to: Type.Optional(instant('ms since the epoch; up to and without it')),
});

/** `GET /audit_log`: who did what. A token for some datamarts sees what belongs to those. */
export function auditLogRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;
  const schema = {
    tags: ['audit log'],
    summary: 'Lists who created, changed, deleted, uploaded, canceled or downloaded what, newest first',
    querystring: Query,
    response: answersWithList(AuditEntryView),
  };
  app.get('/audit_log', { config: { role: 'admin' }, schema }, async (request) => {
    const { query } = request;
    if (query.datamart_id !== undefined) await findDatamart({ request, dependencies }, query.datamart_id);
    const page = pageOf(query);
    const filter = { datamartIds: tokenOf(request).datamartIds, ...filterOf(query) };
    return okList(await store.auditLog.list({ filter, page }), page, viewAuditEntry);
  });
}

function filterOf(query: Static<typeof Query>): Omit<AuditFilter, 'datamartIds'> {
  return {
    ...(query.datamart_id === undefined ? {} : { datamartId: query.datamart_id }),
    ...(query.token_id === undefined ? {} : { tokenId: query.token_id }),
    ...(query.action === undefined ? {} : { action: query.action }),
    ...(query.resource_type === undefined ? {} : { resourceType: query.resource_type }),
    ...(query.resource_id === undefined ? {} : { resourceId: query.resource_id }),
    ...(query.from === undefined ? {} : { from: query.from }),
    ...(query.to === undefined ? {} : { to: query.to }),
  };
}
