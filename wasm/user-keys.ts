/**
 * Keys of identifiers, many at a time: the first 128 bits of SHA-256 over each text, shown as a
 * version 8 UUID, which is `userKey` of src/model/user-key.ts. Four texts of the same number of
 * blocks are hashed side by side, one in each lane of a vector, which takes a sixth of the time of
 * `crypto.hash` (bench/user-keys.ts).
 */

import { ENDS, HIGH_HALVES, LOW_HALVES, maskOf, STARTS } from './layout';

const LANES: u32 = 4;
const BLOCK_BYTES: u32 = 64;
/** The end of a text: 0x80, zeros, and the number of its bits in eight bytes. */
const PADDING_BYTES: u32 = 9;
/**
 * Texts of one block and of two wait for three others; longer ones are rare and are hashed alone.
 */
const MAX_SHARED_BLOCKS: u32 = 2;

const ROUND_CONSTANTS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

const FIRST_STATE = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
/** The eight words of the hashes so far: a vector each. */
const STATE = memory.data(8 * 16, 16);
/** The words of a block, and those that are made of them: a vector each. */
const SCHEDULE = memory.data(64 * 16, 16);
/** The last one or two blocks of each lane's text, with their padding. */
const TAILS = memory.data(LANES * 2 * BLOCK_BYTES, 16);
/** Rows that wait for others, by number of blocks. */
const WAITING = memory.data((MAX_SHARED_BLOCKS + 1) * LANES * 4, 16);
const WAITING_COUNTS = memory.data((MAX_SHARED_BLOCKS + 1) * 4, 16);

/**
 * Makes the keys of the texts from STARTS to ENDS. A row with the text of the row before it has its
 * key.
 */
export function hashRows(rows: u32): void {
  for (let blocks: u32 = 1; blocks <= MAX_SHARED_BLOCKS; blocks++)
    store<u32>(WAITING_COUNTS + (blocks << 2), 0);
  for (let row: u32 = 0; row < rows; row++) {
    if (isRepeated(row)) continue;
    const blocks = (endOf(row) - startOf(row) + PADDING_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES;
    if (blocks <= MAX_SHARED_BLOCKS) wait(row, blocks);
    else hashLanes(row, row, row, row, blocks);
  }
  for (let blocks: u32 = 1; blocks <= MAX_SHARED_BLOCKS; blocks++) hashWaiting(blocks);
  for (let row: u32 = 1; row < rows; row++) {
    if (!isRepeated(row)) continue;
    store<u64>(HIGH_HALVES + (row << 3), load<u64>(HIGH_HALVES + ((row - 1) << 3)));
    store<u64>(LOW_HALVES + (row << 3), load<u64>(LOW_HALVES + ((row - 1) << 3)));
  }
}

function startOf(row: u32): u32 {
  return load<u32>(STARTS + (row << 2));
}

function endOf(row: u32): u32 {
  return load<u32>(ENDS + (row << 2));
}

function isRepeated(row: u32): bool {
  return row > 0 && startOf(row) === startOf(row - 1) && endOf(row) === endOf(row - 1);
}

function wait(row: u32, blocks: u32): void {
  const count = load<u32>(WAITING_COUNTS + (blocks << 2));
  store<u32>(WAITING + ((blocks * LANES + count) << 2), row);
  store<u32>(WAITING_COUNTS + (blocks << 2), count + 1);
  if (count + 1 === LANES) hashWaiting(blocks);
}

/**
 * Hashes those that wait; where they are fewer than the lanes, the first of them fills the others.
 */
function hashWaiting(blocks: u32): void {
  const count = load<u32>(WAITING_COUNTS + (blocks << 2));
  if (count === 0) return;
  const rows = WAITING + ((blocks * LANES) << 2);
  const first = load<u32>(rows);
  hashLanes(
    first,
    count > 1 ? load<u32>(rows, 4) : first,
    count > 2 ? load<u32>(rows, 8) : first,
    count > 3 ? load<u32>(rows, 12) : first,
    blocks,
  );
  store<u32>(WAITING_COUNTS + (blocks << 2), 0);
}

/** Hashes four texts of so many blocks each, and stores their keys. */
function hashLanes(row0: u32, row1: u32, row2: u32, row3: u32, blocks: u32): void {
  const whole0 = makeTail(0, row0);
  const whole1 = makeTail(1, row1);
  const whole2 = makeTail(2, row2);
  const whole3 = makeTail(3, row3);
  for (let word: u32 = 0; word < 8; word++)
    v128.store(STATE + (word << 4), i32x4.splat(load<i32>(FIRST_STATE + (word << 2))));
  for (let block: u32 = 0; block < blocks; block++) {
    loadWords(
      blockAt(startOf(row0), whole0, 0, block),
      blockAt(startOf(row1), whole1, 1, block),
      blockAt(startOf(row2), whole2, 2, block),
      blockAt(startOf(row3), whole3, 3, block),
    );
    compress();
  }
  storeKey(row0, 0);
  storeKey(row1, 1);
  storeKey(row2, 2);
  storeKey(row3, 3);
}

/** Takes the block of each lane whose words are in SCHEDULE into STATE. */
function compress(): void {
  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  for (let round: u32 = 0; round < 64; round++) {
    const word = round < 16 ? v128.load(SCHEDULE + (round << 4)) : nextWord(round);
    const sum1 = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
    const choice = v128.bitselect(f, g, e);
    const constant = i32x4.splat(load<i32>(ROUND_CONSTANTS + (round << 2)));
    const first = i32x4.add(i32x4.add(i32x4.add(h, sum1), i32x4.add(choice, constant)), word);
    const sum0 = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
    const majority = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)));
    h = g;
    g = f;
    f = e;
    e = i32x4.add(d, first);
    d = c;
    c = b;
    b = a;
    a = i32x4.add(first, i32x4.add(sum0, majority));
  }
  addToState(0, a);
  addToState(1, b);
  addToState(2, c);
  addToState(3, d);
  addToState(4, e);
  addToState(5, f);
  addToState(6, g);
  addToState(7, h);
}

function addToState(word: u32, more: v128): void {
  const at = STATE + (word << 4);
  v128.store(at, i32x4.add(v128.load(at), more));
}

/**
 * Makes the last one or two blocks of a lane's text; gives how many whole blocks are before them.
 */
function makeTail(lane: u32, row: u32): u32 {
  const start = startOf(row);
  const bytes = endOf(row) - start;
  const whole = bytes / BLOCK_BYTES;
  const from = start + whole * BLOCK_BYTES;
  const rest = bytes % BLOCK_BYTES;
  const tail = TAILS + lane * 2 * BLOCK_BYTES;
  const tailBytes = rest + PADDING_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  for (let at: u32 = 0; at < tailBytes; at += 16) {
    const left = rest > at ? min<u32>(rest - at, 16) : 0;
    const text = left > 0 ? v128.load(from + at) : i32x4.splat(0);
    v128.store(tail + at, v128.and(text, v128.load(maskOf(left))));
  }
  store<u8>(tail + rest, 0x80);
  store<u64>(tail + tailBytes - 8, bswap<u64>((<u64>bytes) << 3));
  return whole;
}

/** Where a block of a lane's text lies: in the text, or behind its whole blocks in the tail. */
function blockAt(start: u32, whole: u32, lane: u32, block: u32): usize {
  return block < whole
    ? <usize>(start + block * BLOCK_BYTES)
    : TAILS + <usize>((lane * 2 + block - whole) * BLOCK_BYTES);
}

/** Loads the 16 words of a block of each lane, so that a vector has the same word of all four. */
function loadWords(block0: usize, block1: usize, block2: usize, block3: usize): void {
  for (let at: u32 = 0; at < BLOCK_BYTES; at += 16) {
    const lane0 = bigEndian(v128.load(block0 + at));
    const lane1 = bigEndian(v128.load(block1 + at));
    const lane2 = bigEndian(v128.load(block2 + at));
    const lane3 = bigEndian(v128.load(block3 + at));
    const low01 = v128.shuffle<u32>(lane0, lane1, 0, 4, 1, 5);
    const high01 = v128.shuffle<u32>(lane0, lane1, 2, 6, 3, 7);
    const low23 = v128.shuffle<u32>(lane2, lane3, 0, 4, 1, 5);
    const high23 = v128.shuffle<u32>(lane2, lane3, 2, 6, 3, 7);
    const words = SCHEDULE + (at << 2);
    v128.store(words, v128.shuffle<u64>(low01, low23, 0, 2));
    v128.store(words, v128.shuffle<u64>(low01, low23, 1, 3), 16);
    v128.store(words, v128.shuffle<u64>(high01, high23, 0, 2), 32);
    v128.store(words, v128.shuffle<u64>(high01, high23, 1, 3), 48);
  }
}

function bigEndian(words: v128): v128 {
  return v128.shuffle<u8>(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** A word behind the 16 of the block, made of those before it and stored for those behind it. */
function nextWord(round: u32): v128 {
  const at = SCHEDULE + (round << 4);
  const before15 = v128.load(at - 15 * 16);
  const before2 = v128.load(at - 2 * 16);
  const sigma0 = v128.xor(v128.xor(rotate(before15, 7), rotate(before15, 18)), i32x4.shr_u(before15, 3));
  const sigma1 = v128.xor(v128.xor(rotate(before2, 17), rotate(before2, 19)), i32x4.shr_u(before2, 10));
  const word = i32x4.add(
    i32x4.add(v128.load(at - 16 * 16), sigma0),
    i32x4.add(v128.load(at - 7 * 16), sigma1),
  );
  v128.store(at, word);
  return word;
}

/** Rotates to the right. */
function rotate(words: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(words, bits), i32x4.shl(words, 32 - bits));
}

/** Stores the halves of a lane's key, with the bits by which RFC 9562 tells version and variant. */
function storeKey(row: u32, lane: u32): void {
  const at = STATE + (lane << 2);
  const version8 = (load<u32>(at, 16) & 0xffff_0fff) | 0x8000;
  const variant = (load<u32>(at, 32) & 0x3fff_ffff) | 0x8000_0000;
  store<u64>(HIGH_HALVES + (row << 3), ((<u64>load<u32>(at)) << 32) | <u64>version8);
  store<u64>(LOW_HALVES + (row << 3), ((<u64>variant) << 32) | <u64>load<u32>(at, 48));
}
