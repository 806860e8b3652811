import { SCRATCH, TABLES } from './layout';

/**
 * The segments and compartments that plain commands may name, in hash tables that are at most half
 * full. What is not in them is left to the reference parser.
 */

/** An id, which is never 0; the time to live, or -1. */
const ID_SLOT_BYTES: u32 = 16;
/** A segment as above; then where its name lies, its bytes and its hash. */
const NAME_SLOT_BYTES: u32 = 32;
const PAGE_BITS: u32 = 16;

let segments: usize = 0;
let segmentMask: u32 = 0;
let compartments: usize = 0;
let compartmentMask: u32 = 0;
let names: usize = 0;
let nameMask: u32 = 0;
/** Names that still have room, and where the next one lies. */
let namesLeft: u32 = 0;
let nextName: usize = 0;
let namesEnd: usize = 0;

/** The segment that was found last. */
let segmentId: u64 = 0;
let segmentTtl: i64 = -1;

/** Makes room for so many of each; all tables are empty then. */
export function openCatalogue(
  segmentCount: u32,
  compartmentCount: u32,
  nameCount: u32,
  nameBytes: u32,
): void {
  segmentMask = maskFor(segmentCount);
  compartmentMask = maskFor(compartmentCount);
  nameMask = maskFor(nameCount);
  segments = (TABLES + 15) & ~15;
  compartments = segments + (segmentMask + 1) * ID_SLOT_BYTES;
  names = compartments + (compartmentMask + 1) * ID_SLOT_BYTES;
  nextName = names + (nameMask + 1) * NAME_SLOT_BYTES;
  // a name is copied by whole words
  namesEnd = nextName + nameBytes + 8 * nameCount;
  namesLeft = nameCount;
  const missing = <i32>(((namesEnd + 64) >> PAGE_BITS) + 1) - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  memory.fill(segments, 0, nextName - segments);
}

/** The least power of two that is twice as much, less one. */
function maskFor(count: u32): u32 {
  return count === 0 ? 1 : (2 << (32 - clz(count))) - 1;
}

export function addSegment(id: u64, ttl: i64): void {
  store<i64>(addId(segments, segmentMask, id), ttl, 8);
}

export function addCompartment(id: u64): void {
  addId(compartments, compartmentMask, id);
}

/** Adds a name that lies in SCRATCH; false: there is no room. */
export function addName(bytes: u32, id: u64, ttl: i64): bool {
  if (namesLeft === 0 || nextName + bytes > namesEnd) return false;
  namesLeft--;
  memory.copy(nextName, SCRATCH, bytes);
  const hash = hashOf(nextName, bytes);
  let index = hash & nameMask;
  while (load<u64>(nameSlot(index)) !== 0) index = (index + 1) & nameMask;
  const slot = nameSlot(index);
  store<u64>(slot, id);
  store<i64>(slot, ttl, 8);
  store<u32>(slot, <u32>nextName, 16);
  store<u32>(slot, bytes, 20);
  store<u32>(slot, hash, 24);
  nextName += bytes;
  return true;
}

/** Whether there is a segment with the id; `foundSegment` and `foundTtl` tell of it then. */
export function findSegment(id: u64): bool {
  const slot = slotOf(segments, segmentMask, id);
  if (load<u64>(slot) !== id || id === 0) return false;
  segmentId = id;
  segmentTtl = load<i64>(slot, 8);
  return true;
}

/** The same by its technical name. */
export function findSegmentNamed(start: usize, bytes: u32): bool {
  const hash = hashOf(start, bytes);
  for (let index = hash & nameMask; ; index = (index + 1) & nameMask) {
    const slot = nameSlot(index);
    const id = load<u64>(slot);
    if (id === 0) return false;
    if (load<u32>(slot, 24) !== hash || load<u32>(slot, 20) !== bytes) continue;
    if (memory.compare(load<u32>(slot, 16), start, bytes) !== 0) continue;
    segmentId = id;
    segmentTtl = load<i64>(slot, 8);
    return true;
  }
}

export function foundSegment(): u64 {
  return segmentId;
}

/** In ms; -1: it has none. */
export function foundTtl(): i64 {
  return segmentTtl;
}

export function isCompartment(id: u64): bool {
  return id !== 0 && load<u64>(slotOf(compartments, compartmentMask, id)) === id;
}

function nameSlot(index: u32): usize {
  return names + index * NAME_SLOT_BYTES;
}

function addId(table: usize, mask: u32, id: u64): usize {
  const slot = slotOf(table, mask, id);
  store<u64>(slot, id);
  return slot;
}

/** Where an id is, or would be. */
function slotOf(table: usize, mask: u32, id: u64): usize {
  let index = ((<u32>(id ^ (id >> 32)) * 0x9e37_79b1) >> 8) & mask;
  while (true) {
    const slot = table + index * ID_SLOT_BYTES;
    const there = load<u64>(slot);
    if (there === id || there === 0) return slot;
    index = (index + 1) & mask;
  }
}

/** FNV-1a. */
function hashOf(start: usize, bytes: u32): u32 {
  let hash: u32 = 0x811c_9dc5;
  for (let at: u32 = 0; at < bytes; at++) hash = (hash ^ load<u8>(start + at)) * 0x0100_0193;
  return hash ^ (hash >> 15);
}
