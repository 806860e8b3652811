import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import type { Store } from '../../src/store/store.ts';

export function openTestStore(dir: string): Promise<Store> {
  return openDuckDbStore({ dir, memoryBytes: 256 * 1024 * 1024, threads: 2, now: 1_800_000_000_000 });
}

/** Makes a store whose big tables hold `rows` rows each, in no order: compaction is due. */
export async function makeUnorderedStore(dir: string, rows: number): Promise<void> {
  await (await openTestStore(dir)).close();
  await query(dir, [
    `insert into user_identifier_recent
     select hash(i), i, hash(i), i, 1, 1, 1, 1, 'user-' || i, i from range(${rows}) t(i)`,
    `insert into membership_recent
     select hash(i), i, i % 7, 1, i, i, case when i % 3 = 0 then i end, case when i % 5 = 0 then '{"i":' || i || '}' end
     from range(${rows}) t(i)`,
  ]);
}

/**
 * What a store holds and how it is defined, as far as compaction could spoil it. The store must be
 * closed.
 */
export async function describeStore(dir: string): Promise<unknown> {
  return query(dir, [
    'select table_name, sql from duckdb_tables() where not internal order by table_name',
    'select count(*), sum(hash(u)) from user_identifier u',
    'select count(*), sum(hash(m)) from membership m',
  ]);
}

/** Neighbours in the tables that are not in the order of their keys. The store must be closed. */
export async function countDisorder(dir: string): Promise<unknown> {
  return query(dir, [
    'select count(*) from (select key_hi < lag(key_hi) over (order by rowid) as later from user_identifier_ordered) where later',
    'select count(*) from (select point_hi < lag(point_hi) over (order by rowid) as later from membership_ordered) where later',
  ]);
}

async function query(dir: string, statements: readonly string[]): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(path.join(dir, 'muster.duckdb'));
  const connection = await instance.connect();
  try {
    const answers: unknown[] = [];
    for (const statement of statements)
      answers.push((await connection.runAndReadAll(statement)).getRowsJson());
    return answers;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
