// Makes the index that scripts/docs/search.js looks through: the text of each part of each page.

/**
 * Long answers in JSON say nothing that is looked for; every call's members are in a table. A list
 * of changes is no place to learn from.
 */
const LEFT_OUT = /^(?:changelog|reference\/)/;
const ANSWERS = /<pre[^>]*><code class="language-(?:json|http)">.*?<\/pre>/gs;

/** A part of a page: its page's title, its own, where it is, its text. */
export function searchIndex(pages) {
  const parts = [...pages.values()].filter(({ name }) => !LEFT_OUT.test(name)).flatMap(partsOf);
  return `globalThis.DOCS = ${JSON.stringify(parts)};\n`;
}

function partsOf({ name, title, html }) {
  const [intro = '', ...others] = html.replaceAll(ANSWERS, ' ').split(/(?=<h[1-3] id=")/);
  const parts = [...(/^<h1/.test(intro) ? [] : [intro]), ...others].map((part) => {
    const [, level, id, heading = ''] = /^<h([1-3]) id="([^"]*)">(.*?)<\/h\1>/s.exec(part) ?? [];
    const rest = heading === '' ? part : part.slice(part.indexOf('</h') + '</h1>'.length);
    const isPage = level === undefined || level === '1';
    return [title, isPage ? '' : plain(heading), `${name}.html${isPage ? '' : `#${id}`}`, plain(rest)];
  });
  return parts.filter(([, heading, , text]) => heading !== '' || text !== '');
}

/** The text of HTML that marked has made. */
function plain(html) {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
