import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { startService } from '../helper.ts';
import { openConsole } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How light the page is, from 0 to 765. */
const LIGHTNESS = `getComputedStyle(document.body).backgroundColor.match(/\\d+/g)
  .slice(0, 3).reduce((sum, part) => sum + Number(part), 0)`;
const IS_DRAWN = `[...document.querySelectorAll('main img')].every((image) => image.complete && image.naturalWidth > 0)`;
const TOO_WIDE = 'document.documentElement.scrollWidth - window.innerWidth';
const SERIOUS = `axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`;

test('pages of the documentation are read on a phone and by night, with pictures, and lead on', async (t) => {
  const service = await startService(t);
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openConsole(t, service, { path: '/docs/concepts.html', token: null, colorScheme });
    assert.equal(((await page.evaluate(LIGHTNESS)) as number) > 384, colorScheme === 'light');
    assert.equal(await page.evaluate(IS_DRAWN), true);
    await page.evaluate(`(() => { ${AXE} })()`);
    assert.deepEqual(await page.evaluate(SERIOUS), []);
    await page.setViewportSize({ width: 360, height: 740 });
    for (const name of ['index', 'api', 'commands', 'cli', 'performance', 'concepts']) {
      await page.goto(`/docs/${name}.html`);
      assert.ok(((await page.evaluate(TOO_WIDE)) as number) <= 0, `${name} is wider than a phone`);
    }
    await page.getByRole('link', { name: 'All pages' }).click();
    const pages = page.getByRole('navigation', { name: 'All pages' });
    await pages.getByRole('link', { name: 'Getting started' }).click();
    await page.getByRole('heading', { level: 1, name: 'Getting started' }).waitFor();
    await page.evaluate(`(() => { ${AXE} })()`);
    assert.deepEqual(await page.evaluate(SERIOUS), []);
  }
});

test('the console leads to the documentation, from the session menu and from the help', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/imports' });
  await page.getByRole('button', { name: 'Session' }).click();
  await page.getByRole('menuitem', { name: 'Documentation' }).click();
  await page.waitForURL('**/docs/index.html');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.goto('/datamarts/1/imports');
  await page.getByRole('heading', { name: 'Imports', level: 1 }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByRole('link', { name: 'Documentation' }).click();
  await page.waitForURL('**/docs/index.html');
});

test('the search finds a code, a flag and a part of a page, from each page and from a folder', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service, { path: '/docs/operations/install.html', token: null });
  const results = page.locator('#results li');
  await page.getByRole('searchbox').first().fill('UNKNOWN_SEGMENT');
  await page.keyboard.press('Enter');
  await page.getByText(/^Results for “UNKNOWN_SEGMENT”/).waitFor();
  assert.ok(await results.filter({ hasText: 'User segment commands › Codes' }).isVisible());
  await page.evaluate(`(() => { ${AXE} })()`);
  assert.deepEqual(await page.evaluate(SERIOUS), []);

  await page.goto('/docs/search.html?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E');
  await page.getByText(/^Nothing found for “<img src=x/).waitFor();

  const file = new URL('../../dist/docs/search.html?q=max-shrink-ratio%20replace', import.meta.url);
  await page.goto(file.href);
  await results.getByRole('link', { name: /muster import/ }).click();
  await page.getByRole('heading', { name: 'muster import', exact: true }).waitFor();
  assert.match(page.url(), /cli\.html#muster-import$/);
});
