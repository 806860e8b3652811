import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** What names pages of docs/ in comments, help and messages. */
const SOURCES: readonly string[] = ['bench', 'console/src', 'deploy', 'fuzz', 'src', 'test', 'wasm'];
const SOURCE_FILES: readonly string[] = ['Dockerfile', 'compose.yaml', 'docs/alerts.yml'];
const MAX_WORDS = 1_500;
const MAX_COMMENT = 100;

test('every relative link of the documents leads to a file, and to a heading in it', () => {
  const lost: string[] = [];
  let found = 0;
  for (const file of pages()) {
    for (const target of linksOf(read(file))) {
      found++;
      const [to = '', anchor] = target.split('#');
      const page = to === '' ? file : path.posix.join(path.posix.dirname(file), decodeURIComponent(to));
      if (!leadsSomewhere(page, anchor)) lost.push(`${file}: ${target}`);
    }
  }
  assert.ok(found > 300, `only ${found} links were found`);
  assert.deepEqual(lost, []);
});

test('no comment of the code is wider than 100 columns', () => {
  const folders = [...SOURCES.filter((folder) => folder !== 'deploy'), 'scripts'];
  const wide = folders
    .flatMap((folder) => filesIn(folder, /\.(ts|tsx|cts|mjs|sql)$/))
    // the one is generated, the other writes a document
    .filter((file) => file !== 'src/client/paths.ts' && file !== 'bench/document.ts')
    .flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, at) => (isComment(line) && line.length > MAX_COMMENT ? `${file}:${at + 1}` : [])),
    );
  assert.deepEqual(wide, []);
});

test('every page of docs/ that the code names is there, and so is its heading', () => {
  const lost: string[] = [];
  let found = 0;
  const files = SOURCES.flatMap((folder) => filesIn(folder, /\.(ts|tsx|cts|sql|yaml|yml|service)$/));
  for (const file of [...files, ...SOURCE_FILES]) {
    for (const [, page = '', anchor] of read(file).matchAll(/\b(docs\/[\w/-]+\.md)(?:#([\w-]+))?/g)) {
      found++;
      if (!leadsSomewhere(page, anchor)) lost.push(`${file}: ${page}${anchor ? `#${anchor}` : ''}`);
    }
  }
  assert.ok(found > 20, `only ${found} names were found`);
  assert.deepEqual(lost, []);
});

test('the pages of a folder are read in one sitting each; those of docs/internals have a picture', () => {
  for (const folder of ['docs/internals', 'docs/operations', 'docs/scaling']) {
    const parts = filesIn(folder, /\.md$/);
    assert.ok(parts.length > 2, `only ${parts.length} pages were found in ${folder}`);
    for (const part of parts) {
      const words = read(part).split(/\s+/).length;
      assert.ok(words <= MAX_WORDS, `${part} has ${words} words, at most ${MAX_WORDS} are one sitting`);
    }
  }
  for (const part of filesIn('docs/internals', /\.md$/)) {
    const text = read(part);
    assert.match(text, /^```\n[^`]*[│┌─►▼]|!\[[^\]]*\]\(/m, `${part} has no picture`);
  }
});

test('docs/operations/settings.md says of every setting what it is for, and has no other', () => {
  const names = Object.keys(readConfig({}, {}));
  const rows = read('docs/operations/settings.md').matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm);
  const told = [...rows].flatMap(([, cell = '', variables = '']) => {
    const settings = [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    const wanted = settings.map((name) => `\`MUSTER_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}\``);
    if (settings.length > 0) assert.equal(variables, wanted.join(', '), cell);
    return settings;
  });
  assert.deepEqual(told.sort(), names.sort());
});

test('headings have the anchors that GitHub gives them', () => {
  const text = '# One `two`\n## A, b: c-d_e\n```\n# not one\n```\n## [Named](x.md) & more\n## One two\n';
  assert.deepEqual([...anchorsOf(text)], ['one-two', 'a-b-c-d_e', 'named--more', 'one-two-1']);
});

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function filesIn(folder: string, name: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split(path.sep).join('/')}`)
    .filter((file) => name.test(file) && !file.includes('node_modules'));
}

function pages(): string[] {
  const ofRoot = readdirSync(ROOT).filter((file) => file.endsWith('.md'));
  return [...ofRoot, ...filesIn('docs', /\.md$/)];
}

/** The targets of links and pictures that lead to no other site. */
function linksOf(text: string): string[] {
  const targets = [
    ...withoutCode(text).matchAll(/\]\(<?([^()\s>]+)>?(?: "[^"]*")?\)|(?:src|href)="([^"]+)"/g),
  ];
  return targets.map(([, inText, inTag]) => inText ?? inTag ?? '').filter((url) => !/^[a-z]+:/i.test(url));
}

function leadsSomewhere(page: string, anchor: string | undefined): boolean {
  if (!existsSync(path.join(ROOT, page))) return false;
  return anchor === undefined || (page.endsWith('.md') && anchorsOf(read(page)).has(anchor));
}

/** The text without blocks of code, and without what stands in back-ticks. */
function withoutCode(text: string): string {
  return withoutBlocks(text).replaceAll(/`[^`\n]*`/g, '``');
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^(```+)[^\n]*\n[\s\S]*?^\1\s*$/gm, '');
}

function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(text).matchAll(/^#{1,6} (.*)$/gm)) {
    const words = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}\-_ ]/gu, '').replaceAll(' ', '-');
    let name = anchor;
    for (let i = 1; anchors.has(name); i++) name = `${anchor}-${i}`;
    anchors.add(name);
  }
  return anchors;
}

/** A line that is nothing but a comment; instructions to the linter have to be one line. */
function isComment(line: string): boolean {
  return /^\s*(\/\/|\/\*|\* |-- )/.test(line) && !line.includes('biome-ignore');
}
