import {
  COMPARTMENT_IDS,
  copyText,
  DATA_BAG_MASK,
  DATA_BAGS,
  ENDS,
  EXPIRIES,
  EXPIRY_MASK,
  KINDS,
  LINES,
  MAX_ROWS,
  MAX_TEXT_BYTES,
  maskOf,
  SCRATCH,
  SEGMENT_IDS,
  STARTS,
  TEXTS,
  UPDATES,
  VALUES,
} from './layout';
import { hashRows } from './user-keys';

/**
 * A batch of pairs as columns in the layout of DuckDB's vectors. Of a text in them that is longer
 * than INLINE_BYTES an entry says where in TEXTS it begins.
 */

const INLINE_BYTES: u32 = 12;
const COLON: u8 = 0x3a;
const ZERO: u8 = 0x30;

let rows: u32 = 0;
/** Bytes of TEXTS that are used. */
let used: u32 = 0;

/** The texts of the command at hand: where they begin and end, in TEXTS. */
let hashedStart: u32 = 0;
let valueStart: u32 = 0;
let valueEnd: u32 = 0;
let dataBagEnd: u32 = 0;
let kind: u32 = 0;
let compartmentId: u64 = 0;

/** What is hashed before each identifier: the datamart's id and a colon. */
const DATAMART = memory.data(32, 16);
let datamartBytes: u32 = 0;

/** Takes the id of the datamart, whose digits lie in SCRATCH. */
export function openDatamart(bytes: u32): void {
  copyText(DATAMART, SCRATCH, bytes);
  store<u8>(DATAMART + bytes, COLON);
  datamartBytes = bytes + 1;
}

export function rowCount(): u32 {
  return rows;
}

/** Whether so many rows more have no room. */
export function isFull(more: u32): bool {
  return rows + more > MAX_ROWS || used > MAX_TEXT_BYTES;
}

/**
 * Begins a command: writes what is hashed before its identifier, and gives where the identifier is
 * to be written.
 */
export function beginCommand(ofKind: u32, ofCompartmentId: u64): usize {
  kind = ofKind;
  compartmentId = ofCompartmentId;
  hashedStart = used;
  let at = TEXTS + used;
  copyText(at, DATAMART, datamartBytes);
  at += datamartBytes;
  // a kind is a digit
  store<u8>(at, ZERO + <u8>ofKind);
  store<u8>(at, COLON, 1);
  at = writeDigits(at + 2, ofCompartmentId);
  store<u8>(at, COLON);
  valueStart = <u32>(at + 1 - TEXTS);
  return at + 1;
}

/** Says how long the identifier is that was written, and the data bag right behind it. */
export function endTexts(valueBytes: u32, dataBagBytes: u32): void {
  valueEnd = valueStart + valueBytes;
  dataBagEnd = valueEnd + dataBagBytes;
  used = dataBagEnd;
}

/** Adds a row for the command at hand. An expiry of 0 is never. */
export function addRow(line: u64, segmentId: u64, isUpdate: bool, expiresAt: u64): void {
  const row = rows++;
  store<u64>(LINES + (row << 3), line);
  store<u64>(COMPARTMENT_IDS + (row << 3), compartmentId);
  store<u64>(SEGMENT_IDS + (row << 3), segmentId);
  store<u64>(EXPIRIES + (row << 3), expiresAt);
  storeEntry(VALUES + (row << 4), valueStart, valueEnd - valueStart);
  storeEntry(DATA_BAGS + (row << 4), valueEnd, dataBagEnd - valueEnd);
  store<u8>(KINDS + row, <u8>kind);
  store<u8>(UPDATES + row, <u8>isUpdate);
  setValid(EXPIRY_MASK, row, expiresAt !== 0);
  setValid(DATA_BAG_MASK, row, dataBagEnd !== valueEnd);
  store<u32>(STARTS + (row << 2), <u32>TEXTS + hashedStart);
  store<u32>(ENDS + (row << 2), <u32>TEXTS + valueEnd);
}

/** Makes the keys of all rows; gives how many bytes of TEXTS belong to them. */
export function finishBatch(): u32 {
  hashRows(rows);
  return used;
}

/** Forgets all rows. */
export function clearBatch(): void {
  rows = 0;
  used = 0;
}

/** A `duckdb_string_t` (duckdb.h). */
function storeEntry(entry: usize, start: u32, bytes: u32): void {
  const text = v128.load(TEXTS + start);
  store<u32>(entry, bytes);
  if (bytes > INLINE_BYTES) {
    store<u32>(entry, v128.extract_lane<u32>(text, 0), 4);
    store<u32>(entry, start, 8);
    return;
  }
  const kept = v128.and(text, v128.load(maskOf(bytes)));
  store<u32>(entry, v128.extract_lane<u32>(kept, 0), 4);
  store<u64>(entry, ((<u64>v128.extract_lane<u32>(kept, 2)) << 32) | v128.extract_lane<u32>(kept, 1), 8);
}

function setValid(mask: usize, row: u32, isValid: bool): void {
  const at = mask + (row >> 3);
  const bit: u32 = 1 << (row & 7);
  const others = load<u8>(at) & ~bit;
  store<u8>(at, <u8>(isValid ? others | bit : others));
}

/** Writes a number in digits; gives where it ends. */
function writeDigits(at: usize, number: u64): usize {
  let count: u32 = 1;
  for (let rest = number; rest > 9; rest /= 10) count++;
  let rest = number;
  for (let digit = count; digit > 0; digit--) {
    store<u8>(at + digit - 1, ZERO + <u8>(rest % 10));
    rest /= 10;
  }
  return at + count;
}
