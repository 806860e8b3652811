const NO_BREAK = '\u00a0';
const NARROW_NO_BREAK = '\u202f';

/**
 * A text with the spaces and apostrophes of French, which are written as plain ones in this folder:
 * none of `;`, `!`, `?`, `:`, `»` and units is alone at the start of a line. What is put into the
 * text is left as it is.
 */
export function fr(texts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return texts.map((text, at) => `${typeset(text)}${values[at] ?? ''}`).join('');
}

function typeset(text: string): string {
  return text
    .replaceAll("'", '’')
    .replaceAll(/ (?=[;!?])/g, NARROW_NO_BREAK)
    .replaceAll(/ (?=[:»])|(?<=«) |(?<=\d) (?=[\p{L}%])/gu, NO_BREAK);
}
