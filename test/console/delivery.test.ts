import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { runFile } from '../client.ts';
import { makeFolder } from '../folder.ts';
import { startService } from '../helper.ts';
import { openConsole } from './browser.ts';

const BUILT = path.resolve(import.meta.dirname, '../../dist/console');
const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');
const MOST_FIRST_BYTES = 300_000;

test('the first screen loads less than 300 KB, compressed', async (t) => {
  const service = await startService(t);
  await runFile(service, 'NDJSON', '{}\n');
  const { page, context } = await openConsole(t, service, { token: null });
  await page.getByLabel('API token').waitFor();
  const loaded = new Set<string>();
  const fresh = await context.newPage();
  fresh.on('response', (response) => loaded.add(new URL(response.url()).pathname));
  await fresh.addInitScript(`sessionStorage.setItem('muster.token', '${service.token}')`);
  await fresh.goto('/');
  // its chart too
  await fresh.getByRole('figure', { name: /1 failed/ }).waitFor();
  await fresh.waitForLoadState('networkidle');
  const files = [...loaded].filter((name) => name.startsWith('/assets/'));
  assert.ok(files.length >= 2, files.join(', '));
  const bytes = [...files, '/index.html']
    .map((name) => gzipSync(readFileSync(path.join(BUILT, name))).length)
    .reduce((sum, length) => sum + length, 0);
  t.diagnostic(`first screen: ${files.length} files, ${bytes} bytes compressed`);
  assert.ok(bytes < MOST_FIRST_BYTES, `${bytes} bytes`);
});

test('each class of the component library that the scripts have is in the styles', () => {
  const folder = path.join(BUILT, 'assets');
  const classesOf = (extension: string) =>
    new Set(
      readdirSync(folder)
        .filter((name) => name.endsWith(extension))
        .flatMap((name) => classesIn(readFileSync(path.join(folder, name), 'utf8'))),
    );
  const library = createRequire(import.meta.url).resolve('@mantine/core/styles.css');
  const styled = new Set(classesIn(readFileSync(library, 'utf8')));
  const styles = classesOf('.css');
  const used = [...classesOf('.js')].filter((name) => styled.has(name));
  assert.ok(used.length > 200, `only ${used.length} classes were found`);
  assert.deepEqual(
    used.filter((name) => !styles.has(name)),
    [],
    'console/src/mantine-styles.ts lists the styles of all components that are used',
  );
});

/** The class names of the component library in a script or in styles. */
function classesIn(text: string): readonly string[] {
  return text.match(/\bm_[0-9a-z]{6,8}\b/g) ?? [];
}

test('the page runs its own scripts alone; its files are kept for a year, the page itself is not', async (t) => {
  const service = await startService(t);
  const page = await service.call('GET', '/', undefined, { accept: 'text/html' });
  assert.equal(page.status, 200);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy.replace(/style-src[^;]*/, ''), /unsafe/);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  for (const [, attributes = '', content = ''] of page.text.matchAll(
    /<script([^>]*)>([\s\S]*?)<\/script>/g,
  )) {
    assert.match(attributes, / src="\/assets\//);
    assert.equal(content, '');
  }
  const asset = /src="(\/assets\/[^"]+\.js)"/.exec(page.text)?.[1] ?? '';
  const script = await service.call('GET', asset);
  assert.equal(script.status, 200);
  assert.match(script.headers.get('content-type') ?? '', /javascript/);
  assert.match(script.headers.get('cache-control') ?? '', /max-age=31536000, immutable/);
  assert.match(script.headers.get('content-security-policy') ?? '', /default-src 'none'/);
});

test('pages of the console are served by their paths to browsers, and to nobody else', async (t) => {
  const service = await startService(t);
  const html = { accept: 'text/html,application/xhtml+xml' };
  const page = await service.call('GET', '/datamarts/1/segments/7?x=1', undefined, html);
  assert.match(page.text, /<div id="root">/);
  for (const [method, path, headers] of [
    ['GET', '/datamarts/1/segments', {}],
    ['POST', '/datamarts/1/segments', html],
    ['GET', '/v1/nothing', html],
    ['GET', '/v1', html],
    ['GET', '/health/nothing', html],
    ['GET', '/assets/nothing.js', html],
    ['GET', '/assets/..%2Findex.html', html],
    ['GET', '/assets/%2E%2E%2F.vite%2Fmanifest.json', html],
  ] as const) {
    const { status, json } = await service.call(method, path, undefined, headers);
    assert.equal(status, 404, `${method} ${path}`);
    assert.equal((json as { error_code: string }).error_code, 'NOT_FOUND');
  }
});

test('what empty pages say for a terminal works against this very service', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/imports' });
  await page.getByText('No imports yet').waitFor();
  const [curl = '', cli = ''] = await page.locator('main pre').allTextContents();
  await shell(service.token, curl);
  await shell(service.token, cli);
  await page.goto('/datamarts/1/users');
  await page.getByText('With curl').waitFor();
  const [lookUp = '', lookUpCli = ''] = await page.locator('main pre').allTextContents();
  assert.match(await shell(service.token, lookUp), /"segment_technical_name":"first"/);
  assert.match(await shell(service.token, lookUpCli), /first/);
});

/**
 * Runs lines as whoever copies them would, with `muster` being the program that was built; resolves
 * to what they print.
 */
async function shell(token: string, lines: string): Promise<string> {
  const folder = await makeFolder();
  const script = `muster() { "${process.execPath}" "${CLI}" "$@"; }; curl() { command curl -sS --fail-with-body "$@"; }; ${lines}`;
  const { stdout } = await promisify(execFile)('bash', ['-ec', script], {
    cwd: folder,
    env: { ...process.env, MUSTER_TOKEN: token },
  });
  await rm(folder, { recursive: true });
  return stdout;
}
