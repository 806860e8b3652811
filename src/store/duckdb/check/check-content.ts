import type { DuckDBInstance } from '@duckdb/node-api';
import type { CheckResult } from '../../../model/check.ts';
import type { Sql } from '../../records/database.ts';
import type { Run } from '../../serving/run.ts';
import { RunDamagedError } from '../../serving/run-format.ts';
import { type DuckDbSql, openConnection } from '../../staging/duckdb-connection.ts';
import { openRow, RUN_ROWS } from '../run-manifest.ts';
import type { Checking, KeyRange, Sizes } from './checking.ts';
import { CHECKS } from './checks.ts';
import { differing } from './segment-sizes.ts';
import { checkSequences } from './sequences.ts';
import { checkServingRuns } from './serving-runs.ts';

/** Rows that are joined or grouped at once: some 100 MB. */
const ROWS_PER_RANGE = 2_000_000;

export type ContentSource = Pick<Checking, 'now'> & {
  readonly database: string;
  /** What users of the store are told of the sizes of segments. */
  readonly tell: (now: number) => Promise<Sizes>;
  /** Folder of the store. */
  readonly dir: string;
  /** Does work while no file of a run is removed. */
  readonly keepingRuns: <T>(work: () => Promise<T>) => Promise<T>;
};

/**
 * `Store.checkContent` for the embedded store: on a connection of its own, in one read transaction.
 */
export async function checkContent(
  instance: DuckDBInstance,
  { database, now, tell, dir, keepingRuns }: ContentSource,
): Promise<readonly CheckResult[]> {
  const { sql, close } = await openConnection(instance, database);
  try {
    const before = await tell(now);
    const { ranges, runs } = await keepingRuns(async () => {
      await sql.query('begin transaction read only');
      // the first query says which moment it is that the transaction sees
      return { ranges: await keyRanges(sql), runs: await openRuns(sql, dir) };
    });
    const told = differing(before, await tell(now)).length === 0 ? before : null;
    const results: CheckResult[] = [];
    for (const check of CHECKS) results.push(await check({ sql, now, ranges, told }));
    try {
      results.push(await checkServingRuns({ sql, now, ranges }, runs));
    } finally {
      if (Array.isArray(runs)) for (const run of runs) run.close();
    }
    await sql.query('commit');
    return [...results, await checkSequences(sql, database)];
  } finally {
    close();
  }
}

/**
 * The runs that the manifest names; what is wrong with one of them; or null where there is no base.
 */
async function openRuns(sql: DuckDbSql, dir: string): Promise<readonly Run[] | RunDamagedError | null> {
  const rows = await sql.query(RUN_ROWS);
  if (Number(rows.at(-1)?.first_step ?? -1) !== 0) return null;
  const runs: Run[] = [];
  try {
    for (const row of rows) runs.push(openRow(row, dir).run);
    return runs;
  } catch (error) {
    for (const run of runs) run.close();
    if (error instanceof RunDamagedError) return error;
    throw error;
  }
}

/** Keys are random, so ranges of the same width have about as many rows. */
async function keyRanges(sql: Sql): Promise<KeyRange[]> {
  const [row] = await sql.query(
    'select greatest((select count(*) from membership), (select count(*) from user_identifier)) as total',
  );
  const count = BigInt(Math.max(1, Math.ceil(Number(row?.total) / ROWS_PER_RANGE)));
  const width = 2n ** 64n / count;
  return Array.from({ length: Number(count) }, (_, at) => {
    const i = BigInt(at);
    return { first: i * width, last: i + 1n === count ? 2n ** 64n - 1n : (i + 1n) * width - 1n };
  });
}
