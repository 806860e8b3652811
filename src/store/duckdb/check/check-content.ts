import type { DuckDBInstance } from '@duckdb/node-api';
import type { CheckResult } from '../../../model/check.ts';
import type { Sql } from '../../records/database.ts';
import { openConnection } from '../../staging/duckdb-connection.ts';
import { CHECKS, type Checking, type KeyRange } from './checks.ts';
import { differing, type Sizes } from './segment-sizes.ts';
import { checkSequences } from './sequences.ts';

/** Rows that are joined or grouped at once: some 100 MB. */
const ROWS_PER_RANGE = 2_000_000;

export type ContentSource = Pick<Checking, 'now'> & {
  readonly database: string;
  /** What users of the store are told of the sizes of segments. */
  readonly tell: (now: number) => Promise<Sizes>;
};

/** `Store.checkContent` for the embedded store: on a connection of its own, in one read transaction. */
export async function checkContent(
  instance: DuckDBInstance,
  { database, now, tell }: ContentSource,
): Promise<readonly CheckResult[]> {
  const { sql, close } = await openConnection(instance, database);
  try {
    const before = await tell(now);
    await sql.query('begin transaction read only');
    // the first query says which moment it is that the transaction sees
    const ranges = await keyRanges(sql);
    const told = differing(before, await tell(now)).length === 0 ? before : null;
    const results: CheckResult[] = [];
    for (const check of CHECKS) results.push(await check({ sql, now, ranges, told }));
    await sql.query('commit');
    return [...results, await checkSequences(sql, database)];
  } finally {
    close();
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
