import { copyDoubled } from './command';
import {
  COMPARTMENT,
  DURATION,
  forgetFields,
  INSTANT,
  mayBeList,
  noteEscapes,
  noteField,
  noteList,
  OPERATION,
  SEGMENT,
  SEGMENT_LIST,
} from './fields';
import { endOfList, OPENING_BRACKET, QUOTE, SPACE, skipSpaces } from './json';
import { SCRATCH, SCRATCH_BYTES } from './layout';
import {
  addDefaults,
  beginMapping,
  counts,
  fieldOf,
  IGNORED,
  isMappedMember,
  memberCount,
  NOT_PLAIN,
  replace,
} from './members';

/** Fields whose cells the reference parser trims; here by spaces and tabs alone: stricter. */
const TRIMMED: u32 =
  (1 << OPERATION) |
  (1 << COMPARTMENT) |
  (1 << SEGMENT) |
  (1 << SEGMENT_LIST) |
  (1 << DURATION) |
  (1 << INSTANT);
const DELETE_CHARACTER: u8 = 0x7f;
const TAB: u8 = 0x09;

let separator: u8 = 0;
/** Where the row ended that `findCells` found. */
let rowEnd: usize = 0;
/** Bytes of SCRATCH that hold cells of the row. */
let scratchUsed: u32 = 0;

export function openRows(ofSeparator: u8): void {
  separator = ofSeparator;
}

export function endOfRow(): usize {
  return rowEnd;
}

/**
 * Finds the cells of a row that begins at `start`; false where it is not plain, or has more cells
 * than the header. Whatever follows the last cell is for the caller to see.
 */
export function findCells(start: usize): bool {
  forgetFields();
  beginMapping();
  scratchUsed = 0;
  const columns = memberCount();
  let at = start;
  for (let column: u32 = 0; column < columns; column++) {
    const first = skipBlanks(at);
    if (load<u8>(first) === QUOTE) {
      let end = endOfQuoted(first + 1);
      let isDoubled = false;
      while (load<u8>(end) === QUOTE && load<u8>(end, 1) === QUOTE) {
        isDoubled = true;
        end = endOfQuoted(end + 2);
      }
      if (load<u8>(end) !== QUOTE || !takeCell(column, first + 1, end, isDoubled)) return false;
      at = skipBlanks(end + 1);
    } else {
      const end = endOfCell(first);
      if (!takeCell(column, at, end, false)) return false;
      at = end;
    }
    if (load<u8>(at) !== separator) {
      rowEnd = at;
      return addDefaults();
    }
    at++;
  }
  return false;
}

function isBlank(byte: u8): bool {
  return byte === SPACE || byte === TAB;
}

/** Passes over blanks around a quoted cell; tabs are blanks unless they are the separator. */
function skipBlanks(from: usize): usize {
  let at = from;
  while (load<u8>(at) === SPACE || (load<u8>(at) === TAB && separator !== TAB)) at++;
  return at;
}

/** Where a cell without quotes ends: at a separator or a control character, as line ends are. */
function endOfCell(from: usize): usize {
  let at = from;
  while (true) {
    const bytes = v128.load(at);
    const stops = v128.or(i8x16.eq(bytes, i8x16.splat(separator)), i8x16.lt_u(bytes, i8x16.splat(SPACE)));
    const mask = i8x16.bitmask(stops);
    if (mask === 0) {
      at += 16;
      continue;
    }
    at += <usize>ctz(mask);
    // a tab is a character like any other where it separates nothing
    if (load<u8>(at) !== TAB || separator === TAB) return at;
    at++;
  }
}

/** Where a quoted cell has its next quote, or a control character other than a tab. */
function endOfQuoted(from: usize): usize {
  let at = from;
  while (true) {
    const bytes = v128.load(at);
    const stops = v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.lt_u(bytes, i8x16.splat(SPACE)));
    const mask = i8x16.bitmask(stops);
    if (mask === 0) {
      at += 16;
      continue;
    }
    at += <usize>ctz(mask);
    if (load<u8>(at) !== TAB) return at;
    at++;
  }
}

/** Notes a cell as what a mapping makes of it; false: it is not plain. */
function takeCell(column: u32, cellStart: usize, cellEnd: usize, isDoubled: bool): bool {
  const field = fieldOf(column);
  if (cellStart === cellEnd || field === IGNORED) return true;
  if (field === NOT_PLAIN) return false;
  let start = cellStart;
  let end = cellEnd;
  if (isMappedMember(column)) {
    let first = start;
    while (first < end && isBlank(load<u8>(first))) first++;
    if (first === end) return true;
    // other characters may be blanks as well
    if (load<u8>(first) >= DELETE_CHARACTER) return false;
    if (!counts(column)) return true;
  }
  if ((TRIMMED & (1 << field)) !== 0) {
    while (start < end && isBlank(load<u8>(start))) start++;
    while (start < end && isBlank(load<u8>(end - 1))) end--;
    if (start === end) return true;
  }
  if (mayBeList(<u32>field))
    return !isMappedMember(column) && noteListCell(<u32>field, start, end, isDoubled);
  noteField(<u32>field, start, end);
  if (isDoubled) noteEscapes(<u32>field);
  return !isMappedMember(column) || replace(column, start, end, isDoubled);
}

/** Notes a JSON array, or one bare value. */
function noteListCell(field: u32, cellStart: usize, cellEnd: usize, isDoubled: bool): bool {
  let start = cellStart;
  let end = cellEnd;
  if (isDoubled) {
    const room = SCRATCH_BYTES - scratchUsed;
    if (end - start >= room) return false;
    start = SCRATCH + scratchUsed;
    const bytes = copyDoubled(start, cellStart, cellEnd);
    end = start + bytes;
    // what looks for an end stops there
    store<u8>(end, 0);
    scratchUsed += bytes + 1;
  }
  const first = skipSpaces(start);
  if (first < end && load<u8>(first) === OPENING_BRACKET) {
    const listEnd = endOfList(first);
    if (listEnd === 0 || listEnd > end || skipSpaces(listEnd) < end) return false;
    noteField(field, first, listEnd);
    noteList(field);
    return true;
  }
  noteField(field, start, end);
  return true;
}
