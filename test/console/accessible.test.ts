import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { assertAccessible } from './axe.ts';
import { drop, openConsole } from './browser.ts';
import { makeShopSegments, readShopFile } from './shop.ts';

test('axe finds nothing serious on any page, in light and in dark colors', async (t) => {
  const service = await startService(t);
  const { importId, executionId } = await fill(service);
  const { page } = await openConsole(t, service);
  const base = '/datamarts/1';
  const pages: readonly { path: string; shows: string }[] = [
    { path: `${base}/home`, shows: 'Latest runs' },
    { path: `${base}/runs`, shows: '1–1 of 1 run' },
    { path: `${base}/imports`, shows: 'test NDJSON' },
    { path: `${base}/imports/${importId}/executions/${executionId}`, shows: 'Repeat buyers' },
    { path: `${base}/segments`, shows: 'Repeat buyers' },
    { path: `${base}/segments/1`, shows: 'within 90 days' },
    { path: `${base}/overlaps`, shows: 'In both' },
    { path: `${base}/users?user=user_account_id%3D00006`, shows: 'History' },
    { path: `${base}/operations`, shows: 'Free on disk' },
    { path: `${base}/settings/sources`, shows: 'No import has a source yet.' },
    { path: `${base}/settings/tokens`, shows: 'yours' },
    { path: `${base}/settings/webhooks`, shows: 'No webhooks yet' },
    { path: `${base}/settings/audit`, shows: 'execution 1' },
  ];
  for (const { path, shows } of pages) {
    await page.goto(path);
    await page.getByText(shows).first().waitFor();
    // charts and small lines come a moment later
    await page.waitForTimeout(300);
    await assertAccessible(page, path);
  }
  await page.goto(`${base}/imports/${importId}`);
  await drop(page, { name: 'more.ndjson', text: '{"operation":"UPDATE"}\n' });
  await page.getByText('All 1 command').waitFor();
  await assertAccessible(page, 'an import with a preview');
  await page.getByRole('button', { name: 'Discard' }).click();
  const line = '{"operation":"UPDATE","user_account_id":"1","segment_id":"1","expiration_duration":0}\n';
  await drop(page, { name: 'replacement.ndjson', text: line });
  await page.getByText('Replace segments').click();
  await page.getByRole('button', { name: 'Replace…' }).click();
  await page.getByLabel(/^Half or more would leave/).waitFor();
  await page.waitForTimeout(300);
  await assertAccessible(page, 'the question before a replacement');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Delete import' }).click();
  await page.getByRole('dialog').waitFor();
  await page.waitForTimeout(300);
  await assertAccessible(page, 'a dialog');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  for (const list of ['imports', 'settings/tokens']) {
    await page.goto(`${base}/${list}`);
    await page.getByLabel('Sort by').waitFor();
    await assertAccessible(page, `${list} on a phone`);
  }
  await page.getByRole('button', { name: 'Session' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('API token').waitFor();
  await assertAccessible(page, 'the sign-in');
});

test('dark and light are chosen by hand as well, and remembered', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service);
  const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');
  await page.getByRole('button', { name: 'Dark colors' }).click();
  assert.equal(await scheme(), 'dark');
  await page.reload();
  await page.getByRole('button', { name: 'Light colors' }).waitFor();
  assert.equal(await scheme(), 'dark');
});

async function fill(service: TestService): Promise<{ importId: string; executionId: string }> {
  await makeShopSegments(service);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const { id } = await runFile(service, 'NDJSON', (await readShopFile()).text, { documentImportId });
  return { importId: documentImportId, executionId: id };
}
