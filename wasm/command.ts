import { findSegment, findSegmentNamed, foundSegment, foundTtl, isCompartment } from './catalogue';
import { addRow, beginCommand, endTexts, isFull } from './columns';
import {
  ACCOUNT,
  AGENT,
  COMPARTMENT,
  DATA_BAG,
  DURATION,
  EMAIL,
  endOf,
  hasField,
  IDENTIFIERS,
  INSTANT,
  isEscaped,
  isListed,
  NAME_LIST,
  OPERATION,
  presentFields,
  SEGMENT,
  SEGMENT_LIST,
  startOf,
  TECHNICAL_NAME,
} from './fields';
import {
  BACKSLASH,
  CLOSING_BRACKET,
  COMMA,
  endOfDigits,
  endOfText,
  isDigit,
  isObject,
  QUOTE,
  SPACE,
  skipSpaces,
  unescaped,
  wasEmpty,
} from './json';
import { copyText, maskOf } from './layout';

/**
 * The fast way through `parseCommand` for the commands that nearly all are: one identifier, known
 * segments, whole numbers. It knows a part of the rules and none of the messages: what it does not
 * plainly see to be valid, the reference parser reads. So a condition here may be stricter than the
 * rule, never laxer; test/import/plain.test.ts holds the two together.
 */

/** What came of a record. */
export const REFUSED: u32 = 0;
export const ADDED: u32 = 1;
/** It is plain, and the batch has no room for it. */
export const NO_ROOM: u32 = 2;

/** KIND_BIT of src/model/identifier.ts. */
const USER_ACCOUNT: u32 = 1;
const USER_EMAIL: u32 = 2;
const USER_AGENT: u32 = 4;

/** src/import/parse-expiry.ts */
const MINUTE_MS: i64 = 60_000;
const LEAST_INSTANT_MS: i64 = 100_000_000_000;
const LAST_INSTANT_MS: i64 = 253_402_300_799_999;
/** src/import/warnings.ts */
const FAR_EXPIRY_MS: i64 = 3653 * 86_400_000;
const FAR_INSTANT: u32 = 32;
const FAR_DURATION: u32 = 64;

/** As many digits are exact as a number, whichever they are. */
const MAX_DIGITS: u32 = 15;
const MAX_DURATION_DIGITS: u32 = 9;
const MAX_DATA_BAG_BYTES: u32 = 64 * 1024;
/** Segments of one command; one that names more is not plain. */
const MAX_TARGETS: u32 = 64;
const ZERO: u8 = 0x30;
const AT: u8 = 0x40;
const DELETE_CHARACTER: u8 = 0x7f;
const EMPTY_OBJECT: u16 = 0x7d7b;

const TARGET_IDS = memory.data(MAX_TARGETS * 8, 16);
const TARGET_TTLS = memory.data(MAX_TARGETS * 8, 16);
let targets: u32 = 0;

let startDate: i64 = 0;
let linesBefore: u64 = 0;
let defaultCompartment: u64 = 0;
/** Whether the identifier of a data bag's bytes was written in a CSV, where quotes are doubled. */
let doublesQuotes: bool = false;

/** Commands that may be odd, for whoever tells how: line, kind, bits known, and the value. */
const MAX_ODD: u32 = 256;
const ODD_BYTES: u32 = 24;
const ODD = memory.data(MAX_ODD * ODD_BYTES, 16);
let odd: u32 = 0;

export function openCommands(
  ofStartDate: i64,
  ofLinesBefore: u64,
  ofDefaultCompartment: u64,
  ofDoublesQuotes: bool,
): void {
  startDate = ofStartDate;
  linesBefore = ofLinesBefore;
  defaultCompartment = ofDefaultCompartment;
  doublesQuotes = ofDoublesQuotes;
}

export function oddAt(): usize {
  return ODD;
}

export function oddCount(): u32 {
  return odd;
}

export function forgetOdd(): void {
  odd = 0;
}

export function mayNoteOdd(): bool {
  return odd < MAX_ODD;
}

/** Adds the pairs of the record whose fields have been found. */
export function addCommand(line: u64): u32 {
  const identifier = identifierIn(presentFields() & IDENTIFIERS);
  if (identifier === 0 || !hasField(OPERATION)) return REFUSED;
  const isUpdate = isWord(0x41445055, 0x4554); // UPDATE
  if (!isUpdate && !isWord(0x454c4544, 0x4554)) return REFUSED; // DELETE

  const start = startOf(identifier);
  const end = endOf(identifier);
  if (start === end || isEscaped(identifier) || !isVisible(load<u8>(start))) return REFUSED;
  const hints = hintsIn(start, end);
  if (identifier === EMAIL && (hints & HINT.ADDRESS) !== 0) return REFUSED;
  let compartmentId: u64 = 0;
  if (identifier === ACCOUNT) {
    compartmentId = compartment();
    if (compartmentId === 0) return REFUSED;
  }
  if (!findTargets()) return REFUSED;
  // a command is in one batch with all its segments
  if (isFull(targets)) return NO_ROOM;
  let expiresAt: i64 = 0;
  if (isUpdate) {
    expiresAt = writtenExpiry();
    if (expiresAt === INVALID || !canExpire(expiresAt)) return REFUSED;
  }
  const kind = kindOf(identifier);
  const valueBytes = <u32>(end - start);
  const value = beginCommand(kind, compartmentId);
  copyText(value, start, valueBytes);
  const bagBytes = isUpdate && hasField(DATA_BAG) ? writeDataBag(value + valueBytes) : 0;
  if (bagBytes < 0) return REFUSED;
  endTexts(valueBytes, <u32>bagBytes);
  for (let index: u32 = 0; index < targets; index++) {
    const ttl = load<i64>(TARGET_TTLS + (index << 3));
    const at = !isUpdate ? 0 : expiresAt === ABSENT ? startDate + ttl : expiresAt;
    addRow(line + linesBefore, load<u64>(TARGET_IDS + (index << 3)), isUpdate, <u64>at);
  }
  const isFar = isUpdate && expiresAt > startDate + FAR_EXPIRY_MS;
  const far: u32 = !isFar ? 0 : hasField(INSTANT) ? FAR_INSTANT : FAR_DURATION;
  if (far !== 0 || mayBeOdd(identifier, start, end, hints)) noteOdd(line, kind, far, start, end);
  return ADDED;
}

/** The field of the one identifier there is, or 0. */
function identifierIn(present: u32): u32 {
  if (present === 1 << ACCOUNT) return ACCOUNT;
  if (present === 1 << EMAIL) return EMAIL;
  return present === 1 << AGENT ? AGENT : 0;
}

function kindOf(identifier: u32): u32 {
  if (identifier === ACCOUNT) return USER_ACCOUNT;
  return identifier === EMAIL ? USER_EMAIL : USER_AGENT;
}

/** Whether the operation is the word of six bytes. */
function isWord(four: u32, two: u16): bool {
  const start = startOf(OPERATION);
  return endOf(OPERATION) - start === 6 && load<u32>(start) === four && load<u16>(start, 4) === two;
}

/** Whether a byte is a character of ASCII that is no blank. */
function isVisible(byte: u8): bool {
  return byte > SPACE && byte < DELETE_CHARACTER;
}

/** What bytes an identifier has: one look for them tells that nearly none is odd. */
namespace HINT {
  export const ADDRESS: u32 = 1;
  /** . , + */
  export const POINT: u32 = 2;
  /** A to F */
  export const CAPITAL: u32 = 4;
  /** e and E */
  export const EXPONENT: u32 = 8;
}

function hintsIn(start: usize, end: usize): u32 {
  let addresses = i8x16.splat(0);
  let points = i8x16.splat(0);
  let capitals = i8x16.splat(0);
  let exponents = i8x16.splat(0);
  for (let at = start; at < end; at += 16) {
    const mask = v128.load(maskOf(<u32>min<usize>(end - at, 16)));
    const bytes = v128.and(v128.load(at), mask);
    addresses = v128.or(addresses, i8x16.eq(bytes, i8x16.splat(AT)));
    points = v128.or(points, i8x16.eq(bytes, i8x16.splat(0x2e)));
    // comma and plus are next to each other
    points = v128.or(points, i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x2b)), i8x16.splat(2)));
    capitals = v128.or(capitals, i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(6)));
    exponents = v128.or(exponents, i8x16.eq(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x65)));
  }
  let hints: u32 = 0;
  if (v128.any_true(addresses)) hints |= HINT.ADDRESS;
  if (v128.any_true(points)) hints |= HINT.POINT;
  if (v128.any_true(capitals)) hints |= HINT.CAPITAL;
  if (v128.any_true(exponents)) hints |= HINT.EXPONENT;
  return hints;
}

/** Whether `oddIdentifier` is to look at an identifier: no where it certainly finds nothing. */
function mayBeOdd(identifier: u32, start: usize, end: usize, hints: u32): bool {
  const last = load<u8>(end - 1);
  if (!isVisible(last)) return true;
  if ((hints & (identifier === EMAIL ? HINT.CAPITAL : HINT.ADDRESS)) !== 0) return true;
  if ((hints & HINT.POINT) === 0) return false;
  // such a number ends in a zero or has an exponent
  const first = load<u8>(start);
  const isNumber = isDigit(first) || first === 0x2b || first === 0x2d;
  return isNumber && (last === ZERO || (hints & HINT.EXPONENT) !== 0);
}

function noteOdd(line: u64, kind: u32, known: u32, start: usize, end: usize): void {
  const at = ODD + odd * ODD_BYTES;
  store<f64>(at, <f64>line);
  store<u32>(at, kind, 8);
  store<u32>(at, known, 12);
  store<u32>(at, <u32>start, 16);
  store<u32>(at, <u32>end, 20);
  odd++;
}

/** 0: not plainly one. */
function compartment(): u64 {
  if (!hasField(COMPARTMENT)) return defaultCompartment;
  const id = numberAt(startOf(COMPARTMENT), endOf(COMPARTMENT), MAX_DIGITS);
  return id > 0 && isCompartment(<u64>id) ? <u64>id : 0;
}

/** A whole number written in digits, without leading zeros, or -1. */
function numberAt(start: usize, end: usize, maxDigits: u32): i64 {
  const digits = <u32>(end - start);
  if (digits === 0 || digits > maxDigits) return -1;
  if (load<u8>(start) === ZERO && digits > 1) return -1;
  let number: i64 = 0;
  for (let at = start; at < end; at++) {
    const digit = <u8>(load<u8>(at) - ZERO);
    if (digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Finds the segments that the record names, each once; false: not plainly any. */
function findTargets(): bool {
  targets = 0;
  return (
    addTargets(SEGMENT, false) &&
    addTargets(SEGMENT_LIST, false) &&
    addTargets(TECHNICAL_NAME, true) &&
    addTargets(NAME_LIST, true) &&
    targets > 0
  );
}

function addTargets(field: u32, isName: bool): bool {
  if (!hasField(field)) return true;
  if (isEscaped(field)) return false;
  if (!isListed(field)) return addTarget(startOf(field), endOf(field), isName);
  // the array has been seen to be one
  let at = startOf(field) + 1;
  while (true) {
    at = skipSpaces(at);
    const isText = load<u8>(at) === QUOTE;
    const start = isText ? at + 1 : at;
    const end = isText ? endOfText(start) : endOfDigits(start);
    if (!addTarget(start, end, isName)) return false;
    at = skipSpaces(isText ? end + 1 : end);
    if (load<u8>(at) !== COMMA) return load<u8>(at) === CLOSING_BRACKET;
    at++;
  }
}

function addTarget(start: usize, end: usize, isName: bool): bool {
  if (isName) {
    if (!findSegmentNamed(start, <u32>(end - start))) return false;
  } else {
    const id = numberAt(start, end, MAX_DIGITS);
    if (id <= 0 || !findSegment(<u64>id)) return false;
  }
  const id = foundSegment();
  for (let index: u32 = 0; index < targets; index++)
    if (load<u64>(TARGET_IDS + (index << 3)) === id) return true;
  if (targets === MAX_TARGETS) return false;
  store<u64>(TARGET_IDS + (targets << 3), id);
  store<i64>(TARGET_TTLS + (targets << 3), foundTtl());
  targets++;
  return true;
}

/** No expiry is written: the default of each segment counts. */
const ABSENT: i64 = -1;
const INVALID: i64 = -2;

/** When the memberships end that the record makes; 0: never. */
function writtenExpiry(): i64 {
  if (hasField(INSTANT)) {
    const instant = numberAt(startOf(INSTANT), endOf(INSTANT), MAX_DIGITS);
    return instant === 0 || instant >= LEAST_INSTANT_MS ? instant : INVALID;
  }
  if (!hasField(DURATION)) return ABSENT;
  const minutes = numberAt(startOf(DURATION), endOf(DURATION), MAX_DURATION_DIGITS);
  if (minutes < 0) return INVALID;
  return minutes === 0 ? 0 : startDate + minutes * MINUTE_MS;
}

/** Whether all memberships end when they may. */
function canExpire(expiresAt: i64): bool {
  if (expiresAt !== ABSENT) return expiresAt <= LAST_INSTANT_MS;
  for (let index: u32 = 0; index < targets; index++) {
    const ttl = load<i64>(TARGET_TTLS + (index << 3));
    if (ttl < 0 || startDate + ttl > LAST_INSTANT_MS) return false;
  }
  return true;
}

/** Writes the data bag; gives its length, or -1 where it plainly is none. */
function writeDataBag(to: usize): i32 {
  const start = startOf(DATA_BAG);
  const end = endOf(DATA_BAG);
  if (end - start > MAX_DATA_BAG_BYTES) return -1;
  let bytes = <u32>(end - start);
  if (!isEscaped(DATA_BAG)) copyText(to, start, bytes);
  else bytes = doublesQuotes ? copyDoubled(to, start, end) : copyEscaped(to, start, end);
  store<u8>(to + bytes, 0);
  if (!isObject(to, to + bytes)) return -1;
  if (!wasEmpty()) return bytes;
  store<u16>(to, EMPTY_OBJECT);
  return 2;
}

/** Copies a text of JSON without its escapes, which have been seen to be some. */
function copyEscaped(to: usize, start: usize, end: usize): u32 {
  let out = to;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    store<u8>(out++, byte === BACKSLASH ? unescaped(load<u8>(++at)) : byte);
  }
  return <u32>(out - to);
}

/** Copies a quoted cell, in which a quote stands for two. */
export function copyDoubled(to: usize, start: usize, end: usize): u32 {
  let out = to;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    store<u8>(out++, byte);
    if (byte === QUOTE) at++;
  }
  return <u32>(out - to);
}
