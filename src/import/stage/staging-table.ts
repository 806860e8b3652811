import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { STAGED_COLUMNS } from '../../store/merges.ts';
import { giveBackColumns, type PairBatch, takeColumns } from '../parse/pair-columns.ts';
import { gatherPairs, type PairTable } from '../parse/pair-table.ts';
import { toDataChunk } from './pair-vectors.ts';

/** Rows that go on to their table at once: one or two ms in which the event loop waits. */
const VECTORS_PER_FLUSH = 5;

let tables = 0;

/** A table of `staging` that takes commands and ends as a table with STAGED_COLUMNS. */
export interface StagingTable extends PairTable {
  /** Takes what was gathered elsewhere, behind all that was appended before. */
  appendBatch(batch: PairBatch): void;
  /** Resolves to the table's name, or null when there was no command. */
  finish(): Promise<string | null>;
  /** Drops what was appended, after a fault. */
  discard(): void;
}

/**
 * Opens a table for commands of a datamart. They are gathered as columns and cross into DuckDB a
 * vector at a time, all in one transaction: a commit for each flush copies the rows once more while
 * the event loop waits, which took twice as long.
 */
export async function openStagingTable(staging: DuckDBInstance, datamartId: string): Promise<StagingTable> {
  const name = `command_${++tables}`;
  const connection = await staging.connect();
  const appender = await openAppender(connection, name).catch((error) => {
    connection.closeSync();
    throw error;
  });
  const columns = takeColumns();
  const gathered = gatherPairs(datamartId, columns, cross);
  let rowsElsewhere = 0;
  let vectors = 0;
  let isClosed = false;

  function appendBatch(batch: PairBatch): void {
    gathered.flush();
    rowsElsewhere += batch.rows;
    cross(batch);
  }

  function cross(batch: PairBatch): void {
    appender.appendDataChunk(toDataChunk(batch));
    // by itself the appender does it after 204,800 rows, and the event loop waits
    if (++vectors % VECTORS_PER_FLUSH === 0) appender.flushSync();
  }

  function rows(): number {
    return gathered.rows + rowsElsewhere;
  }

  async function finish(): Promise<string | null> {
    gathered.flush();
    appender.flushSync();
    if (rows() > 0) await connection.run('commit');
    discard();
    return rows() > 0 ? name : null;
  }

  function discard(): void {
    if (isClosed) return;
    isClosed = true;
    giveBackColumns(columns);
    closeQuietly(appender);
    // a transaction that is open ends without a trace
    connection.closeSync();
  }

  return {
    get rows() {
      return rows();
    },
    append: gathered.append,
    readLines: gathered.readLines,
    appendBatch,
    finish,
    discard,
  };
}

async function openAppender(connection: DuckDBConnection, table: string): Promise<DuckDBAppender> {
  await connection.run('begin');
  await connection.run(`create table staging.main.${table} (${STAGED_COLUMNS.join(', ')})`);
  return connection.createAppender(table, 'main', 'staging');
}

/** It flushes once more, and after a fault it cannot; what it still has is of no interest then. */
function closeQuietly(appender: DuckDBAppender): void {
  try {
    appender.closeSync();
  } catch {
    // the fault itself is on its way
  }
}

/** Drops a table that `finish` named. */
export async function dropStagingTable(staging: DuckDBInstance, name: string): Promise<void> {
  const connection = await staging.connect();
  try {
    await connection.run(`drop table if exists staging.main.${name}`);
  } finally {
    connection.closeSync();
  }
}
