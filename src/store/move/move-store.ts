import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { StoreUnusableError } from '../../errors.ts';
import { QUARTER_MS } from '../../model/history.ts';
import { openDuckDbStore } from '../duckdb/open-duckdb-store.ts';
import { migrate } from '../postgres/migrate.ts';
import { PostgresDatabase } from '../postgres/postgres-database.ts';
import type { PostgresSql } from '../postgres/postgres-sql.ts';
import { openScratch, type Scratch } from '../postgres/scratch.ts';
import type { Sql } from '../records/database.ts';
import { openConnection } from '../staging/duckdb-connection.ts';
import { makeEmbeddedFile } from './embedded-file.ts';
import {
  fillEmbedded,
  fillPostgres,
  type OnMoved,
  type Sum,
  sumOfEmbedded,
  sumOfPostgres,
} from './move-rows.ts';
import { MOVED_TABLES, SEQUENCES } from './moved-tables.ts';

/** A table on both sides, counted and summed up by each by itself. */
export type MovedTable = { readonly table: string; readonly rows: number; readonly isSame: boolean };

export type MoveOptions = {
  /** Of the PostgreSQL. */
  readonly url: string;
  /** Folder of the embedded store: that of `muster.duckdb`. */
  readonly dir: string;
  readonly memoryBytes: number;
  readonly threads: number;
  readonly now: number;
  readonly onMoved: OnMoved;
};

const CONNECTIONS = 6;
const PATIENCE_MS = 60_000;

/** Makes an embedded store of what a PostgreSQL has, as of one moment. */
export async function exportStore(options: MoveOptions): Promise<readonly MovedTable[]> {
  return withBoth(options, async (db, scratch) => {
    await mkdir(options.dir, { recursive: true });
    return db.atOneMoment(async (postgres) => {
      const file = path.join(options.dir, 'muster.duckdb');
      return exportTo(postgres, scratch, { ...options, file, verify: true });
    });
  });
}

/** Fills a fresh file of an embedded store; `verify`: both sides are summed up afterwards. */
export async function exportTo(
  postgres: PostgresSql,
  scratch: Scratch,
  of: { readonly file: string; readonly now: number; readonly onMoved: OnMoved; readonly verify: boolean },
): Promise<readonly MovedTable[]> {
  const name = `moved_${randomUUID().replaceAll('-', '')}`;
  const embedded = await makeEmbeddedFile(scratch.instance, { ...of, name });
  try {
    await fillEmbedded({ postgres, embedded: embedded.sql, scratch }, of.onMoved);
    for (const sequence of SEQUENCES) {
      const [row] = await postgres.query(`select last_value, is_called from ${sequence}`);
      const next = BigInt(String(row?.last_value)) + (row?.is_called ? 1n : 0n);
      await embedded.sql.query(`create or replace sequence ${sequence} start ${next}`);
    }
    return of.verify ? await compare(postgres, embedded.sql) : [];
  } finally {
    await embedded.close();
  }
}

/** Fills a PostgreSQL that holds nothing yet with an embedded store that no process has open. */
export async function importStore(options: MoveOptions): Promise<readonly MovedTable[]> {
  return withBoth(options, async (db, scratch) => {
    await migrate(db, options.now);
    const store = await openDuckDbStore({ ...options, expected: 'EXISTING' });
    try {
      const { sql: embedded, close } = await openConnection(store.staging, 'muster');
      try {
        return await db.mergeAlone(async (postgres) => {
          await requireFresh(postgres);
          await fillPostgres({ postgres, embedded, scratch }, options.onMoved);
          await setSequences(postgres, embedded);
          await postgres.query(TALLY);
          await postgres.query('update record_version set version = version + 1');
          const compared = await compare(postgres, embedded);
          const other = compared.find(({ isSame }) => !isSame);
          if (other !== undefined)
            throw new Error(
              `the rows of ${other.table} are not the same in both stores: nothing was imported`,
            );
          return compared;
        });
      } finally {
        close();
      }
    } finally {
      await store.close();
    }
  });
}

async function withBoth<T>(
  { url, dir, memoryBytes, threads }: MoveOptions,
  work: (db: PostgresDatabase, scratch: Scratch) => Promise<T>,
): Promise<T> {
  const db = new PostgresDatabase({ url, connections: CONNECTIONS, patienceMs: PATIENCE_MS });
  try {
    const scratch = await openScratch({ dir: path.join(dir, 'moving'), memoryBytes, threads });
    try {
      return await work(db, scratch);
    } finally {
      await scratch.close();
    }
  } finally {
    await db.close();
  }
}

async function requireFresh(postgres: Sql): Promise<void> {
  // a query each: Citus does not ask tables of the coordinator and of its workers in one
  for (const table of ['segment', 'execution', 'user_point']) {
    const rows = await postgres.query(`select 1 from ${table} limit 1`);
    if (rows.length > 0)
      throw new StoreUnusableError(
        'the PostgreSQL has segments, executions or users already: a store is imported into an empty one',
      );
  }
}

async function setSequences(postgres: Sql, embedded: Sql): Promise<void> {
  for (const sequence of SEQUENCES) {
    const [next] = await embedded.query(`select nextval('${sequence}') as id`);
    const last = BigInt(String(next?.id)) - 1n;
    if (last > 0n) await postgres.query(`select setval('${sequence}', ${last})`);
  }
  await postgres.query(
    `select setval('change_step', (select coalesce(max(step), 0) + 1 from membership_change), false)`,
  );
}

const TALLY = `insert into segment_tally (segment_id, point_kinds, expiry_quarter, members)
  select segment_id, point_kinds, coalesce(expiration_ts / ${QUARTER_MS}, -1), count(*) from membership group by 1, 2, 3`;

async function compare(postgres: Sql, embedded: Sql): Promise<readonly MovedTable[]> {
  const compared: MovedTable[] = [];
  for (const moved of MOVED_TABLES) {
    const one = await sumOfPostgres(postgres, embedded, moved);
    const other = await sumOfEmbedded(embedded, moved);
    compared.push({ table: moved.table, rows: one.rows, isSame: isSame(one, other) });
  }
  return compared;
}

function isSame(one: Sum, other: Sum): boolean {
  return one.rows === other.rows && one.sum === other.sum;
}
