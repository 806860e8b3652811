import type { DuckDBInstance } from '@duckdb/node-api';
import { attachText } from '../duckdb/attach.ts';
import { openDuckDbDatabase } from '../duckdb/duckdb-database.ts';
import { migrate } from '../duckdb/migrate.ts';
import type { Sql } from '../records/database.ts';
import { openConnection } from '../staging/duckdb-connection.ts';

/** A database file of an embedded store, attached to a DuckDB under a name. */
export type EmbeddedFile = {
  /** A connection that uses it. */
  readonly sql: Sql;
  /** Writes all of it into the file and lets go of it. */
  close(): Promise<void>;
};

/** Makes a fresh one, with the schema of this version. */
export async function makeEmbeddedFile(
  instance: DuckDBInstance,
  { file, name, now }: { readonly file: string; readonly name: string; readonly now: number },
): Promise<EmbeddedFile> {
  const setup = await instance.connect();
  try {
    await setup.run(attachText(file, name));
  } finally {
    setup.closeSync();
  }
  const db = await openDuckDbDatabase(instance, { name, onLost: () => undefined });
  try {
    await migrate(db, now);
  } finally {
    await db.close();
  }
  const { sql, close } = await openConnection(instance, name);
  return {
    sql,
    close: async () => {
      try {
        await sql.query(`checkpoint ${name}`);
        await sql.query('use memory');
        await sql.query(`detach ${name}`);
      } finally {
        close();
      }
    },
  };
}
