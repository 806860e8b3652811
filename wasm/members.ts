import { FIELDS, forgetIdentifiers, IDENTIFIERS, noteField, presentFields } from './fields';
import { copyText, SCRATCH } from './layout';

/**
 * The members of NDJSON objects, or the columns of a CSV, and what a mapping makes of them. The
 * rules of a mapping itself are in src/import/mapping/plain-mapping.ts, which is asked by
 * `replaceValue`.
 */

/** Puts what a value stands for in `constantAt`; gives its length; 0: itself; -1: not plain. */
declare function replaceValue(member: u32, start: usize, end: usize): i32;

/** As many columns are read here; files that have more are left to the reference parser. */
export const MAX_MEMBERS: u32 = 512;
/** The longest name of a member, with both quotes. */
const NAME_BYTES: u32 = 64;
const MEMBER_BYTES: u32 = 16;
/** A longer constant is not plain. */
const CONSTANT_BYTES: u32 = 1024;

/** Values of a member that no field has. */
export const IGNORED: i32 = -1;
/** A column that matters but not to plain commands: a row with anything in it is not plain. */
export const NOT_PLAIN: i32 = -2;

const MEMBERS = memory.data(MAX_MEMBERS * MEMBER_BYTES, 16);
const NAMES = memory.data(32 * NAME_BYTES, 16);
const NAME_MASKS = memory.data(32 * NAME_BYTES, 16);
const CONSTANTS = memory.data((FIELDS + 1) * CONSTANT_BYTES, 16);

/** Bit flags of a member. */
const MAPPED: u32 = 1;
const REPLACED: u32 = 2;

let count: u32 = 0;
let isMapped: bool = false;

/** What a record has by default: the field (-1: not plain), unless it has one of a group. */
const MAX_DEFAULTS: u32 = 16;
const DEFAULTS = memory.data(MAX_DEFAULTS * MEMBER_BYTES, 16);
const DEFAULT_TEXTS = memory.data(MAX_DEFAULTS * CONSTANT_BYTES, 16);
let defaults: u32 = 0;

/** By field: the rank of the member that it was taken from; -1: none has been. */
const RANKS = memory.data(FIELDS * 4, 16);
let identifierRank: i32 = -1;

/**
 * What values of the first members stood for: words and expiries of a file are few, and asking
 * takes far longer than reading a line. An entry has the length of the text, what `replaceValue`
 * gave, and both texts.
 */
const KNOWN_MEMBERS: u32 = 32;
const KNOWN_VALUES: u32 = 16;
const KNOWN_BYTES: u32 = 48;
const KNOWN_TEXT: usize = 16;
const KNOWN_CONSTANT: usize = 64;
const KNOWN_ENTRY_BYTES: u32 = 112;
const KNOWN = memory.data(KNOWN_MEMBERS * KNOWN_VALUES * KNOWN_ENTRY_BYTES, 16);

/** Forgets all members. */
export function openMembers(withMapping: bool): void {
  memory.fill(KNOWN, 0, KNOWN_MEMBERS * KNOWN_VALUES * KNOWN_ENTRY_BYTES);
  count = 0;
  defaults = 0;
  isMapped = withMapping;
}

/** Adds a member; its name in quotes lies in SCRATCH, where the format has one in each record. */
export function addMember(field: i32, rank: i32, flags: u32, nameBytes: u32): void {
  const at = MEMBERS + count * MEMBER_BYTES;
  store<i32>(at, field);
  store<i32>(at, rank, 4);
  store<u32>(at, flags, 8);
  store<u32>(at, nameBytes, 12);
  if (nameBytes > 0) {
    memory.copy(NAMES + count * NAME_BYTES, SCRATCH, nameBytes);
    memory.fill(NAME_MASKS + count * NAME_BYTES, 0, NAME_BYTES);
    memory.fill(NAME_MASKS + count * NAME_BYTES, 0xff, nameBytes);
  }
  count++;
}

/** Adds a default, whose text lies in SCRATCH. */
export function addDefault(field: i32, unless: u32, bytes: u32): void {
  const at = DEFAULTS + defaults * MEMBER_BYTES;
  store<i32>(at, field);
  store<u32>(at, unless, 4);
  store<u32>(at, bytes, 8);
  copyText(DEFAULT_TEXTS + defaults * CONSTANT_BYTES, SCRATCH, bytes);
  defaults++;
}

export function constantAt(field: u32): usize {
  return CONSTANTS + field * CONSTANT_BYTES;
}

export function memberCount(): u32 {
  return count;
}

export function fieldOf(member: u32): i32 {
  return load<i32>(MEMBERS + member * MEMBER_BYTES);
}

export function nameBytesOf(member: u32): u32 {
  return load<u32>(MEMBERS + member * MEMBER_BYTES, 12);
}

export function isMappedMember(member: u32): bool {
  return (load<u32>(MEMBERS + member * MEMBER_BYTES, 8) & MAPPED) !== 0;
}

/** Whether a member's name in quotes begins here. */
export function isNamed(start: usize, member: u32): bool {
  const name = NAMES + member * NAME_BYTES;
  const mask = NAME_MASKS + member * NAME_BYTES;
  const bytes = nameBytesOf(member);
  for (let at: u32 = 0; at < bytes; at += 16) {
    const differs = v128.xor(v128.load(start + at), v128.load(name + at));
    if (v128.any_true(v128.and(differs, v128.load(mask + at)))) return false;
  }
  return true;
}

/** The member whose name in quotes begins here; -1: it is none of them. */
export function memberAt(start: usize): i32 {
  for (let member: u32 = 0; member < count; member++) if (isNamed(start, member)) return <i32>member;
  return -1;
}

/** To be called before the fields of a record are found. */
export function beginMapping(): void {
  if (!isMapped) return;
  identifierRank = -1;
  memory.fill(RANKS, 0xff, FIELDS * 4);
}

/** Whether a value that is filled counts: not where a column before it in the mapping has one. */
export function counts(member: u32): bool {
  const rank = load<i32>(MEMBERS + member * MEMBER_BYTES, 4);
  if (rank < 0) return true;
  const field = <u32>fieldOf(member);
  if ((IDENTIFIERS & (1 << field)) !== 0) {
    if (identifierRank >= 0 && identifierRank < rank) return false;
    // what came before it in the record comes after it in the mapping
    if (identifierRank >= 0) forgetIdentifiers();
    identifierRank = rank;
    return true;
  }
  const before = load<i32>(RANKS + (field << 2));
  if (before >= 0 && before < rank) return false;
  store<i32>(RANKS + (field << 2), rank);
  return true;
}

/** Puts what a value stands for in its place; false: this is not plainly told. */
export function replace(member: u32, start: usize, end: usize, hasEscapes: bool): bool {
  if ((load<u32>(MEMBERS + member * MEMBER_BYTES, 8) & REPLACED) === 0) return true;
  if (hasEscapes) return false;
  const field = <u32>fieldOf(member);
  const entry = entryOf(member, start, end);
  if (entry !== 0 && isKnown(entry, start, <u32>(end - start)))
    return noteConstant(field, entry + KNOWN_CONSTANT, load<i32>(entry, 4));
  const bytes = replaceValue(member, start, end);
  if (entry !== 0 && bytes <= <i32>KNOWN_BYTES) {
    store<u32>(entry, <u32>(end - start));
    store<i32>(entry, bytes, 4);
    memory.copy(entry + KNOWN_TEXT, start, end - start);
    if (bytes > 0) memory.copy(entry + KNOWN_CONSTANT, constantAt(field), bytes);
  }
  return noteConstant(field, constantAt(field), bytes);
}

function noteConstant(field: u32, constant: usize, bytes: i32): bool {
  if (bytes > 0) noteField(field, constant, constant + bytes);
  return bytes >= 0;
}

/** Where it is kept what a value stands for; 0: nowhere. */
function entryOf(member: u32, start: usize, end: usize): usize {
  const bytes = <u32>(end - start);
  if (member >= KNOWN_MEMBERS || bytes === 0 || bytes > KNOWN_BYTES) return 0;
  const place = (<u32>load<u8>(start) ^ <u32>load<u8>(end - 1) ^ bytes) % KNOWN_VALUES;
  return KNOWN + (member * KNOWN_VALUES + place) * KNOWN_ENTRY_BYTES;
}

function isKnown(entry: usize, start: usize, bytes: u32): bool {
  return load<u32>(entry) === bytes && memory.compare(entry + KNOWN_TEXT, start, bytes) === 0;
}

/** Adds what a record lacks; false: this is not plainly told. */
export function addDefaults(): bool {
  const present = presentFields();
  for (let index: u32 = 0; index < defaults; index++) {
    const at = DEFAULTS + index * MEMBER_BYTES;
    if ((present & load<u32>(at, 4)) !== 0) continue;
    const field = load<i32>(at);
    if (field < 0) return false;
    const text = DEFAULT_TEXTS + index * CONSTANT_BYTES;
    noteField(<u32>field, text, text + load<u32>(at, 8));
  }
  return true;
}
