import { readFileSync } from 'node:fs';

/** A fenced block of a page, with the text between it and the one before. */
export type Block = { readonly language: string; readonly text: string; readonly before: string };

/** The blocks of a page of docs/, in its order. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const blocks: Block[] = [];
  let end = 0;
  for (const match of text.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    const [whole, language = '', content = ''] = match;
    blocks.push({ language, text: content, before: text.slice(end, match.index) });
    end = match.index + whole.length;
  }
  return blocks;
}

/** The only block of a page in a language. */
export function blockIn(page: string, language: string): string {
  const [block, ...others] = blocksOf(page).filter((each) => each.language === language);
  if (block === undefined || others.length > 0)
    throw new Error(
      `expected one block of ${language} in docs/${page}, got ${others.length + (block ? 1 : 0)}`,
    );
  return block.text;
}
