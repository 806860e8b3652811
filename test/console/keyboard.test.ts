import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileChooser, Locator, Page } from 'playwright-core';
import { createSegment, getSegment } from '../client.ts';
import { startService } from '../helper.ts';
import { openConsole, withoutBrowser } from './browser.ts';

const FILE = {
  name: 'typed.ndjson',
  mimeType: 'text/plain',
  buffer: Buffer.from(
    '{"operation":"UPDATE","user_account_id":"1","segment_technical_name":"vip","expiration_duration":0}\n',
  ),
};

test('from sign-in to a look-up with the keyboard alone', { skip: withoutBrowser() }, async (t) => {
  const service = await startService(t);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const { page } = await openConsole(t, service, { token: null });
  const { keyboard } = page;
  // the field has the focus
  await untilFocused(page, page.getByLabel('API token'));
  await keyboard.type(service.token);
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor();
  await tabTo(page, 'Imports');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Imports', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Imports', exact: true }).waitFor();

  await keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the content');
  await keyboard.press('Enter');
  await tabTo(page, 'New import');
  await keyboard.press('Enter');
  await untilFocused(page, page.getByRole('dialog').getByLabel('Name'));
  await keyboard.type('typed');
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'typed' }).waitFor();

  await (await chooserByKeyboard(page)).setFiles(FILE);
  await page.getByText('All 1 command').waitFor();
  await tabTo(page, 'Import');
  await keyboard.press('Enter');
  await page.getByText('1 line applied, 0 failed').waitFor();
  assert.equal((await getSegment(service, vip)).user_points_count, 1);

  await keyboard.press('Control+k');
  await untilFocused(page, page.getByRole('textbox', { name: 'Search' }));
  await keyboard.type('vip');
  await page
    .getByRole('option', { name: /VIP/ })
    .or(page.getByRole('button', { name: /VIP vip/ }))
    .first()
    .waitFor();
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'VIP' }).waitFor();
  await tabTo(page, 'Size');
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowRight');
  await page.getByRole('table', { name: 'Members' }).waitFor();
  await keyboard.press('Control+k');
  await untilFocused(page, page.getByRole('textbox', { name: 'Search' }));
  await keyboard.type('1');
  await page.getByText('Look up the user account 1').waitFor();
  while (!(await page.locator('[data-selected]', { hasText: 'Look up' }).count()))
    await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.getByRole('table', { name: 'Memberships' }).getByRole('link', { name: 'VIP' }).waitFor();
});

test('a key opens each page, the search of a page, and the help that lists the keys', {
  skip: withoutBrowser(),
}, async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const { page } = await openConsole(t, service);
  const { keyboard } = page;
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor();
  await keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Help and shortcuts' });
  await help.getByText('Search this page').waitFor();
  await help.getByText('Compartment', { exact: true }).waitFor();
  await help.getByText(/^Muster \d+\.\d+/).waitFor();
  await keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  for (const [key, name] of [
    ['i', 'Imports'],
    ['r', 'Runs'],
    ['o', 'Operations'],
    ['h', 'Home'],
    ['s', 'Segments'],
  ] as const) {
    await keyboard.press('g');
    await keyboard.press(key);
    await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
  }
  const search = page.getByLabel('Search segments');
  await search.waitFor();
  await keyboard.press('/');
  await untilFocused(page, search);
  // what is typed is typed, also where it is a shortcut elsewhere
  await keyboard.type('g i?/');
  assert.equal(await page.getByLabel('Search segments').inputValue(), 'g i?/');
});

/** The button may be drawn anew as the page learns of its import, and loses the focus then. */
async function chooserByKeyboard(page: Page): Promise<FileChooser> {
  for (;;) {
    await tabTo(page, 'Choose files');
    const opened = page.waitForEvent('filechooser', { timeout: 3_000 }).catch(() => null);
    await page.keyboard.press('Enter');
    const chooser = await opened;
    if (chooser !== null) return chooser;
  }
}

/** Waits until what is typed goes to a field, which has the focus a little after it is there. */
function untilFocused(page: Page, field: Locator): Promise<void> {
  return field.and(page.locator(':focus')).waitFor();
}

/** What has the focus: its label, or its text. */
function focused(page: Page): Promise<string> {
  return page.evaluate(
    `(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').trim()`,
  );
}

/** Presses Tab until something has the focus; fails when it cannot be reached. */
async function tabTo(page: Page, name: string): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    const now = await focused(page);
    if (now === name) return;
    seen.push(now.slice(0, 40));
    await page.keyboard.press('Tab');
  }
  assert.fail(`${name} cannot be reached by Tab, which went to ${seen.join(' | ')}`);
}
