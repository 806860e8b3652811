import type { Page } from 'playwright-core';
import { en } from '../../console/src/texts/en.ts';
import { fr } from '../../console/src/texts/fr.ts';
import { samplesOf, VALUE } from './samples-of.ts';

/**
 * What only English has: a page of another language says none of it, whoever wrote it and wherever
 * it stands.
 */
const WORDS =
  /\b(the|of|and|is|are|was|were|with|from|this|that|not|has|have|yet|since|until|by|to|in|it|its|all|none|no|yes|any|run|runs|lines?|users?|members?|files|add|created|deleted|changed|uploaded)\b/i;
const english = samplesOf(en);
const french = new Set(samplesOf(fr).map(({ text }) => plain(text)));

/** Texts that English says and French does not, as what a whole text of the page may be. */
const patterns = english
  .map(({ at, text }) => ({ at, text: plain(text) }))
  .filter(({ text }) => /[a-z]{2}/i.test(text.replaceAll(VALUE, '')) && !french.has(text))
  .map(({ at, text }) => ({
    at,
    pattern: new RegExp(`^${text.split(VALUE).map(escaped).join('.+')}$`, 's'),
  }));

/**
 * What of a page in French is English. What the service says, marked as such, and code are not
 * looked at.
 */
export async function englishOn(page: Page): Promise<readonly string[]> {
  const texts = (await page.evaluate(TEXTS)) as readonly string[];
  const found = texts.map(plain).filter((text) => text !== '');
  return [
    ...new Set(
      found.flatMap((whole) =>
        [whole, ...whole.split(' · ')].flatMap((text) => {
          const said = patterns.find(({ pattern }) => pattern.test(text));
          if (said !== undefined && !french.has(text)) return [`${said.at}: ${text}`];
          const [word] = WORDS.exec(text.replaceAll('user agent', '')) ?? [];
          return word === undefined ? [] : [`“${word}” in: ${text}`];
        }),
      ),
    ),
  ];
}

/** The texts of a page, and what its elements are called by. */
const TEXTS = `(() => {
  const skipped = 'script, style, code, pre, kbd, [lang=en]:not(html)';
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (element === null || element.closest(skipped) !== null) continue;
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
    else for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'aria-roledescription']) texts.push(node.getAttribute(name) ?? '');
  }
  return [document.title, ...texts];
})()`;

function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
