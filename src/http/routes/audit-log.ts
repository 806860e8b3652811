import { type Static, Type } from 'typebox';
import { AUDIT_ACTIONS, AUDIT_RESOURCES } from '../../model/audit.ts';
import type { AuditFilter } from '../../store/access-records.ts';
import { findDatamart, tokenOf } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { okList } from '../envelope.ts';
import { pageOf } from '../paging.ts';
import { answersWithList, Id, Instant, instant, oneOf, Paging } from '../schemas.ts';
import type { App } from '../types.ts';
import { AuditEntryView, viewAuditEntry } from '../views.ts';

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
