import { tally } from '../../../model/check.ts';
import { numberOrNull, type Row } from '../../records/database.ts';
import type { Checking } from './checks.ts';

/** Whether every sequence is beyond the ids it has given: each is named after its table. */
export async function checkSequences({ sql, sequences }: Checking) {
  const found = tally('sequences');
  const rows = await sql.query(
    `select sequence_name, start_value, last_value from duckdb_sequences() where database_name = current_database()`,
  );
  for (const row of rows) {
    const table = String(row.sequence_name).replace(/_id$/, '');
    const [greatest] = await sql.query(`select max(id) as id from ${table}`);
    const id = numberOrNull(greatest?.id) ?? 0;
    const least = leastNext(row, sequences);
    if (least <= id) found.add(`${table}: the next id may be ${least}, there is ${id}`);
  }
  return found.result();
}

/**
 * The next number of a sequence. DuckDB keeps it as the start of a sequence that was loaded, and tells of one that has been
 * used since only what it gave last; of one that has not, the same.
 */
function leastNext(row: Row, state: Checking['sequences']): number {
  const start = Number(row.start_value);
  const last = numberOrNull(row.last_value);
  return last === null || state === 'JUST_OPENED' ? start : last + 1;
}
