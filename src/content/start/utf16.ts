import { Buffer } from 'node:buffer';

type Order = 'LE' | 'BE';

const UNIT_BYTES = 2;
/** The mark and a unit: UTF-32 begins with the mark of UTF-16 and two zeros more. */
const HEAD_BYTES = 4;
/** `{` and `[`. */
const JSON_STARTS = [0x7b, 0x5b];
const NOTHING: Buffer = Buffer.alloc(0);
/** Stands for half a unit at the end: no text in UTF-8 has this byte. */
const HALF_UNIT = Buffer.from([0xff]);

/**
 * In which order the bytes of UTF-16 come, by the byte order mark; null where the text is something
 * else, or begins as JSON, which is UTF-8 alone (RFC 8259). Undefined while there are too few bytes
 * to tell.
 */
function orderOf(head: Uint8Array): Order | null | undefined {
  const [first, second] = head;
  if (first === undefined || ((first === 0xff || first === 0xfe) && second === undefined)) return undefined;
  const order = markOf(first, second);
  if (order === null) return null;
  if (head.length < HEAD_BYTES) return undefined;
  const unit = unitAt(head, UNIT_BYTES, order);
  const isUtf32 = order === 'LE' && unit === 0;
  return isUtf32 || JSON_STARTS.includes(unit) ? null : order;
}

function markOf(first: number | undefined, second: number | undefined): Order | null {
  if (first === 0xfe && second === 0xff) return 'BE';
  return first === 0xff && second === 0xfe ? 'LE' : null;
}

/** Makes UTF-8 of a document in UTF-16, chunk by chunk; other documents stay as they are. */
export interface Utf8Maker {
  take(chunk: Buffer): Buffer;
  /** The document has ended. */
  end(): Buffer;
}

/**
 * Documents in UTF-16 are known by their byte order mark, which is left out. Half of a surrogate
 * pair and half a unit at the end become bytes that are no UTF-8, so that their lines fail and no
 * user is named by a replacement character.
 */
export function createUtf8Maker(): Utf8Maker {
  let order: Order | null | undefined;
  let held: Buffer = NOTHING;

  function settle(isLast: boolean): void {
    order = orderOf(held);
    if (order === undefined && isLast) order = markOf(held[0], held[1]);
    if (order) held = held.subarray(UNIT_BYTES);
  }

  function give(isLast: boolean): Buffer {
    let end = held.length;
    if (order) {
      end -= end % UNIT_BYTES;
      // its other half may come with the next chunk
      if (!isLast && end > 0 && isHigh(unitAt(held, end - UNIT_BYTES, order))) end -= UNIT_BYTES;
    }
    const given = held.subarray(0, end);
    // a copy: whoever gave the chunk may use its memory again
    held = end === held.length ? NOTHING : Buffer.from(held.subarray(end));
    return order ? toUtf8(given, order) : given;
  }

  return {
    take(chunk) {
      if (order === null) return chunk;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      if (order === undefined) settle(false);
      if (order !== undefined) return give(false);
      held = Buffer.from(held);
      return NOTHING;
    },
    end() {
      if (order === undefined) settle(true);
      const given = give(true);
      return held.length > 0 ? Buffer.concat([given, HALF_UNIT]) : given;
    },
  };
}

/** The beginning of a document, or all of it, in UTF-8. */
export function startInUtf8(bytes: Buffer, isWhole: boolean): Buffer {
  const maker = createUtf8Maker();
  const start = maker.take(bytes);
  return isWhole ? Buffer.concat([start, maker.end()]) : start;
}

/** A document in UTF-8, as `createUtf8Maker` makes it. */
export async function* inUtf8(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const maker = createUtf8Maker();
  for await (const chunk of source) {
    const text = maker.take(chunk);
    if (text.length > 0) yield text;
  }
  const rest = maker.end();
  if (rest.length > 0) yield rest;
}

function toUtf8(units: Buffer, order: Order): Buffer {
  try {
    const decoder = new TextDecoder(`utf-16${order.toLowerCase()}`, { fatal: true, ignoreBOM: true });
    return Buffer.from(new TextEncoder().encode(decoder.decode(units)));
  } catch {
    return withBrokenPairs(units, order);
  }
}

/** Text with halves of surrogate pairs: each is written as three bytes that no UTF-8 has. */
function withBrokenPairs(units: Buffer, order: Order): Buffer {
  const bytes: Buffer[] = [];
  const encoder = new TextEncoder();
  for (let at = 0; at < units.length; at += UNIT_BYTES) {
    const unit = unitAt(units, at, order);
    const next = at + UNIT_BYTES < units.length ? unitAt(units, at + UNIT_BYTES, order) : 0;
    if (isHigh(unit) && isLow(next)) {
      bytes.push(Buffer.from(encoder.encode(String.fromCharCode(unit, next))));
      at += UNIT_BYTES;
    } else if (isHigh(unit) || isLow(unit))
      bytes.push(Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]));
    else bytes.push(Buffer.from(encoder.encode(String.fromCharCode(unit))));
  }
  return Buffer.concat(bytes);
}

function unitAt(bytes: Uint8Array, at: number, order: Order): number {
  const [one = 0, other = 0] = [bytes[at], bytes[at + 1]];
  return order === 'LE' ? one | (other << 8) : (one << 8) | other;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
