import { passFaultPoint } from '../../fault-points.ts';
import { rangesOf } from '../key-ranges.ts';
import { literal, numberOrNull, type Sql } from '../records/database.ts';
import { countStep } from './count-step.ts';
import { uuid } from './look-ups.ts';
import { nextStep } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { mayHaveExpired } from './segment-tally.ts';
import { statement } from './staged-pairs.ts';

/** Rows that are removed in one transaction, about: merges wait for it. */
const ROWS_AT_A_TIME = 200_000;

/** Up to when expired memberships were removed. */
export async function readRemovedUpTo(sql: Sql): Promise<number> {
  const [row] = await sql.query('select removed_up_to from expiry_sweep');
  return numberOrNull(row?.removed_up_to) ?? 0;
}

/** `Store.removeExpired`; and what removed segments have left is removed too. */
export async function removeExpired(db: PostgresDatabase, now: number): Promise<number> {
  await sweepSegments(db);
  // an execution takes for live what was live when it started; decided in the turn of the claims,
  // so that one either runs already or starts later
  const before = await db.write(async (sql) => {
    const [running] = await sql.query(
      `select min(start_date) as start_date from execution where status = 'RUNNING'`,
    );
    const upTo = Math.trunc(Math.min(now, numberOrNull(running?.start_date) ?? now));
    await sql.query(`update expiry_sweep set removed_up_to = greatest(removed_up_to, ${upTo})`);
    return upTo;
  });
  const rows = await db.read(async (sql) => {
    // mostly there are none, which the tally tells without a look at the memberships
    if (!(await mayHaveExpired(sql, before))) return 0;
    const [expired] = await sql.query(
      `select count(*) as memberships from membership where expiration_ts <= ${before}`,
    );
    return Number(expired?.memberships);
  });
  if (rows === 0) return 0;
  let removed = 0;
  for (const range of rangesOf(Math.ceil(rows / ROWS_AT_A_TIME)))
    removed += await removeRange(db, { now: Math.trunc(now), before, range });
  return removed;
}

type Range = ReturnType<typeof rangesOf>[number];

function removeRange(
  db: PostgresDatabase,
  { now, before, range }: { now: number; before: number; range: Range },
): Promise<number> {
  return db.mergeAlone(async (sql) => {
    const step = await nextStep(sql);
    const text = statement('insert-expiries', { step, now, before });
    await sql.query(text.replace('FIRST', firstOf(range)).replace('LAST', lastOf(range)));
    const removed = await sql.change(
      `delete from membership where expiration_ts <= ${before} and ${isWithin(range)}`,
    );
    await countStep(sql, step);
    passFaultPoint('expired-removed');
    return removed;
  });
}

/** Removes what nobody can see of segments that are gone. */
async function sweepSegments(db: PostgresDatabase): Promise<void> {
  const removed = await db.read((sql) => sql.query('select segment_id from removed_segment'));
  for (const row of removed) {
    const which = `segment_id = ${literal(String(row.segment_id))}`;
    for (const table of ['membership', 'membership_change']) {
      const [count] = await db.read((sql) =>
        sql.query(`select count(*) as rows from ${table} where ${which}`),
      );
      for (const range of rangesOf(Math.max(1, Math.ceil(Number(count?.rows) / ROWS_AT_A_TIME))))
        await db.apart((sql) => sql.query(`delete from ${table} where ${which} and ${isWithin(range)}`));
    }
    await db.write(async (sql) => {
      await sql.query(`delete from removed_segment where ${which}`);
    });
  }
}

/**
 * The hook of `SegmentRecords.remove`: nobody sees them from here on, and the sweep removes them.
 */
export async function forgetMemberships(sql: Sql, segmentId: string): Promise<void> {
  await sql.query(`insert into removed_segment values (${literal(segmentId)})`);
  await sql.query(`delete from segment_tally where segment_id = ${literal(segmentId)}`);
}

/** `Store.removeChangesBefore`. */
export async function removeChangesBefore(db: PostgresDatabase, instant: number): Promise<number> {
  const before = literal(Math.trunc(instant));
  const isAnyOlder = await db.read(async (sql) => {
    const [log] = await sql.query(`select known_since < ${before} as may_have_older from change_log`);
    if (!log?.may_have_older) return false;
    return (await sql.query(`select 1 from membership_change where date < ${before} limit 1`)).length > 0;
  });
  if (!isAnyOlder) return 0;
  return db.mergeAlone(async (sql) => {
    const removed = await sql.change(`delete from membership_change where date < ${before}`);
    await sql.query(`update change_log set known_since = greatest(known_since, ${before})`);
    return removed;
  });
}

function isWithin(range: Range): string {
  return `user_point_id between ${firstOf(range)} and ${lastOf(range)}`;
}

function firstOf({ first }: Range): string {
  return uuid({ hi: first, lo: 0n });
}

function lastOf({ last }: Range): string {
  return uuid({ hi: last, lo: 2n ** 64n - 1n });
}
