import { DATAMART_FIELDS } from '../../model/datamart.ts';
import type { DatamartRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { readCatalogue } from './catalogue.ts';
import { type Database, parameters, type Sql } from './database.ts';
import { listRows, tableOf } from './table.ts';

export const datamartTable = tableOf('datamart', DATAMART_FIELDS);

export function datamartRecords(db: Database): DatamartRecords {
  return {
    list: ({ ids, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const where =
          ids === null
            ? 'true'
            : `id in (${ids.map((id) => `cast(${given.add(id)} as bigint)`).join(', ') || 'null'})`;
        const query = { from: `datamart where ${where}`, order: 'id', page, values: given.values };
        return listRows(sql, query, datamartTable.read);
      }),

    get: (id) => db.read((sql) => datamartTable.get(sql, id)),

    create: (datamart) =>
      db.write(async (sql) => {
        const { organisationId, name, token, timeZone, compartmentId, now } = datamart;
        const [organisation] = await sql.query('select id from organisation where id = cast($1 as bigint)', [
          organisationId,
        ]);
        if (!organisation) return null;
        if (await isTokenTaken(sql, token, null)) return 'TOKEN_TAKEN';
        const compartment = await defaultCompartment(sql, { organisationId, name, token, compartmentId });
        if (compartment === null || compartment === 'TOKEN_TAKEN') return compartment;
        const fresh = { organisationId, name, token, timeZone, archived: false, creationDate: now };
        const created = await datamartTable.insert(sql, fresh, { catalogue_version: 0 });
        await sql.query(
          `insert into compartment_selection (id, datamart_id, compartment_id, is_default)
           values (nextval('compartment_selection_id'), cast($1 as bigint), cast($2 as bigint), true)`,
          [created.id, compartment],
        );
        const change = { action: 'CREATE', resourceType: 'datamart', resourceId: created.id } as const;
        await noteChange(sql, datamart.author, { ...change, datamartId: created.id });
        return created;
      }),

    update: (id, change, author) =>
      db.write(async (sql) => {
        if (change.token !== undefined && (await isTokenTaken(sql, change.token, id))) return 'TOKEN_TAKEN';
        const updated = await datamartTable.update(sql, id, change);
        if (updated === null || Object.keys(change).length === 0) return updated;
        await noteChange(sql, author, {
          action: 'UPDATE',
          resourceType: 'datamart',
          resourceId: id,
          datamartId: id,
          details: membersOf(change),
        });
        return updated;
      }),

    catalogue: (id) => db.write((sql) => readCatalogue(sql, id)),
  };
}

async function isTokenTaken(sql: Sql, token: string, byOtherThan: string | null): Promise<boolean> {
  const rows = await sql.query('select id from datamart where token = $1', [token]);
  return rows.some((row) => String(row.id) !== byOtherThan);
}

/**
 * The compartment a new datamart starts with: the one that is named, or one of its own under its
 * name and token.
 */
async function defaultCompartment(
  sql: Sql,
  of: { organisationId: string; name: string; token: string; compartmentId: string | null },
): Promise<string | 'TOKEN_TAKEN' | null> {
  if (of.compartmentId !== null) {
    const [named] = await sql.query(
      'select id from compartment where id = cast($1 as bigint) and organisation_id = cast($2 as bigint)',
      [of.compartmentId, of.organisationId],
    );
    return named ? String(named.id) : null;
  }
  const taken = await sql.query('select id from compartment where token = $1', [of.token]);
  if (taken.length > 0) return 'TOKEN_TAKEN';
  const [created] = await sql.query(
    `insert into compartment (id, organisation_id, name, token, archived)
     values (nextval('compartment_id'), cast($1 as bigint), $2, $3, false) returning id`,
    [of.organisationId, of.name, of.token],
  );
  return String(created?.id);
}
