import { DATA_BAG, forgetFields, mayBeList, noteEscapes, noteField, noteList, OPERATION } from './fields';
import {
  BACKSLASH,
  CLOSING_BRACE,
  COLON,
  COMMA,
  endOfDigits,
  endOfList,
  endOfText,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
  SPACE,
  skipSpaces,
  unescaped,
} from './json';
import {
  addDefaults,
  beginMapping,
  counts,
  fieldOf,
  isMappedMember,
  isNamed,
  memberAt,
  nameBytesOf,
  replace,
} from './members';

/** As many bits as a number has for them. */
const MAX_OBJECT_MEMBERS: u32 = 31;
/**
 * By place in an object: the member that the last object had there. Objects of a file nearly always
 * have their members in one order, which spares looking for their names.
 */
const EXPECTED = memory.data(MAX_OBJECT_MEMBERS + 1, 16);

/** Where the object ended that `findMembers` found. */
let objectEnd: usize = 0;

export function endOfObject(): usize {
  return objectEnd;
}

/** To be called when there are other members. */
export function forgetExpected(): void {
  memory.fill(EXPECTED, 0, MAX_OBJECT_MEMBERS + 1);
}

/**
 * Finds the fields of a flat object of known members, each at most once, that begins at `start`;
 * false for anything that is not plain.
 */
export function findMembers(start: usize): bool {
  if (load<u8>(start) !== OPENING_BRACE) return false;
  forgetFields();
  beginMapping();
  let seen: u32 = 0;
  let at = start + 1;
  for (let place: u32 = 0; ; place++) {
    if (load<u8>(at) === SPACE) at = skipSpaces(at);
    let member = <u32>load<u8>(EXPECTED + place);
    if (!isNamed(at, member)) {
      const other = memberAt(at);
      if (other < 0) return false;
      member = <u32>other;
      store<u8>(EXPECTED + place, <u8>member);
    }
    const bit: u32 = 1 << member;
    if ((seen & bit) !== 0 || fieldOf(member) < 0) return false;
    seen |= bit;
    at += nameBytesOf(member);
    if (load<u8>(at) === SPACE) at = skipSpaces(at);
    if (load<u8>(at) !== COLON) return false;
    at++;
    if (load<u8>(at) === SPACE) at = skipSpaces(at);
    at = findValue(at, member);
    if (at === 0) return false;
    if (load<u8>(at) === SPACE) at = skipSpaces(at);
    const next = load<u8>(at++);
    if (next === CLOSING_BRACE) break;
    if (next !== COMMA) return false;
  }
  objectEnd = at;
  return addDefaults();
}

/** Notes the value that begins at `start`; gives where it ends, or 0. */
function findValue(start: usize, member: u32): usize {
  const field = <u32>fieldOf(member);
  const first = load<u8>(start);
  if (first === QUOTE) {
    const textStart = start + 1;
    let end = endOfText(textStart);
    let hasEscapes = false;
    while (load<u8>(end) === BACKSLASH) {
      if (field !== DATA_BAG || unescaped(load<u8>(end, 1)) === 0) return 0;
      hasEscapes = true;
      end = endOfText(end + 2);
    }
    if (load<u8>(end) !== QUOTE || !take(member, textStart, end, hasEscapes)) return 0;
    return end + 1;
  }
  if (first === OPENING_BRACKET) {
    if (!mayBeList(field) || isMappedMember(member)) return 0;
    const end = endOfList(start);
    if (end === 0) return 0;
    noteField(field, start, end);
    noteList(field);
    return end;
  }
  if (field === OPERATION || field === DATA_BAG) return 0;
  const end = endOfDigits(start);
  return end !== 0 && take(member, start, end, false) ? end : 0;
}

/** Notes a value as what a mapping makes of it; false: it is not plain. */
function take(member: u32, start: usize, end: usize, hasEscapes: bool): bool {
  const field = <u32>fieldOf(member);
  if (isMappedMember(member)) {
    const first = load<u8>(start);
    // it must plainly be filled
    if (start === end || first <= SPACE || first >= 0x7f) return false;
    if (!counts(member)) return true;
  }
  noteField(field, start, end);
  if (hasEscapes) noteEscapes(field);
  return !isMappedMember(member) || replace(member, start, end, hasEscapes);
}
