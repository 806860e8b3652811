import type { DuckDBInstance } from '@duckdb/node-api';
import { StoreLostError } from '../../errors.ts';
import type { Events } from '../../events.ts';
import { collectEvents, type Database } from '../records/database.ts';
import { asSql, type DuckDbSql } from '../staging/duckdb-connection.ts';

/** Connections for short reads: as many look-ups run side by side; more wait for one of them. */
export const READERS = 4;
/**
 * Connections for reads that take as long as a table is large. They are others than those for short
 * reads: four exports, overlaps or lists of members kept every look-up waiting until one had ended.
 */
const LONG_READERS = 4;

/** The connections of one DuckDB: some for reads, one for small transactions, one for merges. */
export interface DuckDbDatabase extends Database {
  readonly read: WithSql;
  /** As `read`, for what goes through many rows of the big tables. It waits for its like alone. */
  readonly readLong: WithSql;
  readonly write: WithSql;
  readonly writeAlone: WithSql;
  /** One transaction on the connection for merges; one at a time, beside the small ones. */
  readonly merge: WithSql;
  /** Waits for what is under way and closes the connections. */
  close(): Promise<void>;
}

/** Does work on a connection of this DuckDB. */
export type WithSql = <T>(work: (sql: DuckDbSql) => Promise<T>) => Promise<T>;

/**
 * What DuckDB says when nothing works from then on: after a fatal error, after a checkpoint that
 * could not be written (only that database then, so that `select 1` still works), and of blocks
 * that are not what was written.
 */
const LOST = /^FATAL Error|has been invalidated|Corrupt database file/;

/**
 * `name`: the attached database that statements are about. `onLost` is called once, with the fault
 * after which it can no longer be used; every call is refused from then on, so that nothing is done
 * halfway.
 */
export async function openDuckDbDatabase(
  instance: DuckDBInstance,
  {
    name,
    onLost,
    events = null,
  }: {
    readonly name: string;
    readonly onLost: (fault: StoreLostError) => void;
    readonly events?: Pick<Events, 'emit'> | null;
  },
): Promise<DuckDbDatabase> {
  const count = 2 + READERS + LONG_READERS;
  const connections = await Promise.all(Array.from({ length: count }, () => instance.connect()));
  for (const connection of connections) await connection.run(`use ${name}`);
  const whole = watchLoss(onLost);
  const sqls = connections.map((connection) => whole(asSql(connection)));
  const [writer, merger, ...readers] = sqls as [DuckDbSql, DuckDbSql, ...DuckDbSql[]];
  const readTurns = createTurns(readers.slice(0, READERS));
  const longTurns = createTurns(readers.slice(READERS));
  const writeTurns = createTurns([writer]);
  const mergeTurns = createTurns([merger]);

  return {
    read: (work) => readTurns.take(work),
    readLong: (work) => longTurns.take(work),
    write: (work) => writeTurns.take((sql) => transaction(sql, events, work)),
    // merges wait for it and it waits for them; small transactions too, since it is one of them
    writeAlone: (work) => mergeTurns.take(() => writeTurns.take((sql) => transaction(sql, events, work))),
    merge: (work) => mergeTurns.take((sql) => transaction(sql, events, work)),
    close: async () => {
      await Promise.all([readTurns.drain(), longTurns.drain(), mergeTurns.drain()]);
      await writeTurns.drain();
      for (const connection of connections) connection.closeSync();
    },
  };
}

/** Wraps connections that are lost together. */
function watchLoss(onLost: (fault: StoreLostError) => void): (sql: DuckDbSql) => DuckDbSql {
  let lost: StoreLostError | null = null;
  const asLost = (error: unknown): unknown => {
    if (!(error instanceof Error) || !LOST.test(error.message)) return error;
    if (lost === null) {
      lost = new StoreLostError('the store cannot be used until it is opened again', { cause: error });
      onLost(lost);
    }
    return lost;
  };
  return (sql) => ({
    emit: sql.emit,
    interrupt: sql.interrupt,
    query: async (statement, values) => {
      if (lost !== null) throw lost;
      return sql.query(statement, values).catch((error) => {
        throw asLost(error);
      });
    },
    chunks: async function* (statement) {
      if (lost !== null) throw lost;
      try {
        yield* sql.chunks(statement);
      } catch (error) {
        throw asLost(error);
      }
    },
  });
}

async function transaction<T>(
  sql: DuckDbSql,
  events: Pick<Events, 'emit'> | null,
  work: (sql: DuckDbSql) => Promise<T>,
): Promise<T> {
  const writing = collectEvents(sql, events);
  let result: T;
  await sql.query('begin transaction');
  try {
    result = await work(writing.sql);
    await sql.query('commit');
  } catch (error) {
    // a failed commit has rolled back already, and then this one's error says nothing new
    await sql.query('rollback').catch(() => undefined);
    throw error;
  }
  writing.publish();
  return result;
}

type Turns<R> = {
  take<T>(work: (resource: R) => Promise<T>): Promise<T>;
  /** Resolves when nothing is under way and nobody waits; who comes later is refused. */
  drain(): Promise<void>;
};

/** Hands out resources, each to one user at a time, in the order they are asked for. */
function createTurns<R>(resources: readonly R[]): Turns<R> {
  const free = [...resources];
  const waiting: ((resource: R) => void)[] = [];
  let closed = false;
  let onIdle: (() => void) | null = null;

  function giveBack(resource: R): void {
    const next = waiting.shift();
    if (next) {
      next(resource);
    } else {
      free.push(resource);
      if (free.length === resources.length) onIdle?.();
    }
  }

  return {
    take: async (work) => {
      if (closed) throw new Error('the store is closed');
      const resource = free.pop() ?? (await new Promise<R>((resolve) => waiting.push(resolve)));
      try {
        return await work(resource);
      } finally {
        giveBack(resource);
      }
    },
    drain: async () => {
      closed = true;
      if (free.length < resources.length) await new Promise<void>((resolve) => (onIdle = resolve));
    },
  };
}
