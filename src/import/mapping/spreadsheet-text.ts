/** A formula whose value is a text: `="00123"`. */
const FORMULA = /^="(.*)"$/s;

/**
 * What a cell holds whose writer kept spreadsheets from making a number of it, by an apostrophe
 * before it or by a formula.
 */
export function readSpreadsheetText(cell: string): string {
  const text = cell.trim();
  if (text.startsWith("'")) return text.slice(1);
  return FORMULA.exec(text)?.[1]?.replaceAll('""', '"') ?? cell;
}
