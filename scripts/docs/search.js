// Searches the pages of the documentation in the browser: no server, and it works from a folder
// too. `DOCS` is what search-index.js has. Everything is written as text, never as HTML.
(() => {
  const MAX_RESULTS = 30;
  const EXCERPT = 160;
  const query = new URLSearchParams(location.search).get('q') ?? '';
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  for (const input of document.querySelectorAll('input[name="q"]')) input.value = query;
  const status = document.getElementById('status');
  const list = document.getElementById('results');
  if (terms.length === 0) {
    status.textContent = 'Type what you are looking for.';
    return;
  }
  const found = globalThis.DOCS.map((part) => ({ part, score: scoreOf(part) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score);
  const shown = found.slice(0, MAX_RESULTS);
  const more = found.length > shown.length ? `the first ${shown.length} of ${found.length}` : found.length;
  status.textContent =
    found.length === 0 ? `Nothing found for “${query}”.` : `Results for “${query}”: ${more}`;
  list.append(...shown.map(({ part }) => resultOf(part)));

  /** 0 where a term is missing. Titles count most, then headings, then how often the text has it. */
  function scoreOf([title, heading, , text]) {
    const [inTitle, inHeading, inText] = [title, heading, text].map((each) => each.toLowerCase());
    let score = 0;
    for (const term of terms) {
      const times = Math.min(3, inText.split(term).length - 1);
      const own =
        (inHeading.includes(term) ? 8 : 0) +
        (inTitle.includes(term) ? (heading === '' ? 9 : 3) : 0) +
        times +
        (times > 0 && isWord(inText, term) ? 2 : 0);
      if (own === 0) return 0;
      score += own;
    }
    return score;
  }

  function isWord(text, term) {
    const at = text.indexOf(term);
    return !/[\p{L}\p{N}_]/u.test((text[at - 1] ?? ' ') + (text[at + term.length] ?? ' ').slice(0, 1));
  }

  function resultOf([title, heading, target, text]) {
    const link = Object.assign(document.createElement('a'), { href: target });
    link.textContent = heading === '' ? title : `${title} › ${heading}`;
    const excerpt = document.createElement('p');
    excerpt.append(...marked(excerptOf(text)));
    const item = document.createElement('li');
    item.append(link, excerpt);
    return item;
  }

  /** What stands around the first term. */
  function excerptOf(text) {
    const places = terms.map((term) => text.toLowerCase().indexOf(term)).filter((at) => at >= 0);
    const from = Math.max(0, (places.length === 0 ? 0 : Math.min(...places)) - EXCERPT / 3);
    const start = from === 0 ? 0 : text.indexOf(' ', from) + 1;
    const end = start + EXCERPT;
    return `${start > 0 ? '… ' : ''}${text.slice(start, end)}${end < text.length ? ' …' : ''}`;
  }

  function marked(text) {
    const pattern = terms.map((term) => term.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    return text.split(new RegExp(`(${pattern})`, 'gi')).map((part, at) => {
      if (at % 2 === 0) return part;
      return Object.assign(document.createElement('mark'), { textContent: part });
    });
  }
})();
