import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Row, Sql, SqlValue } from '../records/database.ts';
import { withClient } from './connections.ts';
import { hasLostItsStatements } from './faults.ts';
import { fromStoredRow, toStored } from './texts.ts';

/**
 * The first setting of every transaction: those after it reach the workers of a Citus cluster as
 * well. Any other PostgreSQL takes it for a name that nobody reads.
 */
export const PROPAGATE = `set local citus.propagate_set_commands = 'local'`;

/**
 * A connection inside a transaction, with the two ways in which many rows pass it without any of
 * them being looked at.
 */
export interface PostgresSql extends Sql {
  /** Runs a statement that changes rows; resolves to how many. */
  change(statement: string, values?: readonly SqlValue[]): Promise<number>;
  /**
   * Rows as the `copy … from stdin` in `statement` reads them, from a file or as they are made;
   * resolves to how many.
   */
  copyIn(statement: string, rows: string | AsyncIterable<Uint8Array>): Promise<number>;
  /** Writes what each `copy … to stdout` of `statements` gives to a file, one after the other. */
  copyOut(statements: readonly string[], file: string): Promise<void>;
  /**
   * Runs statements in a transaction of their own, on another connection, which commits at once.
   * They must not wait for a lock that this transaction holds. Resolves to the warnings that came
   * with them.
   */
  aside(statements: string): Promise<readonly string[]>;
}

/**
 * A connection outside of transactions. Statements of which none is waited for before the next are
 * one round trip.
 */
export interface ReadingSql extends PostgresSql {
  /**
   * As `query`, for what is asked all the time: a connection parses and plans it once. The text is
   * always the same, the values differ.
   */
  prepared(statement: string, values: readonly SqlValue[]): Promise<readonly Row[]>;
}

/**
 * Makes what reads of the connections of a pool: with prepared statements, until a pooler shows
 * that it has lost one.
 */
export function readingSqls(small: Pool): (client: PoolClient) => ReadingSql {
  let isPreparing = true;
  return (client) => ({
    ...asSql(client, small),
    prepared: async (statement, values) => {
      const query = { text: statement, values: values.map(toStored) };
      if (isPreparing) {
        try {
          return rowsOf(await client.query({ ...query, name: nameOf(statement) }));
        } catch (fault) {
          if (!hasLostItsStatements(fault)) throw fault;
          isPreparing = false;
        }
      }
      return rowsOf(await client.query(query));
    },
  });
}

const names = new Map<string, string>();

/**
 * The name of a prepared statement, by what it says: where a pooler hands on a connection on which
 * another client has prepared one of that name, it is the same.
 */
function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known !== undefined) return known;
  const name = `muster_${createHash('sha256').update(statement).digest('hex').slice(0, 32)}`;
  names.set(statement, name);
  return name;
}

/**
 * `small`: other connections, for `aside` and to interrupt this one. Who holds one of them never
 * waits for a merge, so a merge may wait for one.
 */
export function asSql(client: PoolClient, small: Pool): PostgresSql {
  return {
    emit: () => undefined,
    interrupt: async () => {
      const { processID } = client as { processID?: number };
      // one that cannot be interrupted runs to its end
      await small.query('select pg_cancel_backend($1::integer)', [processID]).catch(() => undefined);
    },
    query: async (statement, values) => {
      const result: QueryResult | QueryResult[] = await client.query(statement, values?.map(toStored));
      // of several statements in one text the last one's
      return rowsOf(Array.isArray(result) ? result.at(-1) : result);
    },
    change: async (statement, values) => {
      const { rowCount } = await client.query(statement, values?.map(toStored));
      return rowCount ?? 0;
    },
    copyIn: async (statement, rows) => {
      const stream = client.query(copyFrom(statement));
      const source = typeof rows === 'string' ? createReadStream(rows, { highWaterMark: 1024 * 1024 }) : rows;
      await pipeline(source, stream);
      return stream.rowCount ?? 0;
    },
    copyOut: async (statements, file) => {
      for (const [i, statement] of statements.entries())
        await pipeline(
          client.query(copyTo(statement)),
          createWriteStream(file, { flags: i === 0 ? 'w' : 'a' }),
        );
    },
    aside: (statements) => withClient(small, (other) => runAside(other, statements)),
  };
}

/** The SQLSTATE of a notice that says nothing is wrong. */
const NO_WARNING = '00000';

async function runAside(client: PoolClient, statements: string): Promise<readonly string[]> {
  const warnings: string[] = [];
  const note = ({ code, message }: { code?: string | undefined; message?: string | undefined }) => {
    if (code !== NO_WARNING) warnings.push(message ?? '');
  };
  client.on('notice', note);
  try {
    await client.query(`begin; ${PROPAGATE}; ${statements}; commit`);
    return warnings;
  } catch (fault) {
    await client.query('rollback').catch(() => undefined);
    throw fault;
  } finally {
    client.off('notice', note);
  }
}

function rowsOf(result: QueryResult | undefined): readonly Row[] {
  const rows: readonly Record<string, unknown>[] = result?.rows ?? [];
  return rows.map(fromStoredRow);
}
