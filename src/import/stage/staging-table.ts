import { readFileSync } from 'node:fs';
import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { createPairColumns, type PairBatch, type PairColumns } from '../parse/pair-columns.ts';
import { gatherPairs, type PairTable } from '../parse/pair-table.ts';
import { RAW_COLUMNS, toDataChunk } from './pair-vectors.ts';

const USER_KEY = readFileSync(new URL('./user-key.sql', import.meta.url), 'utf8').replaceAll(/^--.*\n/gm, '');

/** Rows that go on to their table at once: one or two ms in which the event loop waits. */
const VECTORS_PER_FLUSH = 5;

let tables = 0;
/** Columns that no table is using; each has some 300 KB. */
const freeColumns: PairColumns[] = [];

/** A table of `staging` that takes commands and ends as a table with STAGED_COLUMNS. */
export interface StagingTable extends PairTable {
  /** Takes what was gathered elsewhere, behind all that was appended before. */
  appendBatch(batch: PairBatch): void;
  /** Resolves to the table's name, or null when there was no command. */
  finish(): Promise<string | null>;
  /** Drops what was appended, after a fault. */
  discard(): Promise<void>;
}

/**
 * Opens a table for commands of a datamart. They are gathered as columns and cross into DuckDB a vector at a time, all in one
 * transaction: a commit for each flush copies the rows once more while the event loop waits, which took twice as long. It is
 * committed before the keys are made: out of a transaction's own rows that took more CPU at times, nearly three times as much.
 */
export async function openStagingTable(staging: DuckDBInstance, datamartId: string): Promise<StagingTable> {
  const name = `command_${++tables}`;
  const raw = `${name}_raw`;
  const connection = await staging.connect();
  const appender = await openAppender(connection, raw).catch((error) => {
    connection.closeSync();
    throw error;
  });
  const columns = freeColumns.pop() ?? createPairColumns();
  const gathered = gatherPairs(datamartId, columns, cross);
  let rowsElsewhere = 0;
  let vectors = 0;
  let isCommitted = false;
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
    if (rows() > 0) {
      await connection.run('commit');
      isCommitted = true;
      const keyed = USER_KEY.replace('$raw', `staging.main.${raw}`);
      await connection.run(`create table staging.main.${name} as ${keyed}`);
    }
    await discard();
    return rows() > 0 ? name : null;
  }

  async function discard(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    if (columns.isEmpty()) freeColumns.push(columns);
    try {
      closeQuietly(appender);
      if (isCommitted) await connection.run(`drop table staging.main.${raw}`);
    } finally {
      // a transaction that is open ends without a trace
      connection.closeSync();
    }
  }

  return {
    get rows() {
      return rows();
    },
    append: gathered.append,
    appendPlain: gathered.appendPlain,
    appendBatch,
    finish,
    discard,
  };
}

async function openAppender(connection: DuckDBConnection, table: string): Promise<DuckDBAppender> {
  const columns = RAW_COLUMNS.map(({ name, type }) => `${name} ${type}`);
  await connection.run('begin');
  await connection.run(`create table staging.main.${table} (${columns.join(', ')})`);
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
