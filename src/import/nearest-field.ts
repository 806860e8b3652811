import { editDistance } from '../model/edit-distance.ts';

/**
 * The field that somebody most likely meant who wrote another name; null where none is near.
 * Capitals, blanks and signs between words do not count: `userAccountId` and `User account-ID` are
 * `user_account_id`.
 */
export function nearestField(name: string, fields: readonly string[]): string | null {
  const word = lettersOf(name);
  let nearest: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 4)) + 1;
  for (const field of fields) {
    const distance = editDistance(word, lettersOf(field));
    if (distance >= least) continue;
    nearest = field;
    least = distance;
  }
  if (nearest !== null || word.length < 4) return nearest;
  // the beginning or the end of a name: `email`, `technical_name`
  return fields.find((field) => lettersOf(field).startsWith(word) || lettersOf(field).endsWith(word)) ?? null;
}

/** What of a name counts when it is compared with another. */
export function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
