import { ServiceError } from '../errors.ts';

/**
 * Refuses texts that cannot be kept as they came, wherever they stand in a body or query: halves of
 * surrogate pairs, which are no characters and would be stored as another text, and U+0000, which
 * not every store can hold. Lines of files are held to the same. Throws INVALID_REQUEST.
 */
export function checkTexts(value: unknown): void {
  const left: unknown[] = [value];
  // No recursion: a body may be nested a hundred thousand times.
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') checkText(next);
    else if (typeof next === 'object' && next !== null) {
      for (const [name, member] of Object.entries(next)) left.push(name, member);
    }
  }
}

function checkText(text: string): void {
  if (text.includes('\0'))
    throw new ServiceError('INVALID_REQUEST', 'texts must not hold the character U+0000, got one that does');
  if (!text.isWellFormed()) {
    throw new ServiceError(
      'INVALID_REQUEST',
      'texts must be Unicode, got one with half of a surrogate pair, which is no character',
    );
  }
}
