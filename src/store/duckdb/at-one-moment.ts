import type { Sql } from '../records/database.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';

/** A long read in one transaction: all statements of `work` see the same moment. */
export function atOneMoment<T>(db: DuckDbDatabase, work: (sql: Sql) => Promise<T>): Promise<T> {
  return db.readLong(async (sql) => {
    await sql.query('begin transaction');
    try {
      return await work(sql);
    } finally {
      await sql.query('rollback');
    }
  });
}
