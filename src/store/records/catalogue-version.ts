import type { Sql } from './database.ts';

/**
 * Tells every staged chunk of a datamart that it was checked against something that is no longer
 * so.
 */
export async function invalidateCatalogue(sql: Sql, datamartId: string): Promise<void> {
  await sql.query(
    'update datamart set catalogue_version = catalogue_version + 1 where id = cast($1 as bigint)',
    [datamartId],
  );
}
