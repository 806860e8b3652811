/** Reads that take longer, in the mean of the last ones, are better done on another thread. */
const SLOW_READ_MS = 0.2;
/**
 * A read counts for no more: the thread was not given a processor, or the disk is slow, which the
 * next ones will show.
 */
const MAX_COUNTED_MS = 1;
/** How many reads the mean is of, about. */
const READS_IN_MEAN = 16;
/** So many look-ups read on another thread before the disk is tried again. */
const LOOK_UPS_ASIDE = 1024;

/**
 * Decides whether look-ups read on the event loop. A read from the page cache takes 4 µs there, and
 * five times that with a trip to another thread; but a slow disk would hold up everything. One long
 * read says nothing: on a busy machine one of a thousand takes 1 ms and more, since another process
 * has the processor. So the mean of the last reads decides.
 */
export class SlowReads {
  #meanMs = 0;
  #aside = 0;

  /** Notes how long a read on the event loop took. */
  note(ms: number): void {
    this.#meanMs += (Math.min(ms, MAX_COUNTED_MS) - this.#meanMs) / READS_IN_MEAN;
    if (this.#meanMs <= SLOW_READ_MS) return;
    this.#aside = LOOK_UPS_ASIDE;
    // two slow reads more, then the next ones go aside as well
    this.#meanMs = SLOW_READ_MS / 2;
  }

  /** Whether the next look-up is to read on another thread. */
  get areLikely(): boolean {
    return this.#aside > 0;
  }

  /** Notes that a look-up reads on another thread. */
  noteAside(): void {
    if (this.#aside > 0) this.#aside--;
  }
}
