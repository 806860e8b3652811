import { readFileSync } from 'node:fs';
import {
  BOOLEAN,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBInstance,
  type DuckDBValue,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { Command } from '../../model/command.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import type { StagedPair } from '../../store/store.ts';

/** Rows that cross into DuckDB at once: the size of its vectors. */
const VECTOR_ROWS = 2048;

/**
 * What crosses from JavaScript: numbers as doubles, which hold every id and instant exactly and cost no BigInt, and no nulls,
 * whose bits cost one. `user-key.sql` makes STAGED_COLUMNS of it.
 */
const RAW_COLUMNS = [
  'line double',
  'kind utinyint',
  'compartment_id double',
  'value varchar',
  'segment_id double',
  'is_update boolean',
  'expires_at double', // 0: never
  'data_bag varchar', // '': keep
];
const RAW_TYPES = [DOUBLE, UTINYINT, DOUBLE, VARCHAR, DOUBLE, BOOLEAN, DOUBLE, VARCHAR];

const USER_KEY = readFileSync(new URL('./user-key.sql', import.meta.url), 'utf8').replaceAll(/^--.*\n/gm, '');

let tables = 0;

/** Takes commands. */
export interface PairTable {
  readonly rows: number;
  append(line: number, command: Command): void;
  appendPair(pair: StagedPair): void;
}

/** A table of `staging` that takes commands and ends as a table with STAGED_COLUMNS. */
export interface StagingTable extends PairTable {
  /** Resolves to the table's name, or null when there was no command. */
  finish(datamartId: string): Promise<string | null>;
  /** Drops what was appended, after a fault. */
  discard(): Promise<void>;
}

/** Opens a table. Commands are gathered as columns and cross into DuckDB a vector at a time. */
export async function openStagingTable(staging: DuckDBInstance): Promise<StagingTable> {
  const name = `command_${++tables}`;
  const connection = await staging.connect();
  const appender = await openAppender(connection, `${name}_raw`).catch((error) => {
    connection.closeSync();
    throw error;
  });
  const columns: DuckDBValue[][] = RAW_TYPES.map(() => []);
  let rows = 0;
  let gathered = 0;
  let isClosed = false;

  function append(line: number, { identifier, operation, targets, dataBag }: Command): void {
    for (const { segmentId, expiresAt } of targets) {
      appendPair({
        line,
        kind: KIND_BIT[identifier.kind],
        compartmentId: Number(identifier.compartmentId),
        value: identifier.value,
        segmentId: Number(segmentId),
        isUpdate: operation === 'UPDATE',
        expiresAt: expiresAt ?? 0,
        dataBag: dataBag ?? '',
      });
    }
  }

  function appendPair(pair: StagedPair): void {
    const [lines, kinds, compartments, values, segments, updates, expiries, dataBags] = columns as [
      number[],
      number[],
      number[],
      string[],
      number[],
      boolean[],
      number[],
      string[],
    ];
    lines[gathered] = pair.line;
    kinds[gathered] = pair.kind;
    compartments[gathered] = pair.compartmentId;
    values[gathered] = pair.value;
    segments[gathered] = pair.segmentId;
    updates[gathered] = pair.isUpdate;
    expiries[gathered] = pair.expiresAt;
    dataBags[gathered] = pair.dataBag;
    rows++;
    if (++gathered === VECTOR_ROWS) flush();
  }

  function flush(): void {
    const chunk = DuckDBDataChunk.create(RAW_TYPES, gathered);
    columns.forEach((column, i) => {
      chunk.setColumnValues(i, column.length === gathered ? column : column.slice(0, gathered));
    });
    appender.appendDataChunk(chunk);
    gathered = 0;
  }

  async function finish(datamartId: string): Promise<string | null> {
    if (gathered > 0) flush();
    appender.flushSync();
    if (rows > 0) {
      const raw = `staging.main.${name}_raw`;
      const keyed = USER_KEY.replace('$raw', raw).replace('$datamart_id', String(BigInt(datamartId)));
      await connection.run(`create table staging.main.${name} as ${keyed}`);
    }
    await discard();
    return rows > 0 ? name : null;
  }

  async function discard(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    try {
      appender.closeSync();
      await connection.run(`drop table if exists staging.main.${name}_raw`);
    } finally {
      connection.closeSync();
    }
  }

  return {
    get rows() {
      return rows;
    },
    append,
    appendPair,
    finish,
    discard,
  };
}

async function openAppender(connection: DuckDBConnection, table: string): Promise<DuckDBAppender> {
  await connection.run(`create table staging.main.${table} (${RAW_COLUMNS.join(', ')})`);
  return connection.createAppender(table, 'main', 'staging');
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
