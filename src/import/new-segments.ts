import type { CatalogueSegment } from '../model/catalogue.ts';
import { MAX_NEW_SEGMENTS } from '../model/execution.ts';
import { MAX_TECHNICAL_NAME_CHARS } from '../model/records.ts';

/**
 * The segments that a file makes, by the names that its valid commands give, as long as they are
 * not made.
 */
export interface NewSegments {
  /** The stand-in for a name, for the command at hand; or why no segment is made of it. */
  propose(name: string): CatalogueSegment | string;
  /** KEEP: the command is valid, and so are the names that were proposed for it. */
  settle(outcome: 'KEEP' | 'DROP'): void;
  /** How many names have stand-ins, and those that came after so many, in their order. */
  size(): number;
  after(count: number): readonly (readonly [name: string, standIn: CatalogueSegment])[];
  /** The names that were kept since the start, in the order of the file. */
  names(): readonly string[];
}

/** What is known of them where a part of a file begins. */
export type NewSegmentsStart = {
  /** Names that have stand-ins. */
  readonly names: readonly string[];
  /** How many further segments may be made. */
  readonly most: number;
};

/**
 * Ids of stand-ins count from here: whole numbers with more digits than an id has, exact as a
 * number.
 */
const FIRST_STAND_IN = 9_000_000_000_000_000;

/** The position of the name that a stand-in is for; null for a segment that is there. */
export function standInPosition(segmentId: string): number | null {
  const position = Number(segmentId) - FIRST_STAND_IN;
  return position < 0 ? null : position;
}

export function createNewSegments({ names, most }: NewSegmentsStart): NewSegments {
  const known = new Map(names.map((name, position) => [name, standInAt(position)]));
  let proposed = new Map<string, CatalogueSegment>();
  return {
    propose: (name) => {
      const before = known.get(name) ?? proposed.get(name);
      if (before !== undefined) return before;
      if ([...name].length > MAX_TECHNICAL_NAME_CHARS)
        return `none was created: a technical name has at most ${MAX_TECHNICAL_NAME_CHARS} characters`;
      const added = known.size - names.length + proposed.size;
      if (added >= most) return `none was created: a file creates at most ${MAX_NEW_SEGMENTS} segments`;
      const segment = standInAt(known.size + proposed.size);
      proposed.set(name, segment);
      return segment;
    },
    settle: (outcome) => {
      if (proposed.size === 0) return;
      if (outcome === 'KEEP') for (const [name, segment] of proposed) known.set(name, segment);
      proposed = new Map();
    },
    size: () => known.size,
    after: (count) => [...known].slice(count),
    names: () => [...known.keys()].slice(names.length),
  };
}

function standInAt(position: number): CatalogueSegment {
  return { id: String(FIRST_STAND_IN + position), importable: true, paused: false, defaultTtlMs: null };
}

/** What an import does with the names of segments that are not there. */
export interface MissingSegments {
  /** What a part of the file is read with. */
  start(): NewSegmentsStart;
  /**
   * Takes the names that a part has given; READ_AGAIN: the segments are there now, and the part is
   * to have their ids.
   */
  take(names: readonly string[]): Promise<'KEEP' | 'READ_AGAIN'>;
  /** The names that were taken, in the order of the file. */
  names(): readonly string[];
}

/** Notes the names, and leaves the stand-ins in their places: nothing of the file is applied. */
export function planSegments(): MissingSegments {
  const taken: string[] = [];
  return {
    start: () => ({ names: [...taken], most: MAX_NEW_SEGMENTS - taken.length }),
    take: async (names) => {
      taken.push(...names.filter((name) => !taken.includes(name)));
      return 'KEEP';
    },
    names: () => taken,
  };
}

/**
 * Makes the segments as they are named. `created`: the names of those that the file has made
 * before.
 */
export function makeSegments(
  created: readonly string[],
  make: (names: readonly string[]) => Promise<void>,
): MissingSegments {
  const made = new Set(created);
  return {
    start: () => ({ names: [], most: MAX_NEW_SEGMENTS - made.size }),
    take: async (names) => {
      await make(names);
      for (const name of names) made.add(name);
      return 'READ_AGAIN';
    },
    names: () => [...made],
  };
}
