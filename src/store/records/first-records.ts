import { FIRST_ID } from '../../model/records.ts';
import type { Sql } from './database.ts';

/**
 * What a fresh store has (spec §1): organisation 1, datamart 1, and compartment 1 as its default.
 */
export async function insertFirstRecords(sql: Sql, now: number): Promise<void> {
  await sql.query(`insert into organisation values (${FIRST_ID}, 'default')`);
  await sql.query(
    `insert into datamart values (${FIRST_ID}, ${FIRST_ID}, 'default', 'default', 'UTC', false, cast($1 as bigint), 0)`,
    [now],
  );
  await sql.query(`insert into compartment values (${FIRST_ID}, ${FIRST_ID}, 'default', 'default', false)`);
  await sql.query(`insert into compartment_selection values (${FIRST_ID}, ${FIRST_ID}, ${FIRST_ID}, true)`);
}
