import type { Compartment, CompartmentSelection } from '../../model/records.ts';
import type { CompartmentRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { invalidateCatalogue } from './catalogue-version.ts';
import { assignments, type Database, limits, parameters, type Row, type Sql } from './database.ts';

/** Selections with what their compartments add. */
export const SELECTIONS = `select s.*, c.token, c.name, c.archived
  from compartment_selection s join compartment c on c.id = s.compartment_id`;

export function compartmentRecords(db: Database): CompartmentRecords {
  return {
    list: ({ organisationId, datamartIds, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const organisation = given.add(organisationId);
        const where = `(cast(${organisation} as bigint) is null or organisation_id = cast(${organisation} as bigint))
          and ${isUsedBy(datamartIds, given.add)}`;
        const rows = await sql.query(
          `select * from compartment where ${where} order by id ${limits(page)}`,
          given.values,
        );
        const [count] = await sql.query(
          `select count(*) as total from compartment where ${where}`,
          given.values,
        );
        return { elements: rows.map(toCompartment), total: Number(count?.total) };
      }),

    get: (id, datamartIds = null) =>
      db.read(async (sql) => {
        const given = parameters();
        const [row] = await sql.query(
          `select * from compartment where id = cast(${given.add(id)} as bigint)
           and ${isUsedBy(datamartIds, given.add)}`,
          given.values,
        );
        return row ? toCompartment(row) : null;
      }),

    create: ({ organisationId, name, token, author }) =>
      db.write(async (sql) => {
        const [organisation] = await sql.query('select id from organisation where id = cast($1 as bigint)', [
          organisationId,
        ]);
        if (!organisation) return null;
        if (await isTokenTaken(sql, token, null)) return 'TOKEN_TAKEN';
        const [row] = await sql.query(
          `insert into compartment (id, organisation_id, name, token, archived)
           values (nextval('compartment_id'), cast($1 as bigint), $2, $3, false) returning *`,
          [organisationId, name, token],
        );
        const created = toCompartment(row as Row);
        await noteChange(sql, author, {
          action: 'CREATE',
          resourceType: 'compartment',
          resourceId: created.id,
          datamartId: null,
        });
        return created;
      }),

    update: (id, change, author) =>
      db.write(async (sql) => {
        if (change.token !== undefined && (await isTokenTaken(sql, change.token, id))) return 'TOKEN_TAKEN';
        const given = parameters();
        const set = assignments(
          { name: change.name, token: change.token, archived: change.archived },
          given.add,
          {
            archived: 'boolean',
          },
        );
        if (set.length === 0) return getCompartment(sql, id);
        const [row] = await sql.query(
          `update compartment set ${set.join(', ')} where id = cast(${given.add(id)} as bigint) returning *`,
          given.values,
        );
        if (!row) return null;
        // its token or its archiving decides over commands that are staged at this moment
        await sql.query(
          `update datamart set catalogue_version = catalogue_version + 1
           where id in (select datamart_id from compartment_selection where compartment_id = cast($1 as bigint))`,
          [id],
        );
        await noteChange(sql, author, {
          action: 'UPDATE',
          resourceType: 'compartment',
          resourceId: id,
          datamartId: null,
          details: membersOf(change),
        });
        return toCompartment(row);
      }),

    listSelections: (datamartId, page) =>
      db.read(async (sql) => {
        const rows = await sql.query(
          `${SELECTIONS} where s.datamart_id = cast($1 as bigint) order by s.id ${limits(page)}`,
          [datamartId],
        );
        const [count] = await sql.query(
          'select count(*) as total from compartment_selection where datamart_id = cast($1 as bigint)',
          [datamartId],
        );
        return { elements: rows.map(toSelection), total: Number(count?.total) };
      }),

    select: ({ datamartId, compartmentId, isDefault, author }) =>
      db.write(async (sql) => {
        const [possible] = await sql.query(
          `select c.id from datamart d join compartment c on c.organisation_id = d.organisation_id
           where d.id = cast($1 as bigint) and c.id = cast($2 as bigint)`,
          [datamartId, compartmentId],
        );
        if (!possible) return null;
        const current = await getSelection(sql, datamartId, compartmentId);
        if (current?.isDefault && !isDefault) return 'NO_DEFAULT';
        if (isDefault) {
          await sql.query(
            `update compartment_selection set is_default = false
             where datamart_id = cast($1 as bigint) and compartment_id <> cast($2 as bigint)`,
            [datamartId, compartmentId],
          );
        }
        await sql.query(
          current
            ? `update compartment_selection set is_default = $3
               where datamart_id = cast($1 as bigint) and compartment_id = cast($2 as bigint)`
            : `insert into compartment_selection (id, datamart_id, compartment_id, is_default)
               values (nextval('compartment_selection_id'), cast($1 as bigint), cast($2 as bigint), $3)`,
          [datamartId, compartmentId, isDefault],
        );
        const after = await getSelection(sql, datamartId, compartmentId);
        if (after?.isDefault !== current?.isDefault) await invalidateCatalogue(sql, datamartId);
        await noteChange(sql, author, {
          action: current ? 'UPDATE' : 'CREATE',
          resourceType: 'compartment_selection',
          resourceId: after?.id ?? '',
          datamartId,
          details: { compartment_id: compartmentId, default: isDefault },
        });
        return after;
      }),
  };
}

/** The condition that one of these datamarts uses a compartment; null: any compartment passes. */
function isUsedBy(datamartIds: readonly string[] | null, add: (id: string) => string): string {
  if (datamartIds === null) return 'true';
  const ids = datamartIds.map((id) => `cast(${add(id)} as bigint)`).join(', ') || 'null';
  return `id in (select compartment_id from compartment_selection where datamart_id in (${ids}))`;
}

export function toSelection(row: Row): CompartmentSelection {
  return {
    id: String(row.id),
    datamartId: String(row.datamart_id),
    compartmentId: String(row.compartment_id),
    isDefault: Boolean(row.is_default),
    token: String(row.token),
    name: String(row.name),
    archived: Boolean(row.archived),
  };
}

async function getSelection(
  sql: Sql,
  datamartId: string,
  compartmentId: string,
): Promise<CompartmentSelection | null> {
  const [row] = await sql.query(
    `${SELECTIONS} where s.datamart_id = cast($1 as bigint) and s.compartment_id = cast($2 as bigint)`,
    [datamartId, compartmentId],
  );
  return row ? toSelection(row) : null;
}

async function getCompartment(sql: Sql, id: string): Promise<Compartment | null> {
  const [row] = await sql.query('select * from compartment where id = cast($1 as bigint)', [id]);
  return row ? toCompartment(row) : null;
}

async function isTokenTaken(sql: Sql, token: string, byOtherThan: string | null): Promise<boolean> {
  const rows = await sql.query('select id from compartment where token = $1', [token]);
  return rows.some((row) => String(row.id) !== byOtherThan);
}

function toCompartment(row: Row): Compartment {
  return {
    id: String(row.id),
    organisationId: String(row.organisation_id),
    name: String(row.name),
    token: String(row.token),
    archived: Boolean(row.archived),
  };
}
