import type { RunKey } from './run-key.ts';

/** Bits for each key: one look-up of a hundred reads a block in vain. */
const BITS_PER_KEY = 10;
/** A line of a processor's cache: all bits of a key lie in one. */
const WORDS_PER_LINE = 16;
const BITS_PER_LINE = WORDS_PER_LINE * 32;
/** Lines are doubled from so few, so that a filter can be halved. */
const FEWEST_LINES = 1;

/**
 * A Bloom filter of the keys of a run, in lines of 512 bits. Keys are digests of SHA-256 and thus
 * random, so their own bits serve as the hashes: the first word chooses the line, the last two
 * choose six bits in it.
 */
export class KeyFilter {
  #lines: Uint32Array;

  private constructor(lines: Uint32Array) {
    this.#lines = lines;
  }

  /** An empty one with room for so many keys. */
  static for(keys: number): KeyFilter {
    const wanted = Math.ceil((keys * BITS_PER_KEY) / BITS_PER_LINE);
    // a multiple of a power of two: see `fit`
    let step = FEWEST_LINES;
    while (step * 64 < wanted) step *= 2;
    const lines = Math.max(1, Math.ceil(wanted / step)) * step;
    return new KeyFilter(new Uint32Array(lines * WORDS_PER_LINE));
  }

  static from(bytes: Uint8Array): KeyFilter {
    const copy = new Uint8Array(bytes);
    return new KeyFilter(new Uint32Array(copy.buffer));
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#lines.buffer);
  }

  add(k0: number, k2: number, k3: number): void {
    const lines = this.#lines;
    const line = lineOf(k0, lines.length);
    setBit(lines, line, k3 & 511);
    setBit(lines, line, (k3 >>> 9) & 511);
    setBit(lines, line, (k3 >>> 18) & 511);
    setBit(lines, line, k2 & 511);
    setBit(lines, line, (k2 >>> 9) & 511);
    setBit(lines, line, (k2 >>> 18) & 511);
  }

  /** `false`: the run does not have the key. */
  mayHave([k0, , k2, k3]: RunKey): boolean {
    const lines = this.#lines;
    const line = lineOf(k0, lines.length);
    return (
      hasBit(lines, line, k3 & 511) &&
      hasBit(lines, line, (k3 >>> 9) & 511) &&
      hasBit(lines, line, (k3 >>> 18) & 511) &&
      hasBit(lines, line, k2 & 511) &&
      hasBit(lines, line, (k2 >>> 9) & 511) &&
      hasBit(lines, line, (k2 >>> 18) & 511)
    );
  }

  /**
   * Halves the filter while it has room for twice the keys that came: how many come is often known
   * only as "at most". The line of a key in half as many lines is half its number, so two
   * neighbours become one.
   */
  fit(keys: number): void {
    while (
      this.#lines.length % (2 * WORDS_PER_LINE) === 0 &&
      this.#lines.length * 32 >= 2 * keys * BITS_PER_KEY
    ) {
      const half = new Uint32Array(this.#lines.length / 2);
      for (let i = 0; i < half.length; i++) {
        const pair = 2 * (i - (i % WORDS_PER_LINE)) + (i % WORDS_PER_LINE);
        half[i] = (this.#lines[pair] ?? 0) | (this.#lines[pair + WORDS_PER_LINE] ?? 0);
      }
      this.#lines = half;
    }
  }
}

function lineOf(k0: number, words: number): number {
  return Math.floor((k0 * (words / WORDS_PER_LINE)) / 2 ** 32) * WORDS_PER_LINE;
}

function setBit(lines: Uint32Array, line: number, bit: number): void {
  const word = line + (bit >>> 5);
  lines[word] = (lines[word] ?? 0) | (1 << (bit & 31));
}

function hasBit(lines: Uint32Array, line: number, bit: number): boolean {
  return ((lines[line + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) !== 0;
}
