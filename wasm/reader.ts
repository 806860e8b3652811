/**
 * Reads lines of NDJSON and CSV that are plainly valid commands into the columns of a batch, with
 * the keys of their users. src/import/parse/reader-module.ts loads it; what lies where is in
 * layout.ts.
 */
import { addCompartment, addName, addSegment, openCatalogue } from './catalogue';
import {
  addRow,
  beginCommand,
  clearBatch,
  endTexts,
  finishBatch,
  isFull,
  openDatamart,
  rowCount,
} from './columns';
import { ADDED, addCommand, forgetOdd, mayNoteOdd, NO_ROOM, oddAt, oddCount, openCommands } from './command';
import { endOfRow, findCells, openRows } from './csv';
import { COLUMNS, INPUT, INPUT_BYTES, SCRATCH, SCRATCH_BYTES, TEXTS } from './layout';
import { addDefault, addMember, constantAt, openMembers } from './members';
import { endOfObject, findMembers, forgetExpected } from './ndjson';

export {
  addDefault,
  addMember,
  clearBatch,
  endTexts,
  finishBatch,
  forgetOdd,
  oddAt,
  oddCount,
  openDatamart,
  openMembers,
  rowCount,
};

const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;

/** Why `read` came back: all is read, or as many lines as were asked for. */
const DONE: u32 = 0;
/** The next line is not plain. */
const NOT_PLAIN: u32 = 1;
/** There is no room for the next line. */
const FULL: u32 = 2;

let isCsv: bool = false;
/** How far `read` came: where the next line begins, lines that were passed, commands among them. */
let nextLine: usize = 0;
let passed: u32 = 0;
let taken: u32 = 0;

export function columnsAt(): usize {
  return COLUMNS;
}

export function textsAt(): usize {
  return TEXTS;
}

export function inputAt(): usize {
  return INPUT;
}

export function inputBytes(): u32 {
  return INPUT_BYTES;
}

export function scratchAt(): usize {
  return SCRATCH;
}

export function scratchBytes(): u32 {
  return SCRATCH_BYTES;
}

export function constantOf(field: u32): usize {
  return constantAt(field);
}

/** See `openCatalogue`; numbers are whole, and exact as an f64. */
export function openTables(segments: u32, compartments: u32, names: u32, nameBytes: u32): void {
  openCatalogue(segments, compartments, names, nameBytes);
}

/** A time to live of -1 is none. */
export function addSegmentId(id: f64, ttl: f64): void {
  addSegment(<u64>id, <i64>ttl);
}

export function addCompartmentId(id: f64): void {
  addCompartment(<u64>id);
}

export function addSegmentName(bytes: u32, id: f64, ttl: f64): bool {
  return addName(bytes, <u64>id, <i64>ttl);
}

/** What the lines of a document are read with. A separator of 0 is NDJSON. */
export function openLines(separator: u32, startDate: f64, linesBefore: f64, defaultCompartment: f64): void {
  isCsv = separator !== 0;
  openRows(<u8>separator);
  openCommands(<i64>startDate, <u64>linesBefore, <u64>defaultCompartment, isCsv);
  forgetExpected();
}

/** Begins a command that was read elsewhere; see `beginCommand`. */
export function beginRow(kind: u32, compartmentId: f64): usize {
  return beginCommand(kind, <u64>compartmentId);
}

export function addPair(line: f64, segmentId: f64, isUpdate: bool, expiresAt: f64): void {
  addRow(<u64>line, <u64>segmentId, isUpdate, <u64>expiresAt);
}

export function isBatchFull(): bool {
  return isFull(1);
}

export function linesPassed(): u32 {
  return passed;
}

export function linesTaken(): u32 {
  return taken;
}

export function nextLineAt(): usize {
  return nextLine;
}

/**
 * Reads lines that lie from `from` to `to` in INPUT, with a zero behind them: as long as they are
 * plain, at most `most`. Each is whole; the last one may have no line end where `isEnd`. The first
 * has the number `line`. Those that begin before `checkedFrom` are plain in ASCII alone: it is not
 * known whether they are valid UTF-8.
 */
export function read(from: usize, to: usize, isEnd: bool, line: f64, most: u32, checkedFrom: usize): u32 {
  const firstLine = <u64>line;
  nextLine = from;
  passed = 0;
  taken = 0;
  while (nextLine < to && taken < most) {
    const start = nextLine;
    let at = start;
    const first = load<u8>(start);
    if (first !== NEWLINE && first !== RETURN) {
      if (isFull(1) || !mayNoteOdd()) return FULL;
      if (hasBom(start) || (start < checkedFrom && !isAscii(start))) return NOT_PLAIN;
      if (!(isCsv ? findCells(start) : findMembers(start))) return NOT_PLAIN;
      at = isCsv ? endOfRow() : endOfObject();
    }
    if (load<u8>(at) === RETURN) at++;
    if (load<u8>(at) === NEWLINE) at++;
    else if (at !== to || !isEnd || load<u8>(at - 1) === RETURN) return NOT_PLAIN;
    if (first !== NEWLINE && first !== RETURN) {
      const outcome = addCommand(firstLine + passed);
      if (outcome === NO_ROOM) return FULL;
      if (outcome !== ADDED) return NOT_PLAIN;
      taken++;
    }
    passed++;
    nextLine = at;
  }
  return DONE;
}

/** Whether a line begins with a byte order mark, which does not count. */
function hasBom(start: usize): bool {
  return (load<u32>(start) & 0xff_ffff) === 0xbf_bbef;
}

/** Whether a line has bytes of ASCII alone; a zero ends it as well. */
function isAscii(start: usize): bool {
  let at = start;
  while (true) {
    const byte = load<u8>(at++);
    if (byte >= 0x80) return false;
    if (byte === NEWLINE || byte === 0) return true;
  }
}

/** Traps, for tests of what is done then. */
export function trap(): void {
  unreachable();
}
