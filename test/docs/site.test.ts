import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startService } from '../helper.ts';
import { exchange } from '../raw-socket.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SITE = path.join(ROOT, 'dist/docs');

function pages(): string[] {
  assert.ok(existsSync(SITE), 'the pages are not built: npm run build');
  const names = readdirSync(SITE, { recursive: true, encoding: 'utf8' });
  return names.map((name) => name.split(path.sep).join('/')).filter((name) => name.endsWith('.html'));
}

const read = (name: string) => readFileSync(path.join(SITE, name), 'utf8');

/** What a page leads to: links, pictures, its style. */
function linksOf(html: string): string[] {
  return [...html.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(([, link = '']) =>
    link.replaceAll('&amp;', '&'),
  );
}

const idsOf = (html: string) => new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));

/** The file that a link of a page leads to; null for other sites, and for the page of the API. */
function targetOf(page: string, link: string): string | null {
  if (/^https?:/.test(link) || link === '/docs') return null;
  const [file = ''] = link.split('#');
  return file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURIComponent(file));
}

test('every page of docs/ is made, and is reached from the first by links', () => {
  const sources = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const written = sources
    .filter((name) => name.endsWith('.md'))
    .map((name) =>
      name
        .split(path.sep)
        .join('/')
        .replace(/(?:\/README)?\.md$/, '.html'),
    );
  const wanted = [...written, 'reference.html', 'reference/segments.html', 'search.html'];
  assert.ok(wanted.length > 20);
  const reached = new Set(['index.html']);
  for (const name of reached) {
    for (const link of linksOf(read(name))) {
      const target = targetOf(name, link);
      if (target?.endsWith('.html')) reached.add(target);
    }
  }
  assert.deepEqual(
    wanted.filter((name) => !reached.has(name)),
    [],
  );
  assert.deepEqual([...reached].sort(), pages().sort());
});

test('every link between pages, to their parts and to pictures leads somewhere', () => {
  let followed = 0;
  for (const name of pages()) {
    const html = read(name);
    for (const link of linksOf(html)) {
      const target = targetOf(name, link);
      if (target === null) continue;
      assert.ok(existsSync(path.join(SITE, target)), `${name} leads to ${link}, which is not there`);
      const [, anchor] = link.split('#');
      if (anchor === undefined) continue;
      const ids = idsOf(target === name ? html : read(target));
      assert.ok(ids.has(decodeURIComponent(anchor)), `${name} leads to ${link}: there is no such part`);
      followed += 1;
    }
  }
  assert.ok(followed > 100, `only ${followed} links to parts were found`);
});

test('pages have no script but that of the search, no style in their text, and nothing of the network', () => {
  for (const name of pages()) {
    const html = read(name);
    assert.doesNotMatch(html, /<[^>]*\s(?:style|on\w+)=|<iframe|<script>/i, name);
    assert.equal(html.includes('<script'), name === 'search.html', name);
    const loaded = [...html.matchAll(/<(?:img|link|source|script)[^>]*>/g)].flatMap(([tag]) => linksOf(tag));
    for (const link of loaded) assert.doesNotMatch(link, /^(?:\w+:|\/)/, `${name} loads ${link}`);
  }
  assert.doesNotMatch(read('style.css'), /url\(|@import/);
});

test('the service has them beside the page of the API, under a policy that allows a script to the search alone', async (t) => {
  const service = await startService(t);
  const get = (name: string) => fetch(`${service.baseUrl}/docs/${name}`);
  for (const name of [
    ...pages(),
    'style.css',
    'search.js',
    'search-index.js',
    'images/execution.png',
    'images/concepts.svg',
    'files/docs/alerts.yml',
  ]) {
    const answer = await get(name);
    assert.equal(answer.status, 200, name);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(path.join(SITE, name)), name);
    const policy = answer.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none';/, name);
    assert.doesNotMatch(policy, /connect-src|unsafe/, name);
    assert.equal(policy.includes("script-src 'self'"), name === 'search.html', name);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
  assert.match((await get('concepts.html')).headers.get('content-type') ?? '', /^text\/html; charset=utf-8/i);
  assert.equal((await get('images/concepts.svg')).headers.get('content-type'), 'image/svg+xml');
  assert.match(await (await get('')).text(), /swagger-ui/);
});

test('every call of the API has its entry in the reference, with the role that it needs', async (t) => {
  const service = await startService(t);
  const { paths } = (await (await fetch(`${service.baseUrl}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { readonly summary: string }>>;
  };
  const calls = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary }]) => ({
      ...{ name: `${method.toUpperCase()} ${path}`, summary },
    })),
  );
  assert.ok(calls.length > 80);
  const overview = read('reference.html');
  for (const { name, summary } of calls) {
    const row = overview.split('<tr>').find((each) => each.includes(`<code>${name}</code>`));
    assert.ok(row?.includes(summary.slice(0, 20)), name);
    assert.match(row ?? '', /<td>(?:none|reader|editor|admin)<\/td>/, name);
  }
  assert.match(
    read('reference/api-tokens.html'),
    /POST \/v1\/api_tokens[\s\S]*?<code>expiration_date<\/code>/,
  );
});

test('nothing but the pages can be had there', async (t) => {
  const service = await startService(t);
  for (const name of [
    '../../package.json',
    '..%2f..%2fpackage.json',
    'images/../../../package.json',
    'images/%2e%2e/%2e%2e/cli.js',
    'files/../../cli.js',
    'files/%2e%2e/%2e%2e/cli.js',
    'files//etc/passwd',
    'files/.ssh/id',
    'index.html%00.png',
    'nothing.html',
    'images/',
    'files/docs/',
    'concepts.md',
  ]) {
    // fetch would make another path of it
    const request = `GET /docs/${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const { head, text } = await exchange(service, request);
    assert.match(head, /^HTTP\/1\.1 (?:400|404) /, name);
    assert.match(text, /"error_code":/, name);
  }
});
