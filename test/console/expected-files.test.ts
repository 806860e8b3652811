import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { openConsole } from './browser.ts';

const DAY_MS = 86_400_000;

test('an import says when its next file is due, and home which one is late', async (t) => {
  let now = Date.now() - 2 * DAY_MS;
  const service = await startService(t, { sweepIntervalMs: 50 }, () => now);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const line =
    '{"operation":"UPDATE","user_account_id":"1","segment_technical_name":"vip","expiration_duration":0}\n';
  await runFile(service, 'NDJSON', line, { documentImportId });
  const { page, picture } = await openConsole(t, service, {
    path: `/datamarts/1/imports/${documentImportId}`,
  });
  // on the page of the import
  const expected = page.locator('main');
  await expected.getByText('Files may come at any time.').waitFor();
  await expected.getByRole('button', { name: 'Set when files are due' }).click();
  const dialog = page.getByRole('dialog', { name: 'Expected files' });
  await dialog.getByLabel('Time zone').fill('Mars/Olympus');
  await dialog.getByLabel('Minimum lines').fill('1000');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText(/time zone such as Europe\/Paris/).waitFor();
  await dialog.getByLabel('Time zone').fill('Europe/Paris');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expected.getByText('Nothing due yet').waitFor();
  await expected.getByText('Every 1d by 06:00 (Europe/Paris), at least 1,000 lines').waitFor();
  await expected.getByText('Unusual size').waitFor();
  await expected.getByRole('link', { name: 'run 1', exact: true }).waitFor();

  now = Date.now();
  await page.goto('/datamarts/1/home');
  const row = page.getByRole('region', { name: 'Expected files' }).getByRole('row').nth(1);
  // the file of the first day never came, and that of the second has not
  await row.getByText(/^(Missing|Late)$/).waitFor();
  await picture('expected-files');
  await row.getByRole('link', { name: 'test NDJSON' }).click();
  await expected.getByRole('button', { name: 'Change' }).click();
  await dialog.getByRole('button', { name: 'Expect nothing' }).click();
  await expected.getByText('Files may come at any time.').waitFor();
  assert.equal((await service.store.documentImports.get(documentImportId))?.expect, null);
});
