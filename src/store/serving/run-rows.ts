import type { RunKey } from './run-key.ts';
import type { RunWriter } from './run-writer.ts';

/** What a row says of a user. */
export const ROW_STATE = {
  /** Known; of memberships it says nothing. */
  KNOWN: 0,
  IN: 1,
  LEFT: 2,
  /** The key is that of an identifier of another point. */
  ALIAS: 3,
} as const;

/**
 * Rows in the order of their keys and segments, as columns of words of 32 bits, two for each value,
 * the lower first: the layout of a 64-bit column on the machines there are. So nothing is unpacked
 * into BigInts.
 */
export type RunRows = {
  readonly count: number;
  readonly keyHi: Uint32Array;
  readonly keyLo: Uint32Array;
  readonly state: Uint8Array;
  readonly datamartId: Uint32Array;
  readonly segmentId: Uint32Array;
  readonly creationTs: Uint32Array;
  readonly lastModifiedTs: Uint32Array;
  /** 0: never. */
  readonly expirationTs: Uint32Array;
  /** JSON text of an object, or null. */
  readonly dataBag: (row: number) => Uint8Array | null;
  /** Of rows that are aliases; absent where none can be. */
  readonly pointHi?: Uint32Array;
  readonly pointLo?: Uint32Array;
};

/** Writes rows as the records of a run. */
export class RowWriter {
  readonly #writer: RunWriter;
  #c0 = -1;
  #c1 = 0;
  #c2 = 0;
  #c3 = 0;
  #segment = 0;
  #isOpen = false;

  constructor(writer: RunWriter) {
    this.#writer = writer;
  }

  /**
   * Adds rows from one on; gives the first that belongs to another part, or how many rows there
   * are.
   */
  add(rows: RunRows, from: number): number {
    const writer = this.#writer;
    const { count, keyHi, keyLo, state, segmentId } = rows;
    for (let row = from; row < count; row++) {
      const low = 2 * row;
      const k0 = keyHi[low + 1] as number;
      const k1 = keyHi[low] as number;
      const k2 = keyLo[low + 1] as number;
      const k3 = keyLo[low] as number;
      const order = k0 - this.#c0 || k1 - this.#c1 || k2 - this.#c2 || k3 - this.#c3;
      if (order < 0 || (order === 0 && !this.#isOpen)) return row;
      if (order > 0) {
        this.end();
        this.#c0 = k0;
        this.#c1 = k1;
        this.#c2 = k2;
        this.#c3 = k3;
        if (state[row] === ROW_STATE.ALIAS) {
          writer.alias([k0, k1, k2, k3], pointAt(rows, low));
          continue;
        }
        writer.beginUser(k0, k1, k2, k3, number(rows.datamartId, low));
        this.#isOpen = true;
        this.#segment = 0;
      }
      if (state[row] === ROW_STATE.KNOWN) continue;
      const segment = number(segmentId, low);
      // no table has a membership twice unless it is damaged, which is for the checks to tell
      if (segment === this.#segment) continue;
      this.#segment = segment;
      if (state[row] === ROW_STATE.IN) {
        const expires = instant(rows.expirationTs, low);
        writer.membership(
          segment,
          instant(rows.creationTs, low),
          instant(rows.lastModifiedTs, low),
          expires === 0 ? null : expires,
          rows.dataBag(row),
        );
      } else {
        writer.left(segment);
      }
    }
    return count;
  }

  /** Ends the record that is under way. */
  end(): void {
    if (this.#isOpen) this.#writer.end();
    this.#isOpen = false;
  }
}

/** A value of 64 bits that is none below zero and none from 2^53 on. */
function number(words: Uint32Array, low: number): number {
  const value = (words[low + 1] as number) * 2 ** 32 + (words[low] as number);
  if (!Number.isSafeInteger(value)) throw new RangeError('a number of a run is below zero or 2^53 or more');
  return value;
}

/**
 * A value of 64 bits of either sign; beyond 2^53 the nearest that there is, as look-ups of the
 * tables have it.
 */
function instant(words: Uint32Array, low: number): number {
  return ((words[low + 1] as number) | 0) * 2 ** 32 + (words[low] as number);
}

function pointAt({ pointHi, pointLo }: RunRows, low: number): RunKey {
  if (pointHi === undefined || pointLo === undefined) throw new Error('an alias comes with its point');
  return [pointHi[low + 1], pointHi[low], pointLo[low + 1], pointLo[low]] as unknown as RunKey;
}
