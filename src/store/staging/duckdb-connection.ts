import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { Row, Sql } from '../records/database.ts';

/** A connection to a DuckDB: its results can be had as columns too. */
export interface DuckDbSql extends Sql {
  /**
   * The result of a statement, some thousand rows at a time, as DuckDB has them; nothing else is
   * asked meanwhile. Throws where it ends before its last row.
   */
  chunks(statement: string): AsyncIterable<DuckDBDataChunk>;
}

/**
 * A connection for work of its own that takes long: it holds up nobody who waits for one of the
 * others.
 */
export async function openConnection(
  instance: DuckDBInstance,
  name: string,
): Promise<{ readonly sql: DuckDbSql; readonly close: () => void }> {
  const connection = await instance.connect();
  await connection.run(`use ${name}`);
  return { sql: asSql(connection), close: () => connection.closeSync() };
}

export function asSql(connection: DuckDBConnection): DuckDbSql {
  const query: DuckDbSql['query'] = async (statement, values) => {
    // one trip to another thread: a reader fetches each chunk by another, and waits for the event
    // loop each time one without parameters is not prepared: DuckDB would plan it in a transaction
    // before the one that runs it, by statistics of then, and what another writes in between is
    // cut, left out, or read as another number
    const parameters = values?.length ? (values as DuckDBValue[]) : undefined;
    const result = await connection.run(statement, parameters);
    const names = result.deduplicatedColumnNames();
    const rows: Row[] = [];
    for (let i = 0; i < result.chunkCount; i++)
      result.getChunk(i).appendToRowObjects(names, rows as Record<string, DuckDBValue>[]);
    return rows;
  };
  return {
    query,
    chunks: async function* (statement) {
      // An error in the middle of a stream ends it as its last row does, and nothing tells which it
      // was: so the rows are counted. That reads no more columns than it has to, and sorts nothing.
      const [counted] = await query(`select count(*) as rows from (\n${statement}\n)`);
      const expected = Number(counted?.rows);
      let rows = 0;
      const result = await connection.stream(statement);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) break;
        rows += chunk.rowCount;
        yield chunk;
      }
      if (rows !== expected) throw new Error(`a result of DuckDB ended after ${rows} of ${expected} rows`);
    },
    emit: () => undefined,
    interrupt: async () => connection.interrupt(),
  };
}
