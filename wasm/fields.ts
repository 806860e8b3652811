/**
 * The fields of the record at hand: which it has, and where they lie, without quotes. In the order
 * of PLAIN_FIELDS of src/import/plain-fields.ts.
 */

export const OPERATION: u32 = 0;
export const ACCOUNT: u32 = 1;
export const EMAIL: u32 = 2;
export const AGENT: u32 = 3;
export const COMPARTMENT: u32 = 4;
export const SEGMENT: u32 = 5;
export const TECHNICAL_NAME: u32 = 6;
export const DURATION: u32 = 7;
export const INSTANT: u32 = 8;
export const DATA_BAG: u32 = 9;
export const SEGMENT_LIST: u32 = 10;
export const NAME_LIST: u32 = 11;
export const FIELDS: u32 = 12;

export const IDENTIFIERS: u32 = (1 << ACCOUNT) | (1 << EMAIL) | (1 << AGENT);
const LISTS: u32 = (1 << SEGMENT_LIST) | (1 << NAME_LIST);

const FIELD_STARTS = memory.data(FIELDS * 4, 16);
const FIELD_ENDS = memory.data(FIELDS * 4, 16);

let present: u32 = 0;
let escaped: u32 = 0;
let listed: u32 = 0;

export function forgetFields(): void {
  present = 0;
  escaped = 0;
  listed = 0;
}

/** Notes a field whose text is as it stands. */
export function noteField(field: u32, start: usize, end: usize): void {
  const bit: u32 = 1 << field;
  present |= bit;
  escaped &= ~bit;
  listed &= ~bit;
  store<u32>(FIELD_STARTS + (field << 2), <u32>start);
  store<u32>(FIELD_ENDS + (field << 2), <u32>end);
}

/** Says that the text of a field has escapes or doubled quotes. */
export function noteEscapes(field: u32): void {
  escaped |= 1 << field;
}

/** Says that a field is an array, from bracket to bracket. */
export function noteList(field: u32): void {
  listed |= 1 << field;
}

export function forgetIdentifiers(): void {
  present &= ~IDENTIFIERS;
}

export function presentFields(): u32 {
  return present;
}

export function hasField(field: u32): bool {
  return (present & (1 << field)) !== 0;
}

export function isEscaped(field: u32): bool {
  return (escaped & (1 << field)) !== 0;
}

export function isListed(field: u32): bool {
  return (listed & (1 << field)) !== 0;
}

export function mayBeList(field: u32): bool {
  return (LISTS & (1 << field)) !== 0;
}

export function startOf(field: u32): usize {
  return load<u32>(FIELD_STARTS + (field << 2));
}

export function endOf(field: u32): usize {
  return load<u32>(FIELD_ENDS + (field << 2));
}
