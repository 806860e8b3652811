/** Whether a text stands in another with no letter or digit beside it. */
export function holdsWord(text: string, word: string): boolean {
  return placeOfWord(text, word, 0) !== null;
}

/** The text with another in each place of a word. */
export function replaceWord(text: string, word: string, by: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = placeOfWord(text, word, 0); at !== null; at = placeOfWord(text, word, from)) {
    parts.push(text.slice(from, at), by);
    from = at + word.length;
  }
  return parts.join('') + text.slice(from);
}

function placeOfWord(text: string, word: string, from: number): number | null {
  if (word === '') return null;
  for (let at = text.indexOf(word, from); at !== -1; at = text.indexOf(word, at + 1)) {
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return at;
  }
  return null;
}

function isLetter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character);
}
