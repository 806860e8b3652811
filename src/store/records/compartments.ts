import {
  COMPARTMENT_FIELDS,
  type CompartmentSelection,
  STORED_SELECTION_FIELDS,
} from '../../model/datamart.ts';
import type { CompartmentRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { invalidateCatalogue } from './catalogue-version.ts';
import { type Database, parameters, type Sql } from './database.ts';
import { listRows, tableOf } from './table.ts';

const compartments = tableOf('compartment', COMPARTMENT_FIELDS);
const selections = tableOf('compartment_selection', STORED_SELECTION_FIELDS);
/** A row of SELECTIONS. */
export const toSelection = selections.read;

/** Selections with what their compartments add. */
export const SELECTIONS = `select s.*, c.token, c.name, c.archived
  from compartment_selection s join compartment c on c.id = s.compartment_id`;

/** All but `listSelections`, which is answered from memory. */
export function compartmentRecords(db: Database): Omit<CompartmentRecords, 'listSelections'> {
  return {
    list: ({ organisationId, datamartIds, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const organisation = given.add(organisationId);
        const where = `(cast(${organisation} as bigint) is null or organisation_id = cast(${organisation} as bigint))
          and ${isUsedBy(datamartIds, given.add)}`;
        const query = { from: `compartment where ${where}`, order: 'id', page, values: given.values };
        return listRows(sql, query, compartments.read);
      }),

    get: (id, datamartIds = null) =>
      db.read(async (sql) => {
        const given = parameters();
        const [row] = await sql.query(
          `select * from compartment where id = cast(${given.add(id)} as bigint)
           and ${isUsedBy(datamartIds, given.add)}`,
          given.values,
        );
        return row ? compartments.read(row) : null;
      }),

    create: ({ organisationId, name, token, author }) =>
      db.write(async (sql) => {
        const [organisation] = await sql.query('select id from organisation where id = cast($1 as bigint)', [
          organisationId,
        ]);
        if (!organisation) return null;
        if (await isTokenTaken(sql, token, null)) return 'TOKEN_TAKEN';
        const created = await compartments.insert(sql, { organisationId, name, token, archived: false });
        await noteChange(sql, author, { ...changeOf(created.id), action: 'CREATE' });
        return created;
      }),

    update: (id, change, author) =>
      db.write(async (sql) => {
        if (change.token !== undefined && (await isTokenTaken(sql, change.token, id))) return 'TOKEN_TAKEN';
        const updated = await compartments.update(sql, id, change);
        if (updated === null || Object.keys(change).length === 0) return updated;
        // its token or its archiving decides over commands that are staged at this moment
        await sql.query(
          `update datamart set catalogue_version = catalogue_version + 1
           where id in (select datamart_id from compartment_selection where compartment_id = cast($1 as bigint))`,
          [id],
        );
        await noteChange(sql, author, { ...changeOf(id), action: 'UPDATE', details: membersOf(change) });
        return updated;
      }),

    select: (selection) => db.write((sql) => selectCompartment(sql, selection)),
  };
}

async function selectCompartment(
  sql: Sql,
  { datamartId, compartmentId, isDefault, author }: Parameters<CompartmentRecords['select']>[0],
): ReturnType<CompartmentRecords['select']> {
  const [possible] = await sql.query(
    `select c.id from datamart d join compartment c on c.organisation_id = d.organisation_id
     where d.id = cast($1 as bigint) and c.id = cast($2 as bigint)`,
    [datamartId, compartmentId],
  );
  if (!possible) return null;
  const before = await getSelection(sql, datamartId, compartmentId);
  if (before?.isDefault && !isDefault) return 'NO_DEFAULT';
  if (isDefault) {
    await sql.query(
      `update compartment_selection set is_default = false
       where datamart_id = cast($1 as bigint) and compartment_id <> cast($2 as bigint)`,
      [datamartId, compartmentId],
    );
  }
  await sql.query(
    before
      ? `update compartment_selection set is_default = $3
         where datamart_id = cast($1 as bigint) and compartment_id = cast($2 as bigint)`
      : `insert into compartment_selection (id, datamart_id, compartment_id, is_default)
         values (nextval('compartment_selection_id'), cast($1 as bigint), cast($2 as bigint), $3)`,
    [datamartId, compartmentId, isDefault],
  );
  const after = await getSelection(sql, datamartId, compartmentId);
  if (after?.isDefault !== before?.isDefault) await invalidateCatalogue(sql, datamartId);
  await noteChange(sql, author, {
    action: before ? 'UPDATE' : 'CREATE',
    resourceType: 'compartment_selection',
    resourceId: after?.id ?? '',
    datamartId,
    details: { compartment_id: compartmentId, default: isDefault },
  });
  return after;
}

function changeOf(id: string) {
  return { resourceType: 'compartment', resourceId: id, datamartId: null } as const;
}

/** The condition that one of these datamarts uses a compartment; null: any compartment passes. */
function isUsedBy(datamartIds: readonly string[] | null, add: (id: string) => string): string {
  if (datamartIds === null) return 'true';
  const ids = datamartIds.map((id) => `cast(${add(id)} as bigint)`).join(', ') || 'null';
  return `id in (select compartment_id from compartment_selection where datamart_id in (${ids}))`;
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

async function isTokenTaken(sql: Sql, token: string, byOtherThan: string | null): Promise<boolean> {
  const rows = await sql.query('select id from compartment where token = $1', [token]);
  return rows.some((row) => String(row.id) !== byOtherThan);
}
