import { randomUUID } from 'node:crypto';
import { type CheckResult, tally } from '../../../model/check.ts';
import { numberOrNull, type Sql } from '../../records/database.ts';

/**
 * Whether every sequence is beyond the ids of its table, which it is named after. Ids are read
 * first: the sequences go on meanwhile. Outside of any transaction, since one writes to a single
 * database.
 */
export async function checkSequences(sql: Sql, database: string): Promise<CheckResult> {
  const found = tally('sequences');
  const rows = await sql.query(
    'select sequence_name from duckdb_sequences() where database_name = current_database() order by 1',
  );
  const names = rows.map((row) => String(row.sequence_name));
  const ids = new Map<string, number>();
  for (const name of names) {
    const [greatest] = await sql.query(`select max(id) as id from ${tableOf(name)}`);
    ids.set(name, numberOrNull(greatest?.id) ?? 0);
  }
  for (const [name, next] of await nextNumbers(sql, { database, names })) {
    const id = ids.get(name) ?? 0;
    if (next <= id) found.add(`${tableOf(name)}: the next id is ${next}, there is ${id}`);
  }
  return found.result();
}

function tableOf(sequence: string): string {
  return sequence.replace(/_id$/, '');
}

/**
 * What sequences would give next, asked of copies: asking them draws a number, and what
 * `duckdb_sequences` tells of one that was loaded from the log is not what it gives.
 */
async function nextNumbers(
  sql: Sql,
  { database, names }: { readonly database: string; readonly names: readonly string[] },
): Promise<ReadonlyMap<string, number>> {
  const copy = `sequences_${randomUUID().replaceAll('-', '')}`;
  await sql.query(`attach ':memory:' as ${copy}`);
  try {
    await sql.query(`copy from database ${database} to ${copy} (schema)`);
    const next = new Map<string, number>();
    for (const name of names) {
      const [row] = await sql.query(`select nextval('${copy}.main.${name}') as number`);
      next.set(name, Number(row?.number));
    }
    return next;
  } finally {
    await sql.query(`detach ${copy}`);
  }
}
