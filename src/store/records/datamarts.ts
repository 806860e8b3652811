import type { Datamart } from '../../model/records.ts';
import type { DatamartRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { readCatalogue } from './catalogue.ts';
import { assignments, type Database, limits, parameters, type Row, type Sql } from './database.ts';

export function datamartRecords(db: Database): DatamartRecords {
  return {
    list: ({ ids, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const where =
          ids === null
            ? 'true'
            : `id in (${ids.map((id) => `cast(${given.add(id)} as bigint)`).join(', ') || 'null'})`;
        const rows = await sql.query(
          `select * from datamart where ${where} order by id ${limits(page)}`,
          given.values,
        );
        const [count] = await sql.query(
          `select count(*) as total from datamart where ${where}`,
          given.values,
        );
        return { elements: rows.map(toDatamart), total: Number(count?.total) };
      }),

    get: (id) => db.read((sql) => getDatamart(sql, id)),

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
        const [row] = await sql.query(
          `insert into datamart (id, organisation_id, name, token, time_zone, archived, creation_date, catalogue_version)
           values (nextval('datamart_id'), cast($1 as bigint), $2, $3, $4, false, cast($5 as bigint), 0) returning *`,
          [organisationId, name, token, timeZone, now],
        );
        const created = toDatamart(row as Row);
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
        const given = parameters();
        const set = assignments(
          { name: change.name, token: change.token, time_zone: change.timeZone, archived: change.archived },
          given.add,
          { archived: 'boolean' },
        );
        if (set.length === 0) return getDatamart(sql, id);
        const [row] = await sql.query(
          `update datamart set ${set.join(', ')} where id = cast(${given.add(id)} as bigint) returning *`,
          given.values,
        );
        if (!row) return null;
        await noteChange(sql, author, {
          action: 'UPDATE',
          resourceType: 'datamart',
          resourceId: id,
          datamartId: id,
          details: membersOf(change),
        });
        return toDatamart(row);
      }),

    catalogue: (id) => db.write((sql) => readCatalogue(sql, id)),
  };
}

async function getDatamart(sql: Sql, id: string): Promise<Datamart | null> {
  const [row] = await sql.query('select * from datamart where id = cast($1 as bigint)', [id]);
  return row ? toDatamart(row) : null;
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

export function toDatamart(row: Row): Datamart {
  return {
    id: String(row.id),
    organisationId: String(row.organisation_id),
    name: String(row.name),
    token: String(row.token),
    timeZone: String(row.time_zone),
    archived: Boolean(row.archived),
    creationDate: Number(row.creation_date),
  };
}
