/** What the readers need of JSON. Every search for an end stops at a control character. */

export const SPACE: u8 = 0x20;
export const QUOTE: u8 = 0x22;
export const BACKSLASH: u8 = 0x5c;
export const COMMA: u8 = 0x2c;
export const COLON: u8 = 0x3a;
export const OPENING_BRACE: u8 = 0x7b;
export const CLOSING_BRACE: u8 = 0x7d;
export const OPENING_BRACKET: u8 = 0x5b;
export const CLOSING_BRACKET: u8 = 0x5d;
const TAB: u8 = 0x09;
const NEWLINE: u8 = 0x0a;
const RETURN: u8 = 0x0d;
const ZERO: u8 = 0x30;

/** Objects and arrays inside each other: fewer than the rule allows (MAX_NESTING). */
const MAX_DEPTH: u32 = 30;

export function skipSpaces(from: usize): usize {
  let at = from;
  while (load<u8>(at) === SPACE) at++;
  return at;
}

/** Where a text ends, or has a backslash, or breaks at a control character. */
export function endOfText(from: usize): usize {
  let at = from;
  while (true) {
    const bytes = v128.load(at);
    const stops = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(SPACE)),
    );
    const mask = i8x16.bitmask(stops);
    if (mask !== 0) return at + <usize>ctz(mask);
    at += 16;
  }
}

export function isDigit(byte: u8): bool {
  return <u8>(byte - ZERO) <= 9;
}

/** Where a whole number ends as JSON writes it, in digits without leading zeros; 0: it is none. */
export function endOfDigits(start: usize): usize {
  let at = start;
  while (isDigit(load<u8>(at))) at++;
  return at === start || (load<u8>(start) === ZERO && at > start + 1) ? 0 : at;
}

/**
 * Where an array ends whose opening bracket is at `start`: of texts as they stand and of whole
 * numbers, at least one; 0: it is none.
 */
export function endOfList(start: usize): usize {
  let at = start + 1;
  while (true) {
    at = skipSpaces(at);
    if (load<u8>(at) === QUOTE) {
      at = endOfText(at + 1);
      if (load<u8>(at) !== QUOTE) return 0;
      at++;
    } else {
      at = endOfDigits(at);
      if (at === 0) return 0;
    }
    at = skipSpaces(at);
    const next = load<u8>(at++);
    if (next === CLOSING_BRACKET) return at;
    if (next !== COMMA) return 0;
  }
}

/** What a backslash with this byte stands for, but for `u`; 0: JSON has no such escape. */
export function unescaped(byte: u8): u8 {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return byte;
    case 0x62: // b
      return 0x08;
    case 0x66: // f
      return 0x0c;
    case 0x6e: // n
      return NEWLINE;
    case 0x72: // r
      return RETURN;
    case 0x74: // t
      return TAB;
    default:
      return 0;
  }
}

/** The members of the object that was checked last, as far as they matter: none or some. */
let isEmpty: bool = false;

/** Whether the object that `isObject` saw last has no members. */
export function wasEmpty(): bool {
  return isEmpty;
}

/**
 * Whether a text is one JSON object and nothing else but white space, as `JSON.parse` takes it. A
 * zero lies behind its end.
 */
export function isObject(start: usize, end: usize): bool {
  let at = skipWhite(start);
  if (load<u8>(at) !== OPENING_BRACE) return false;
  isEmpty = load<u8>(skipWhite(at + 1)) === CLOSING_BRACE;
  /** Bit `i`: what is open at depth `i` is an object. */
  let objects: u32 = 0;
  let depth: u32 = 0;
  while (true) {
    // a value begins here
    const first = load<u8>(at);
    if (first === OPENING_BRACE || first === OPENING_BRACKET) {
      const isBrace = first === OPENING_BRACE;
      at = skipWhite(at + 1);
      if (load<u8>(at) !== (isBrace ? CLOSING_BRACE : CLOSING_BRACKET)) {
        if (depth === MAX_DEPTH) return false;
        objects = isBrace ? objects | (1 << depth) : objects & ~(1 << depth);
        depth++;
        if (isBrace) at = endOfName(at);
        if (at === 0) return false;
        continue;
      }
      at++;
    } else {
      at = endOfScalar(at);
      if (at === 0) return false;
    }
    // a value ended here
    while (true) {
      at = skipWhite(at);
      if (depth === 0) return at === end;
      const isBrace = (objects & (1 << (depth - 1))) !== 0;
      const next = load<u8>(at++);
      if (next === COMMA) {
        at = skipWhite(at);
        if (isBrace) at = endOfName(at);
        if (at === 0) return false;
        break;
      }
      if (next !== (isBrace ? CLOSING_BRACE : CLOSING_BRACKET)) return false;
      depth--;
    }
  }
}

function skipWhite(from: usize): usize {
  let at = from;
  while (true) {
    const byte = load<u8>(at);
    if (byte !== SPACE && byte !== TAB && byte !== NEWLINE && byte !== RETURN) return at;
    at++;
  }
}

/** Where the value of a member begins whose name is at `start`; 0: it is none. */
function endOfName(start: usize): usize {
  if (load<u8>(start) !== QUOTE) return 0;
  let at = endOfString(start);
  if (at === 0) return 0;
  at = skipWhite(at);
  return load<u8>(at) === COLON ? skipWhite(at + 1) : 0;
}

/** Where a text ends that may have any escapes; `start` is its opening quote. */
function endOfString(start: usize): usize {
  let at = start + 1;
  while (true) {
    at = endOfText(at);
    const byte = load<u8>(at);
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH) return 0;
    if (load<u8>(at, 1) === 0x75) {
      for (let digit: usize = 2; digit < 6; digit++) if (!isHexDigit(load<u8>(at + digit))) return 0;
      at += 6;
    } else {
      if (unescaped(load<u8>(at, 1)) === 0) return 0;
      at += 2;
    }
  }
}

function isHexDigit(byte: u8): bool {
  return isDigit(byte) || <u8>((byte | 0x20) - 0x61) < 6;
}

/** Where a text, a number or a word ends; 0: it is none. */
function endOfScalar(start: usize): usize {
  const first = load<u8>(start);
  if (first === QUOTE) return endOfString(start);
  // by four bytes: true, null, and those of false behind its first
  if (first === 0x74) return load<u32>(start) === 0x65757274 ? start + 4 : 0;
  if (first === 0x6e) return load<u32>(start) === 0x6c6c756e ? start + 4 : 0;
  if (first === 0x66) return load<u32>(start, 1) === 0x65736c61 ? start + 5 : 0;
  return endOfNumber(first === 0x2d ? start + 1 : start);
}

/** Where a number ends, without its sign; 0: it is none. */
function endOfNumber(start: usize): usize {
  let at = endOfDigits(start);
  if (at === 0) return 0;
  if (load<u8>(at) === 0x2e) {
    const fraction = at + 1;
    at = fraction;
    while (isDigit(load<u8>(at))) at++;
    if (at === fraction) return 0;
  }
  if ((load<u8>(at) | 0x20) === 0x65) {
    at++;
    const sign = load<u8>(at);
    if (sign === 0x2b || sign === 0x2d) at++;
    const exponent = at;
    while (isDigit(load<u8>(at))) at++;
    if (at === exponent) return 0;
  }
  return at;
}
