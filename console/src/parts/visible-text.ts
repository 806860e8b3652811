/** Blanks as signs, so that those around a text can be seen. */
const SIGNS: Readonly<Record<string, string>> = { ' ': '␣', '\t': '⇥', '\n': '⏎', '\r': '␍', '\u00a0': '⍽' };

/**
 * A text whose blanks at its start and end can be seen: `u1 ` is `u1␣`. Other white space is shown
 * by its number.
 */
export function visibleText(text: string): string {
  const inner = text.trim();
  if (inner.length === text.length) return text;
  const start = text.length - text.trimStart().length;
  return signsOf(text.slice(0, start)) + inner + signsOf(text.slice(start + inner.length));
}

function signsOf(blanks: string): string {
  return [...blanks].map((blank) => SIGNS[blank] ?? `U+${hexOf(blank)}`).join('');
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
