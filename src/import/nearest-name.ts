import type { Catalogue } from '../model/catalogue.ts';
import { editDistance } from '../model/edit-distance.ts';
import { lettersOf } from './nearest-field.ts';

/** A longer name is not looked for: what is refused must take time linear in the file. */
const MAX_LETTERS = 64;

/** Technical names by what is left of them when a letter is taken out, and by all their letters. */
type Index = ReadonlyMap<string, readonly string[]>;

/** The index of more names would take longer to make than it is worth. */
const MAX_NAMES = 20_000;
/** Answers that are kept: a file has one wrong name on many lines. */
const MAX_ANSWERS = 1_000;

type Names = { readonly index: Index; readonly answers: Map<string, string | null> };
const known = new WeakMap<Catalogue, Names>();

/**
 * The technical name that somebody most likely meant who wrote another one: with one letter put in,
 * taken out, changed or swapped with the next. Capitals, blanks and signs do not count. Null where
 * none is near.
 */
export function nearestTechnicalName(name: string, catalogue: Catalogue): string | null {
  if (name.length > 4 * MAX_LETTERS || catalogue.segmentByTechnicalName.size > MAX_NAMES) return null;
  const { index, answers } = namesOf(catalogue);
  const before = answers.get(name);
  if (before !== undefined) return before;
  const nearest = findNearest(name, index);
  if (answers.size >= MAX_ANSWERS) answers.clear();
  answers.set(name, nearest);
  return nearest;
}

function namesOf(catalogue: Catalogue): Names {
  const before = known.get(catalogue);
  if (before !== undefined) return before;
  const names = { index: indexOf(catalogue), answers: new Map<string, string | null>() };
  known.set(catalogue, names);
  return names;
}

function findNearest(name: string, index: Index): string | null {
  const letters = lettersOf(name);
  if (letters === '' || letters.length > MAX_LETTERS) return null;
  const candidates = [...new Set(withoutOne(letters).flatMap((word) => index.get(word) ?? []))];
  const distances = candidates.map((candidate) => editDistance(letters, lettersOf(candidate)));
  for (const distance of letters.length < 4 ? [0] : [0, 1]) {
    const nearest = candidates[distances.indexOf(distance)];
    if (nearest !== undefined) return nearest;
  }
  return null;
}

function indexOf(catalogue: Catalogue): Index {
  const index = new Map<string, string[]>();
  for (const name of catalogue.segmentByTechnicalName.keys()) {
    const letters = lettersOf(name);
    if (letters === '' || letters.length > MAX_LETTERS) continue;
    for (const word of new Set(withoutOne(letters))) {
      const names = index.get(word);
      if (names === undefined) index.set(word, [name]);
      else names.push(name);
    }
  }
  return index;
}

/** A word, and what is left of it without each of its letters. */
function withoutOne(word: string): string[] {
  return [word, ...Array.from(word, (_, at) => word.slice(0, at) + word.slice(at + 1))];
}
