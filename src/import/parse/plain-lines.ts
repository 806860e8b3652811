import { PlainReaderTrap } from '../../errors.ts';
import { goesWrongAt } from '../../fault-points.ts';
import type { Catalogue, CatalogueSegment } from '../../model/catalogue.ts';
import { MAX_NEW_SEGMENTS } from '../../model/execution.ts';
import { NEWLINE } from '../ascii.ts';
import type { CommandContext, LineRun, PlainLines } from '../document-format.ts';
import type { NewSegments } from '../new-segments.ts';
import type { PlainLayout } from '../plain-fields.ts';
import { oddIdentifier } from '../warnings.ts';
import { openReaderModule, READ, type ReaderModule } from './reader-module.ts';

/** What plain lines are read with. */
export type PlainSource = {
  readonly layout: PlainLayout;
  readonly context: CommandContext;
  /** What is added to the numbers of lines in the columns. */
  readonly linesBefore: number;
  /** Told of each command that is odd: its line, the kind of its identifier, and bits of `ODD`. */
  readonly onOdd: (line: number, kind: number, odd: number) => void;
};

/** A module, and what it was told last. */
export type PlainHost = {
  readonly module: ReaderModule;
  /** Whose lines it is reading. */
  source: PlainSource | null;
  layout: PlainLayout | null;
  /** Null: what is in its tables is of no catalogue alone. */
  catalogue: Catalogue | null;
  hasTrapped: boolean;
};

/** The flags of a member in wasm/members.ts. */
const MAPPED = 1;
const REPLACED = 2;
/** What it notes of a command that may be odd. */
const ODD_BYTES = 24;
/** Zeros behind the lines, at which every search ends. */
const GUARD_BYTES = 32;
const MAX_MOST = 2 ** 32 - 1;
/** Names of segments that the file makes; further ones are left to the reference parser. */
const NEW_NAME_BYTES = 64 * 1024;

const encoder = new TextEncoder();

export function createPlainHost(): PlainHost {
  const replace = {
    of: (member: number, text: string) => memberOf(member)?.value?.replace?.(text) ?? 'NOT_PLAIN',
    fieldOf: (member: number) => memberOf(member)?.field ?? 0,
  };
  const host: PlainHost = {
    module: openReaderModule(replace),
    source: null,
    layout: null,
    catalogue: null,
    hasTrapped: false,
  };
  const memberOf = (member: number) => host.layout?.members[member];
  return host;
}

/**
 * Reads plain lines into the columns of a module; `onFull` empties them. The bytes are copied into
 * its memory once, however often they are come back to.
 */
export function openPlainLines(host: PlainHost, source: PlainSource, onFull: () => void): PlainLines['take'] {
  const { module } = host;
  const input = module.inputAt();
  const inputBytes = module.inputBytes();
  const { newSegments = null } = source.context;
  /** What of the bytes at hand lies in the module's memory. */
  let loaded: { readonly bytes: Buffer | null; readonly from: number; readonly to: number } = NOTHING;
  let known = 0;

  function begin(): void {
    host.source = source;
    loaded = NOTHING;
    known = 0;
    if (host.layout !== source.layout) tellLayout(host, source.layout);
    const { catalogue, startDate } = source.context;
    if (host.catalogue !== catalogue || newSegments !== null)
      tellCatalogue(host, catalogue, newSegments !== null);
    module.openLines(
      source.layout.separator ?? 0,
      startDate,
      source.linesBefore,
      Number(catalogue.defaultCompartmentId ?? 0),
    );
  }

  /**
   * Brings the line that begins at `start` into the module's memory, with as many as there is room
   * for; false: it is longer than that.
   */
  function load(bytes: Buffer, start: number, end: number): boolean {
    if (loaded.bytes === bytes && start >= loaded.from && start < loaded.to) return true;
    let to = end;
    if (end - start > inputBytes) to = bytes.lastIndexOf(NEWLINE, start + inputBytes - 1) + 1;
    if (to <= start) return false;
    const memory = module.bytes();
    memory.set(bytes.subarray(start, to), input);
    memory.fill(0, input + to - start, input + to - start + GUARD_BYTES);
    loaded = { bytes, from: start, to };
    return true;
  }

  function read(bytes: Buffer, run: LineRun, most: number) {
    if (host.source !== source) begin();
    if (newSegments !== null) known = tellNewSegments(module, newSegments, known);
    let next = run.start;
    let passed = 0;
    let taken = 0;
    while (next < run.end && taken < most && load(bytes, next, run.end)) {
      const addressOf = (index: number) => input + index - loaded.from;
      const outcome = module.read(
        addressOf(next),
        addressOf(loaded.to),
        run.isEnd && loaded.to === run.end ? 1 : 0,
        run.number + passed,
        Math.min(most - taken, MAX_MOST),
        input + Math.max(0, run.checkedFrom - loaded.from),
      );
      next = loaded.from + module.nextLineAt() - input;
      passed += module.linesPassed();
      taken += module.linesTaken();
      const odd = tellOdd(module, source);
      if (outcome === READ.NOT_PLAIN) break;
      // otherwise the room for odd ones was full, which is free again
      if (outcome === READ.FULL && odd === 0) onFull();
    }
    return { next, passed, taken };
  }

  return (...of) => {
    try {
      if (goesWrongAt('plain-reader-traps')) module.trap();
      return read(...of);
    } catch (cause) {
      if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
      // nothing is known any more of what is in its memory
      host.hasTrapped = true;
      throw new PlainReaderTrap('the reader of plain lines trapped', { cause });
    }
  };
}

const NOTHING = { bytes: null, from: 0, to: 0 } as const;

function tellLayout(host: PlainHost, layout: PlainLayout): void {
  const { module } = host;
  host.layout = layout;
  module.openMembers(layout.defaults === null ? 0 : 1);
  for (const { name, field, value } of layout.members) {
    const flags = value === null ? 0 : value.replace === null ? MAPPED : MAPPED | REPLACED;
    module.addMember(field, value?.rank ?? -1, flags, name === undefined ? 0 : module.write(name));
  }
  for (const { field, text, unless } of layout.defaults ?? [])
    module.addDefault(field, unless, module.write(text));
}

/** Fills the tables of the module with what a plain command may name. */
function tellCatalogue(host: PlainHost, catalogue: Catalogue, makesSegments: boolean): void {
  const { module } = host;
  host.catalogue = makesSegments ? null : catalogue;
  const segments = [...catalogue.segmentById.values()].filter(isPlain);
  const compartments = [...catalogue.compartmentById].filter(([, { archived }]) => !archived);
  const names = [...catalogue.segmentByTechnicalName]
    .filter(([, segment]) => isPlain(segment))
    .map(([name, segment]) => ({ bytes: encoder.encode(name), segment }));
  const nameBytes = names.reduce((sum, { bytes }) => sum + bytes.length, 0);
  module.openTables(
    segments.length,
    compartments.length,
    names.length + (makesSegments ? MAX_NEW_SEGMENTS : 0),
    nameBytes + (makesSegments ? NEW_NAME_BYTES : 0),
  );
  for (const segment of segments) module.addSegmentId(Number(segment.id), ttlOf(segment));
  for (const [id] of compartments) module.addCompartmentId(Number(id));
  for (const { bytes, segment } of names) addName(module, bytes, segment);
}

/** Tells of the segments that the file has made since; gives how many of them are known now. */
function tellNewSegments(module: ReaderModule, newSegments: NewSegments, known: number): number {
  if (newSegments.size() === known) return known;
  for (const [name, segment] of newSegments.after(known)) addName(module, encoder.encode(name), segment);
  return newSegments.size();
}

function addName(module: ReaderModule, name: Uint8Array, segment: CatalogueSegment): void {
  if (name.length > module.scratchBytes()) return;
  module.addSegmentName(module.write(name), Number(segment.id), ttlOf(segment));
}

/** Whether commands may name it, and its id is exact as a number. */
function isPlain({ id, importable, paused }: CatalogueSegment): boolean {
  return importable && !paused && Number.isSafeInteger(Number(id));
}

function ttlOf({ defaultTtlMs }: CatalogueSegment): number {
  return defaultTtlMs ?? -1;
}

/** Passes on what the module noted of commands that may be odd; gives how many it had noted. */
function tellOdd(module: ReaderModule, { onOdd }: PlainSource): number {
  const count = module.oddCount();
  if (count === 0) return 0;
  const { buffer } = module.bytes();
  const entries = new DataView(buffer, module.oddAt());
  for (let at = 0; at < ODD_BYTES * count; at += ODD_BYTES) {
    const kind = entries.getUint32(at + 8, true);
    const start = entries.getUint32(at + 16, true);
    const end = entries.getUint32(at + 20, true);
    const value = Buffer.from(buffer, start, end - start).toString();
    const odd = entries.getUint32(at + 12, true) | oddIdentifier(kind, value);
    if (odd !== 0) onOdd(entries.getFloat64(at, true), kind, odd);
  }
  module.forgetOdd();
  return count;
}
