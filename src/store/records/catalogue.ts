import { buildCatalogue, type Catalogue } from '../../model/catalogue.ts';
import { toSelection } from './compartments.ts';
import type { Sql } from './database.ts';
import { segmentTable } from './segments.ts';

/**
 * The catalogue of a datamart; inside a transaction, so that its version and its records are of one
 * moment.
 */
export async function readCatalogue(sql: Sql, datamartId: string): Promise<Catalogue | null> {
  const [datamart] = await sql.query('select catalogue_version from datamart where id = cast($1 as bigint)', [
    datamartId,
  ]);
  if (!datamart) return null;
  const selections = await sql.query(
    `select s.*, c.token, c.name, c.archived from compartment_selection s join compartment c on c.id = s.compartment_id
     where s.datamart_id = cast($1 as bigint)`,
    [datamartId],
  );
  const segments = await sql.query('select * from segment where datamart_id = cast($1 as bigint)', [
    datamartId,
  ]);
  return buildCatalogue({
    datamartId,
    version: Number(datamart.catalogue_version),
    selections: selections.map(toSelection),
    segments: segments.map(segmentTable.read),
  });
}
