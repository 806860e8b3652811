import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { Row, Sql } from '../records/database.ts';

/** A connection for work of its own that takes long: it holds up nobody who waits for one of the others. */
export async function openConnection(
  instance: DuckDBInstance,
  name: string,
): Promise<{ readonly sql: Sql; readonly close: () => void }> {
  const connection = await instance.connect();
  await connection.run(`use ${name}`);
  return { sql: asSql(connection), close: () => connection.closeSync() };
}

export function asSql(connection: DuckDBConnection): Sql {
  return {
    query: async (statement, values) => {
      // one trip to another thread: a reader fetches each chunk by another, and waits for the event loop each time
      // one without parameters is not prepared: DuckDB would plan it in a transaction before the one that runs it, by
      // statistics of then, and what another writes in between is cut, left out, or read as another number
      const parameters = values?.length ? (values as DuckDBValue[]) : undefined;
      const result = await connection.run(statement, parameters);
      const names = result.deduplicatedColumnNames();
      const rows: Row[] = [];
      for (let i = 0; i < result.chunkCount; i++)
        result.getChunk(i).appendToRowObjects(names, rows as Record<string, DuckDBValue>[]);
      return rows;
    },
    interrupt: async () => connection.interrupt(),
  };
}
