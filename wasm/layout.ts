/**
 * What lies where in the module's memory. All of it has a fixed place but the tables of the
 * catalogue, which lie behind the rest and grow with the segments.
 */

/** Rows of a batch at most: those of a DuckDB vector. */
export const MAX_ROWS: u32 = 2048;

/** A batch as src/import/parse/pair-columns.ts names its columns, in the same order. */
export const COLUMNS = memory.data(168448, 16);
export const LINES = COLUMNS;
export const COMPARTMENT_IDS = LINES + MAX_ROWS * 8;
export const SEGMENT_IDS = COMPARTMENT_IDS + MAX_ROWS * 8;
export const EXPIRIES = SEGMENT_IDS + MAX_ROWS * 8;
export const VALUES = EXPIRIES + MAX_ROWS * 8;
export const DATA_BAGS = VALUES + MAX_ROWS * 16;
export const HIGH_HALVES = DATA_BAGS + MAX_ROWS * 16;
export const LOW_HALVES = HIGH_HALVES + MAX_ROWS * 8;
export const KINDS = LOW_HALVES + MAX_ROWS * 8;
export const UPDATES = KINDS + MAX_ROWS;
export const EXPIRY_MASK = UPDATES + MAX_ROWS;
export const DATA_BAG_MASK = EXPIRY_MASK + MAX_ROWS / 8;

/** Where what is hashed of each row begins and ends. */
export const STARTS = memory.data(MAX_ROWS * 4, 16);
export const ENDS = memory.data(MAX_ROWS * 4, 16);

/**
 * 16 bytes of ones, then 16 of zeros: what is loaded from within keeps as many bytes as it begins
 * before the zeros.
 */
const KEEP = memory.data<u32>([~0, ~0, ~0, ~0, 0, 0, 0, 0]);

/** Bytes behind a text that may be read and written with it. */
export const SLACK: u32 = 32;

/** Texts of the batch, one behind the other. */
export const TEXTS: usize = (__heap_base + 15) & ~15;
/** A batch that holds as much text is full. */
export const MAX_TEXT_BYTES: u32 = 1024 * 1024;
/**
 * A command may come on top of that: an identifier, of as many characters as a line may have bytes,
 * and a data bag.
 */
const TEXT_ROOM: u32 = MAX_TEXT_BYTES + 3 * 1024 * 1024 + 128 * 1024;

/** Lines that are read. */
export const INPUT: usize = TEXTS + TEXT_ROOM;
export const INPUT_BYTES: u32 = 256 * 1024;

/** A text at a time: of a name that is told, or of a cell without its doubled quotes. */
export const SCRATCH: usize = INPUT + INPUT_BYTES + SLACK;
export const SCRATCH_BYTES: u32 = 64 * 1024;

/** The tables of the catalogue. */
export const TABLES: usize = SCRATCH + SCRATCH_BYTES + SLACK;

/** Where a vector lies that keeps so many bytes of another, up to 16, and has zeros behind them. */
export function maskOf(bytes: u32): usize {
  return KEEP + 16 - bytes;
}

/** Copies a text by whole vectors: up to 15 bytes behind it are written as well. */
export function copyText(to: usize, from: usize, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += 16) v128.store(to + at, v128.load(from + at));
}
