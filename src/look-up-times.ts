/** How long look-ups took lately. */
export interface LookUpTimes {
  note(ms: number): void;
  /**
   * What 99 of 100 took at most in the last 5 seconds, in ms; null while there are too few to tell.
   */
  p99(): number | null;
}

/** The window: so many slots, of which the oldest is emptied for the next. */
const SLOTS = 5;
const SLOT_MS = 1_000;
/**
 * So few that a p99 is the slowest of them: where look-ups are held up for seconds, few of them
 * end. One that was slow by chance costs an import a tenth of a second.
 */
const LEAST = 5;

/** Bounds of the buckets, each a tenth above the one before: from 0.1 ms to two minutes. */
const BOUNDS = Array.from({ length: 148 }, (_, at) => 0.1 * 1.1 ** at);

/**
 * `now` in ms, of a clock that is never set back. The memory is the same however many there are.
 */
export function createLookUpTimes(now: () => number = () => performance.now()): LookUpTimes {
  const slots = Array.from({ length: SLOTS }, () => ({ at: -1, counts: new Uint32Array(BOUNDS.length) }));

  return {
    note: (ms) => {
      const at = Math.floor(now() / SLOT_MS);
      const slot = slots[at % SLOTS] as (typeof slots)[number];
      if (slot.at !== at) {
        slot.at = at;
        slot.counts.fill(0);
      }
      const bucket = ms <= 0.1 ? 0 : Math.ceil(Math.log(ms * 10) / Math.log(1.1));
      const last = BOUNDS.length - 1;
      slot.counts[Math.min(bucket, last)] = (slot.counts[Math.min(bucket, last)] ?? 0) + 1;
    },
    p99: () => {
      const oldest = Math.floor(now() / SLOT_MS) - SLOTS;
      const recent = slots.filter(({ at }) => at > oldest);
      const total = recent.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), 0);
      if (total < LEAST) return null;
      let left = Math.ceil(total * 0.99);
      const bound = BOUNDS.find((_, at) => {
        left -= recent.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0);
        return left <= 0;
      });
      return bound ?? null;
    },
  };
}
