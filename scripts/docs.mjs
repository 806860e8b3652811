// Makes pages of README and docs/ in dist/docs: they need no network and no server, and work from a
// folder too. Only the page of the search needs a script.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Marked } from 'marked';
import { getHeadingList, gfmHeadingId } from 'marked-gfm-heading-id';
import { searchIndex } from './docs/search-index.mjs';

const OUT = 'dist/docs';
const SOURCES = new URL('./docs/', import.meta.url);

/**
 * The pages in their order; what is in docs/ and not here comes last. Pages in a folder stand below
 * the page of its name.
 */
const GROUPS = [
  ['Start', ['index', 'getting-started', 'concepts', 'comparison', 'console']],
  [
    'Use',
    [
      'cli',
      'commands',
      'mapping',
      'recipes',
      'warehouses',
      'airflow',
      'client',
      'api',
      'reference',
      'access',
    ],
  ],
  ['Run', ['operations', 'scaling', 'serving-runs', 'faults', 'performance', 'security', 'changelog']],
  ['Inside', ['spec', 'glossary', 'internals', 'attacks', 'torture', 'dependencies', 'contributing']],
];
const TITLES = { index: 'What Muster is' };
const MAX_HEADINGS = 60;
const SEARCH_PAGE = {
  name: 'search',
  title: 'Search',
  headings: [],
  html: `<h1>Search</h1>
<p id="status" role="status">The search needs JavaScript.</p>
<ul id="results"></ul>
<script src="search-index.js"></script>
<script src="search.js"></script>`,
};

/**
 * Makes all pages: those of git, and those whose text is `generated`, by file. Throws for a link to
 * a file that is not there.
 */
export function makeDocs(generated) {
  mkdirSync(OUT, { recursive: true });
  const pages = readPages(generated);
  for (const page of pages.values()) page.html = render(page, pages);
  for (const page of [...pages.values(), SEARCH_PAGE]) {
    const file = path.join(OUT, `${page.name}.html`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, layout(page, pages));
  }
  cpSync('docs/images', path.join(OUT, 'images'), { recursive: true });
  for (const file of ['style.css', 'search.js']) cpSync(new URL(file, SOURCES), path.join(OUT, file));
  writeFileSync(path.join(OUT, 'search-index.js'), searchIndex(pages));
}

/** By source file: its name here, its title, its text. */
function readPages(generated) {
  const own = { 'README.md': 'index' };
  for (const file of Object.keys(generated)) own[file] = file.slice('docs/'.length, -'.md'.length);
  for (const file of ['SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md'])
    own[file] = path.basename(file, '.md').toLowerCase();
  for (const file of readdirSync('docs', { recursive: true }).filter((name) => name.endsWith('.md'))) {
    const name = file.split(path.sep).join('/').slice(0, -'.md'.length);
    own[`docs/${name}.md`] = name.replace(/\/README$/, '');
  }
  const pages = new Map();
  for (const [file, name] of Object.entries(own)) {
    const text = generated[file] ?? readFileSync(file, 'utf8');
    const title = TITLES[name] ?? /^# (.*)$/m.exec(text)?.[1].replaceAll('`', '') ?? name;
    pages.set(file, { file, name, title, text });
  }
  return pages;
}

function render(page, pages) {
  const marked = new Marked({ gfm: true }, gfmHeadingId());
  marked.use({
    walkTokens(token) {
      if (token.type === 'link' || token.type === 'image') token.href = hrefIn(page, token.href, pages);
    },
    renderer: {
      // wide tables scroll by themselves, and so does code: with the keyboard, too
      code(token) {
        return Object.getPrototypeOf(this).code.call(this, token).replace('<pre>', '<pre tabindex="0">');
      },
      table(token) {
        return `<div class="wide" tabindex="0">${Object.getPrototypeOf(this).table.call(this, token)}</div>\n`;
      },
      html({ text }) {
        if (text.trim() === '<br>') return text;
        throw new Error(`${page.file}: no HTML but <br> is expected, got ${text}`);
      },
    },
  });
  const html = marked.parse(page.text);
  page.headings = getHeadingList();
  return html;
}

/**
 * Where a link of a page leads among the pages that are made; a file that is no page is copied
 * beside them.
 */
function hrefIn(own, href, pages) {
  const { file } = own;
  if (/^[a-z]+:/i.test(href) || href.startsWith('#')) return href;
  const [target = '', anchor] = href.split('#');
  const source = path.posix.normalize(path.posix.join(path.posix.dirname(file), decodeURIComponent(target)));
  const end = anchor === undefined ? '' : `#${anchor}`;
  const page = pages.get(source);
  if (page !== undefined) return `${from(own, `${page.name}.html`)}${end}`;
  if (source.startsWith('docs/images/')) return from(own, source.slice('docs/'.length));
  if (source.startsWith('..') || !existsSync(source)) throw new Error(`${file}: there is no ${href}`);
  cpSync(source, path.join(OUT, 'files', source));
  return from(own, `files/${source}${end}`);
}

/** Where a file of the pages lies, as seen from one of them. */
function from({ name }, target) {
  return path.posix.relative(path.posix.dirname(name), target);
}

function layout(page, pages) {
  const byName = new Map([...pages.values()].map((each) => [each.name, each]));
  const listed = new Set(GROUPS.flatMap(([, names]) => names));
  const others = [...byName.keys()].filter((name) => !listed.has(name) && !name.includes('/')).sort();
  const groups = others.length === 0 ? GROUPS : [...GROUPS, ['More', others]];
  const links = groups.map(([title, names]) => {
    const items = names.flatMap((name) => byName.get(name) ?? []).map((each) => itemOf(each, page, byName));
    return `<h2>${title}</h2>\n<ul>\n${items.join('\n')}\n</ul>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(page.title)} · Muster</title>
<link rel="stylesheet" href="${from(page, 'style.css')}">
</head>
<body>
<header><a href="${from(page, 'index.html')}">Muster</a> <a href="#pages">All pages</a> ${searchForm(page)}</header>
<main>
${page.html}
</main>
<nav class="pages" id="pages" aria-label="All pages">
<p><a href="${from(page, 'index.html')}">Muster</a></p>
${searchForm(page)}
${links.join('\n')}
<h2>API</h2>
<ul>
<li><a href="/docs">Try calls</a></li>
</ul>
</nav>
${outline(page)}
</body>
</html>
`;
}

/** Where something is looked for: on the page of the search, which has the only script. */
function searchForm(page) {
  const input = '<input type="search" name="q" aria-label="Search the documentation" placeholder="Search">';
  return `<form action="${from(page, 'search.html')}" role="search">${input}</form>`;
}

/**
 * A page in the list of all; where it is the one that is read, or the one above that, with those
 * below it.
 */
function itemOf({ name, title }, current, byName) {
  const here = name === current.name ? ' aria-current="page"' : '';
  const below = current.name.split('/')[0] === name ? pagesBelow(name, byName) : [];
  const items = below.map((each) => itemOf(each, current, byName)).join('\n');
  const list = items === '' ? '' : `\n<ul>\n${items}\n</ul>\n`;
  return `<li><a href="${from(current, `${name}.html`)}"${here}>${escaped(title)}</a>${list}</li>`;
}

function pagesBelow(name, byName) {
  return [...byName.values()].filter((page) => page.name.startsWith(`${name}/`));
}

/** The parts of a long page. */
function outline({ headings }) {
  const parts = headings.filter(({ level }) => level === 2 || level === 3);
  const shown = parts.length > MAX_HEADINGS ? parts.filter(({ level }) => level === 2) : parts;
  if (shown.length < 3) return '';
  const items = shown.map(({ id, text, level }) => `<li class="h${level}"><a href="#${id}">${text}</a></li>`);
  return `<nav class="outline" aria-label="On this page">\n<h2>On this page</h2>\n<ul>\n${items.join('\n')}\n</ul>\n</nav>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
