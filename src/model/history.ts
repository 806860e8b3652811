/** What happened to the memberships of a segment, by hour or day. */

export const HISTORY_INTERVALS = ['hour', 'day'] as const;
export type HistoryInterval = (typeof HISTORY_INTERVALS)[number];

/**
 * Changes are counted by quarters of an hour since the epoch: with one of them begin the days of
 * every time zone.
 */
export const QUARTER_MS = 900_000;
const HOUR_MS = 4 * QUARTER_MS;
const DAY_MS = 24 * HOUR_MS;

/** How many memberships began, were changed and ended; `expirations` of the exits were expiries. */
export type ChangeCounts = {
  readonly entries: number;
  readonly updates: number;
  readonly exits: number;
  readonly expirations: number;
};

/** What a store tells of the changes of a segment up to `now`. */
export type CountedChanges = {
  /** Live members at `now`. */
  readonly size: number;
  /** Changes are known from this instant on. */
  readonly knownSince: number;
  /**
   * By quarter, ascending; those without any change are left out. Changes count at `now` at the
   * latest.
   */
  readonly quarters: readonly (ChangeCounts & { readonly quarter: number })[];
};

export type HistoryBucket = ChangeCounts & {
  /** From this instant on. */
  readonly from: number;
  /** Up to and without this one; of the last bucket up to now. */
  readonly to: number;
  /** Live members at the end. */
  readonly size: number;
};

/**
 * The instants at which hours (of UTC) or days (of a time zone) begin, from the one that `from` is
 * in until the first one that is not before `to`. Null where that is more than `most` hours or
 * days.
 */
export function boundariesOf(of: {
  readonly interval: HistoryInterval;
  readonly from: number;
  readonly to: number;
  readonly timeZone: string;
  readonly most: number;
}): readonly number[] | null {
  const { interval, from, to, timeZone, most } = of;
  if (to - from > (most + 1) * (interval === 'hour' ? HOUR_MS : DAY_MS)) return null;
  const { startOf, next } = interval === 'hour' ? HOURS : daysIn(timeZone);
  const boundaries = [startOf(from)];
  for (let last = startOf(from); last < to; boundaries.push(last)) last = next(last);
  return boundaries.length - 1 > most ? null : boundaries;
}

const HOURS = {
  startOf: (instant: number) => Math.floor(instant / HOUR_MS) * HOUR_MS,
  next: (start: number) => start + HOUR_MS,
};

/**
 * Days of a time zone have 23 to 25 hours, and need not begin at 0:00: so it is asked which date a
 * quarter has.
 */
function daysIn(timeZone: string): typeof HOURS {
  const format = new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'short' });
  const dateOf = (instant: number) => format.format(instant);
  return {
    startOf: (instant) => {
      let start = Math.floor(instant / QUARTER_MS) * QUARTER_MS;
      const date = dateOf(start);
      while (dateOf(start - QUARTER_MS) === date) start -= QUARTER_MS;
      return start;
    },
    next: (start) => {
      const date = dateOf(start);
      let next = start + 22 * HOUR_MS;
      while (dateOf(next) === date) next += QUARTER_MS;
      return next;
    },
  };
}

/**
 * The changes between boundaries that are whole quarters. The sizes are reckoned back from what it
 * is now, so that the size at an end is the one at the beginning and what came in and went out.
 * What lies before it is known is left out, and what lies after `now`.
 */
export function bucketsOf(
  changes: CountedChanges,
  { boundaries, now }: { readonly boundaries: readonly number[]; readonly now: number },
): readonly HistoryBucket[] {
  const { size, knownSince, quarters } = changes;
  const buckets: HistoryBucket[] = [];
  let left = quarters.length;
  let sizeAtEnd = size;
  /** The changes from an instant on, of those that were not taken yet. */
  const takeFrom = (instant: number): ChangeCounts => {
    let sum = NO_CHANGES;
    for (; left > 0; left -= 1) {
      const last = quarters[left - 1];
      if (last === undefined || last.quarter * QUARTER_MS < instant) break;
      sum = add(sum, last);
    }
    return sum;
  };
  sizeAtEnd -= growthOf(takeFrom(boundaries.at(-1) ?? now));
  for (let i = boundaries.length - 2; i >= 0; i--) {
    const [from = now, to = now] = boundaries.slice(i, i + 2);
    const counts = takeFrom(from);
    if (to > knownSince && from <= now)
      buckets.unshift({
        ...{ from: Math.max(from, knownSince), to: Math.min(to, now), size: sizeAtEnd },
        ...counts,
      });
    sizeAtEnd -= growthOf(counts);
  }
  return buckets;
}

const NO_CHANGES: ChangeCounts = { entries: 0, updates: 0, exits: 0, expirations: 0 };

function add(one: ChangeCounts, other: ChangeCounts): ChangeCounts {
  return {
    entries: one.entries + other.entries,
    updates: one.updates + other.updates,
    exits: one.exits + other.exits,
    expirations: one.expirations + other.expirations,
  };
}

function growthOf({ entries, exits }: ChangeCounts): number {
  return entries - exits;
}
