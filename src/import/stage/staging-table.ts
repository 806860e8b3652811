import { readFileSync } from 'node:fs';
import { BIGINT, BOOLEAN, DuckDBDataChunk, type DuckDBInstance, UTINYINT, VARCHAR } from '@duckdb/node-api';
import type { Command } from '../../model/command.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import { STAGED_COLUMNS } from '../../store/store.ts';

/** Rows that cross into DuckDB at once: the size of its vectors. */
const VECTOR_ROWS = 2048;

/** What comes from the commands; the keys are added in SQL, by `user-key.sql`. */
const RAW_COLUMNS = STAGED_COLUMNS.slice(0, 8);
const RAW_TYPES = [BIGINT, UTINYINT, BIGINT, VARCHAR, BIGINT, BOOLEAN, BIGINT, VARCHAR];

const USER_KEY = readFileSync(new URL('./user-key.sql', import.meta.url), 'utf8').replaceAll(/^--.*\n/gm, '');

let tables = 0;

/** A table of `staging` that takes commands and ends as a table with STAGED_COLUMNS. */
export interface StagingTable {
  readonly rows: number;
  append(line: number, command: Command): void;
  /** Resolves to the table's name, or null when there was no command. */
  finish(datamartId: string): Promise<string | null>;
}

/** Opens a table. Commands are gathered as columns and cross into DuckDB a vector at a time. */
export async function openStagingTable(staging: DuckDBInstance): Promise<StagingTable> {
  const name = `command_${++tables}`;
  const connection = await staging.connect();
  await connection.run(`create table staging.main.${name}_raw (${RAW_COLUMNS.join(', ')})`);
  const appender = await connection.createAppender(`${name}_raw`, 'main', 'staging');
  const bigints = new Map<string, bigint>();
  let columns: unknown[][] = RAW_TYPES.map(() => []);
  let rows = 0;

  /** Ids repeat in nearly every command; making a bigint of a text costs more than finding it. */
  function toBigInt(id: string): bigint {
    const known = bigints.get(id);
    if (known !== undefined) return known;
    const value = BigInt(id);
    bigints.set(id, value);
    return value;
  }

  function append(line: number, command: Command): void {
    const { identifier, operation, dataBag } = command;
    for (const { segmentId, expiresAt } of command.targets) {
      columns[0]?.push(BigInt(line));
      columns[1]?.push(KIND_BIT[identifier.kind]);
      columns[2]?.push(toBigInt(identifier.compartmentId));
      columns[3]?.push(identifier.value);
      columns[4]?.push(toBigInt(segmentId));
      columns[5]?.push(operation === 'UPDATE');
      columns[6]?.push(expiresAt === null ? null : BigInt(expiresAt));
      columns[7]?.push(dataBag);
      rows++;
      if (columns[0]?.length === VECTOR_ROWS) flush();
    }
  }

  function flush(): void {
    const chunk = DuckDBDataChunk.create(RAW_TYPES);
    chunk.setColumns(columns as never);
    appender.appendDataChunk(chunk);
    columns = RAW_TYPES.map(() => []);
  }

  async function finish(datamartId: string): Promise<string | null> {
    try {
      if (rows > 0 && columns[0]?.length) flush();
      appender.closeSync();
      if (rows > 0) {
        const keyed = USER_KEY.replace('$raw', `staging.main.${name}_raw`).replace(
          '$datamart_id',
          String(BigInt(datamartId)),
        );
        await connection.run(`create table staging.main.${name} as ${keyed}`);
      }
      await connection.run(`drop table staging.main.${name}_raw`);
      return rows > 0 ? name : null;
    } finally {
      connection.closeSync();
    }
  }

  return {
    get rows() {
      return rows;
    },
    append,
    finish,
  };
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
