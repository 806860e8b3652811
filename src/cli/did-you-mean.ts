import { editDistance } from '../model/edit-distance.ts';

/** How many names of a service are compared with one that there is not. */
export const COMPARED = 5_000;

/** A longer word is compared by its beginning. */
const MAX_LETTERS = 40;

/**
 * The word of some that is nearest to one that there is not, as the end of a message; nothing where
 * none is near.
 */
export function didYouMean(given: string, words: Iterable<string>): string {
  let nearest: string | null = null;
  // a letter in three may be wrong
  let most = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const word of words) {
    const distance = editDistance(lettersOf(given), lettersOf(word));
    if (distance >= most) continue;
    most = distance;
    nearest = word;
  }
  return nearest === null ? '' : `; did you mean ${nearest}?`;
}

/** Capitals and hyphens do not count. */
function lettersOf(word: string): string {
  return word.toLowerCase().replaceAll('-', '').slice(0, MAX_LETTERS);
}
