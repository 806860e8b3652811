import { readFileSync } from 'node:fs';
import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Command } from '../../model/command.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import type { PlainPair } from '../document-format.ts';
import { createPairBuffer, type PairBuffer, RAW_COLUMNS } from './pair-buffer.ts';

const USER_KEY = readFileSync(new URL('./user-key.sql', import.meta.url), 'utf8').replaceAll(/^--.*\n/gm, '');

/** Rows that go on to their table at once: some 8 ms in which the event loop waits, and 4 ms beside them. */
const VECTORS_PER_FLUSH = 20;

let tables = 0;
/** Buffers that no table is using; each has some 300 KB. */
const freeBuffers: PairBuffer[] = [];

/** Takes commands. */
export interface PairTable {
  /** (command, segment) pairs so far. */
  readonly rows: number;
  append(line: number, command: Command): void;
  /** `bytes` are those the pair was read from. */
  appendPlain(bytes: Buffer, pair: PlainPair): void;
}

/** A table of `staging` that takes commands and ends as a table with STAGED_COLUMNS. */
export interface StagingTable extends PairTable {
  /** Resolves to the table's name, or null when there was no command. */
  finish(): Promise<string | null>;
  /** Drops what was appended, after a fault. */
  discard(): Promise<void>;
}

/** Keeps nothing of what it takes. */
export function countingTable(): StagingTable {
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    append: (_, { targets }) => {
      rows += targets.length;
    },
    appendPlain: () => {
      rows++;
    },
    finish: async () => null,
    discard: async () => undefined,
  };
}

/** Opens a table for commands of a datamart. They are gathered as columns and cross into DuckDB a vector at a time. */
export async function openStagingTable(staging: DuckDBInstance, datamartId: string): Promise<StagingTable> {
  const name = `command_${++tables}`;
  const connection = await staging.connect();
  const appender = await openAppender(connection, `${name}_raw`).catch((error) => {
    connection.closeSync();
    throw error;
  });
  const buffer = freeBuffers.pop() ?? createPairBuffer();
  const prefixOf = hashPrefixes(datamartId);
  let rows = 0;
  let vectors = 0;
  let isClosed = false;

  function append(line: number, { identifier, operation, targets, dataBag }: Command): void {
    const bytes = Buffer.from(identifier.value);
    for (const { segmentId, expiresAt } of targets) {
      appendPlain(bytes, {
        line,
        kind: KIND_BIT[identifier.kind],
        compartmentId: Number(identifier.compartmentId),
        valueStart: 0,
        valueEnd: bytes.length,
        segmentId: Number(segmentId),
        isUpdate: operation === 'UPDATE',
        expiresAt: expiresAt ?? 0,
        dataBag: dataBag ?? '',
        // what is odd about it has been noted of its record
        odd: 0,
      });
    }
  }

  function appendPlain(bytes: Buffer, pair: PlainPair): void {
    buffer.add(bytes, pair, prefixOf(pair.kind, pair.compartmentId));
    rows++;
    if (buffer.isFull()) flush();
  }

  function flush(): void {
    appender.appendDataChunk(buffer.take());
    // by itself the appender does it after 204,800 rows, and the event loop waits
    if (++vectors % VECTORS_PER_FLUSH === 0) appender.flushSync();
  }

  async function finish(): Promise<string | null> {
    if (!buffer.isEmpty()) flush();
    appender.flushSync();
    if (rows > 0) {
      const keyed = USER_KEY.replace('$raw', `staging.main.${name}_raw`);
      await connection.run(`create table staging.main.${name} as ${keyed}`);
    }
    await discard();
    return rows > 0 ? name : null;
  }

  async function discard(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    if (buffer.isEmpty()) freeBuffers.push(buffer);
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
    appendPlain,
    finish,
    discard,
  };
}

async function openAppender(connection: DuckDBConnection, table: string): Promise<DuckDBAppender> {
  const columns = RAW_COLUMNS.map(([name, type]) => `${name} ${type}`);
  await connection.run(`create table staging.main.${table} (${columns.join(', ')})`);
  return connection.createAppender(table, 'main', 'staging');
}

/** What is hashed before an identifier's value, by kind and compartment: see `userKey`. */
function hashPrefixes(datamartId: string): (kind: number, compartmentId: number) => Buffer {
  const byKind = new Map(Object.values(KIND_BIT).map((kind) => [kind, new Map<number, Buffer>()]));
  return (kind, compartmentId) => {
    const known = byKind.get(kind)?.get(compartmentId);
    if (known) return known;
    const prefix = Buffer.from(`${datamartId}:${kind}:${compartmentId}:`);
    byKind.get(kind)?.set(compartmentId, prefix);
    return prefix;
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
