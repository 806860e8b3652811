/**
 * The longest word that `indexOf` looks for in linear time: it compares a longer one again at each
 * place.
 */
const MAX_NEEDLE = 64;

/** Whether a text stands in another with no letter or digit beside it. In time linear in both. */
export function holdsWord(text: string, word: string): boolean {
  for (const at of occurrences(text, word)) if (isWhole(text, word, at)) return true;
  return false;
}

/** The text with another in each place of a word. */
export function replaceWord(text: string, word: string, by: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const at of occurrences(text, word)) {
    if (at < from || !isWhole(text, word, at)) continue;
    parts.push(text.slice(from, at), by);
    from = at + word.length;
  }
  return parts.join('') + text.slice(from);
}

function isWhole(text: string, word: string, at: number): boolean {
  return !isLetter(text[at - 1]) && !isLetter(text[at + word.length]);
}

/** Where a text stands in another, overlapping places included. */
function* occurrences(text: string, word: string): Generator<number> {
  if (word === '') return;
  if (word.length <= MAX_NEEDLE) {
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) yield at;
    return;
  }
  const borders = bordersOf(word);
  let matched = 0;
  for (let i = 0; i < text.length; i++) {
    while (matched > 0 && text[i] !== word[matched]) matched = borders[matched - 1] ?? 0;
    if (text[i] === word[matched]) matched++;
    if (matched < word.length) continue;
    yield i + 1 - word.length;
    matched = borders[matched - 1] ?? 0;
  }
}

/**
 * Of each beginning of a word, the length of the longest shorter one that it ends with (Knuth,
 * Morris, Pratt).
 */
function bordersOf(word: string): Uint32Array {
  const borders = new Uint32Array(word.length);
  for (let i = 1, length = 0; i < word.length; i++) {
    while (length > 0 && word[i] !== word[length]) length = borders[length - 1] ?? 0;
    if (word[i] === word[length]) length++;
    borders[i] = length;
  }
  return borders;
}

function isLetter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character);
}
