import { literal, type Sql } from '../records/database.ts';
import { kindsCondition, WRITTEN } from '../staging/export-form.ts';
import type { Store } from '../store.ts';
import { whileNotAborted } from '../while-not-aborted.ts';
import { atOneMoment } from './at-one-moment.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { statement } from './statements.ts';

type Wanted = Parameters<Store['writeMembers']>[0];

/**
 * `Store.writeMembers`: DuckDB writes the file by itself, row group by row group. One at a time,
 * since it takes one of the few connections for reads, and as much memory as the database may have.
 */
export function memberWriter(db: DuckDbDatabase): Store['writeMembers'] {
  let last: Promise<unknown> = Promise.resolve();
  return (wanted) => {
    // the counts are those of the file
    const writing = last
      .catch(() => undefined)
      .then(() => atOneMoment(db, (sql) => whileNotAborted(wanted.signal, sql, () => write(sql, wanted))));
    last = writing;
    return writing;
  };
}

async function write(sql: Sql, { segmentId, mimeType, kinds, file, now }: Wanted) {
  const values = {
    segment_id: literal(segmentId),
    now: literal(Math.trunc(now)),
    kinds: kindsCondition(kinds),
  };
  const { name, form } = WRITTEN[mimeType];
  const target = `'${file.replaceAll("'", "''")}'`;
  const [copied] = await sql.query(`copy (${statement(name, values)}) to ${target} (${form})`);
  const [counts] = await sql.query(statement('export-counts', values));
  return {
    members: Number(counts?.members),
    membersWithIdentifiers: Number(counts?.with_identifiers),
    identifiers: Number(copied?.Count),
  };
}
