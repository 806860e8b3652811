import type {
  AuditAction,
  AuditDetails,
  AuditEntry,
  AuditResource,
  Author,
  Change,
} from '../../model/audit.ts';
import type { Identifier } from '../../model/identifier.ts';
import { answerNameOf, columnOf } from '../../model/record.ts';
import type { AuditFilter, AuditRecords } from '../access-records.ts';
import {
  type Database,
  limits,
  literal,
  parameters,
  type Row,
  type Sql,
  type SqlValue,
  textOrNull,
} from './database.ts';

export function auditRecords(db: Database): AuditRecords {
  return {
    note: (author, change) => db.write((sql) => noteChanges(sql, [{ author, change }])),

    list: ({ filter, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const from = `from audit_log where ${conditions(filter, given.add).join(' and ') || 'true'}`;
        const rows = await sql.query(`select * ${from} order by id desc ${limits(page)}`, given.values);
        const [count] = await sql.query(`select count(*) as total ${from}`, given.values);
        return { elements: rows.map(toEntry), total: Number(count?.total) };
      }),

    removeBefore: (instant) =>
      db.write(async (sql) => {
        const rows = await sql.query('delete from audit_log where date < cast($1 as bigint) returning id', [
          instant,
        ]);
        return rows.length;
      }),
  };
}

/**
 * Puts one change into the log, in the transaction that makes it. Without an author, nobody is to
 * be remembered.
 */
export async function noteChange(sql: Sql, author: Author | undefined, change: Change): Promise<void> {
  if (author !== undefined) await noteChanges(sql, [{ author, change }]);
}

/**
 * Notes that a user got another identifier: neither which nor who, since what is erased must not
 * stay here.
 */
export async function noteLink(
  sql: Sql,
  author: Author | undefined,
  { datamartId, identifier }: { readonly datamartId: string; readonly identifier: Identifier },
): Promise<void> {
  const details = { identifier_type: identifier.kind };
  await noteChange(sql, author, {
    ...{ action: 'LINK', resourceType: 'datamart', resourceId: datamartId, datamartId, details },
  });
}

/** `noteChange` for several. */
export async function noteChanges(sql: Sql, entries: readonly Omit<AuditEntry, 'id'>[]): Promise<void> {
  if (entries.length === 0) return;
  const given = parameters();
  const rows = entries.map(({ author, change }) =>
    [
      "(nextval('audit_log_id')",
      literal(author.at),
      author.tokenId === null ? 'null' : literal(author.tokenId),
      given.add(author.tokenName),
      given.add(author.requestId),
      given.add(change.action),
      given.add(change.resourceType),
      given.add(change.resourceId),
      change.datamartId === null ? 'null' : literal(change.datamartId),
      `${given.add(change.details === undefined ? null : JSON.stringify(change.details))})`,
    ].join(', '),
  );
  await sql.query(
    `insert into audit_log (id, date, token_id, token_name, request_id, action, resource_type, resource_id, datamart_id,
       details)
     values ${rows.join(', ')}`,
    given.values,
  );
}

/** The members that a change gives, as the API names them. */
export function membersOf(change: Readonly<Record<string, unknown>>): AuditDetails {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return { members: given.map(([name]) => answerNameOf(columnOf(name))).sort() };
}

function conditions(filter: AuditFilter, add: (value: SqlValue) => string): string[] {
  const where: string[] = [];
  const { datamartIds, datamartId, tokenId, action, resourceType, resourceId, from, to } = filter;
  if (datamartIds !== null) where.push(`datamart_id in (${datamartIds.map(literal).join(', ') || 'null'})`);
  if (datamartId !== undefined) where.push(`datamart_id = ${literal(datamartId)}`);
  if (tokenId !== undefined) where.push(`token_id = ${literal(tokenId)}`);
  if (action !== undefined) where.push(`action = ${add(action)}`);
  if (resourceType !== undefined) where.push(`resource_type = ${add(resourceType)}`);
  if (resourceId !== undefined) where.push(`resource_id = ${add(resourceId)}`);
  if (from !== undefined) where.push(`date >= ${literal(from)}`);
  if (to !== undefined) where.push(`date < ${literal(to)}`);
  return where;
}

function toEntry(row: Row): AuditEntry {
  const details = textOrNull(row.details);
  return {
    id: String(row.id),
    author: {
      tokenId: textOrNull(row.token_id),
      tokenName: String(row.token_name),
      requestId: textOrNull(row.request_id),
      at: Number(row.date),
    },
    change: {
      action: String(row.action) as AuditAction,
      resourceType: String(row.resource_type) as AuditResource,
      resourceId: String(row.resource_id),
      datamartId: textOrNull(row.datamart_id),
      ...(details === null ? {} : { details: JSON.parse(details) as AuditDetails }),
    },
  };
}
