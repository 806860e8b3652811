import { gather } from '../../gather.ts';
import type { SegmentSize } from '../../model/records.ts';
import { numberOrNull, type Row } from '../records/database.ts';
import type { Store } from '../store.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { statement } from './statements.ts';

/** The sizes of all segments at one moment, and until when they stay so if nothing is written. */
type Sizes = {
  readonly bySegment: ReadonlyMap<string, SegmentSize>;
  readonly from: number;
  readonly until: number;
};

export interface SegmentSizes {
  /** The sizes of all segments that have live members at `now`. */
  at(now: number): Promise<ReadonlyMap<string, SegmentSize>>;
  /** `Store.countMembers`. */
  countMembers: Store['countMembers'];
  /**
   * Forgets what is known when a write is over, whichever way. Until then nothing is kept: who
   * reads may find what it has committed before the write itself hears of that.
   */
  forgetAfter<T>(write: Promise<T>): Promise<T>;
}

/**
 * Counts live members, in one scan of all memberships, and keeps the result until the next write or
 * the next expiry: the scan takes 0.5 s at 30 M memberships, and lists of segments are asked for
 * again and again.
 */
export function segmentSizes(db: DuckDbDatabase): SegmentSizes {
  let known: Promise<Sizes> | null = null;
  let writes = 0;
  /** A count that begins after it was asked for; those who ask at the same time share it. */
  const countAnew = gather<number, Sizes>(async (asked) => {
    const sizes = await count(db, Math.max(...asked));
    return asked.map(() => sizes);
  }, 1_000);

  async function at(now: number): Promise<ReadonlyMap<string, SegmentSize>> {
    if (writes > 0) return (await countAnew(now)).bySegment;
    const counting = known;
    const sizes = await counting;
    if (sizes && sizes.from <= now && now < sizes.until) return sizes.bySegment;
    if (known === counting) {
      const fresh = count(db, now);
      known = fresh;
      fresh.catch(() => {
        if (known === fresh) known = null;
      });
    }
    return at(now);
  }

  return {
    at,
    countMembers: async ({ segmentIds, now }) => {
      if (segmentIds.length === 0) return new Map();
      const asked = new Set(segmentIds);
      return new Map([...(await at(now))].filter(([segmentId]) => asked.has(segmentId)));
    },
    forgetAfter: (write) => {
      writes++;
      return write.finally(() => {
        writes--;
        known = null;
      });
    },
  };
}

async function count(db: DuckDbDatabase, now: number): Promise<Sizes> {
  const rows = await db.readLong((sql) => sql.query(statement('segment-sizes', { now: Math.trunc(now) })));
  const expiries = rows.map((row) => numberOrNull(row.next_expiry) ?? Number.POSITIVE_INFINITY);
  return {
    bySegment: new Map(rows.map((row) => [String(row.segment_id), toSize(row)])),
    from: now,
    until: expiries.reduce((soonest, expiry) => Math.min(soonest, expiry), Number.POSITIVE_INFINITY),
  };
}

export function toSize(row: Row): SegmentSize {
  return {
    userPoints: Number(row.user_points),
    userAccounts: Number(row.user_accounts),
    emails: Number(row.emails),
    userAgents: Number(row.user_agents),
  };
}
