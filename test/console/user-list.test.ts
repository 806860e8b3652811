import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { createSegment, getSegment } from '../client.ts';
import { startService } from '../helper.ts';
import { downloaded, openConsole } from './browser.ts';

const listOf = (...users: readonly string[]) => ({
  name: 'users.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(`user_account_id,expiration_duration\n${users.map((user) => `${user},0\n`).join('')}`),
});

async function choose(page: Page, file: ReturnType<typeof listOf>): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('dialog').getByLabel('File', { exact: true }).click(),
  ]);
  await chooser.setFiles(file);
}

test('a list of users is checked and then added from the page of its segment', async (t) => {
  const service = await startService(t);
  const id = await createSegment(service, { name: 'VIP' });
  const { page } = await openConsole(t, service, { path: `/datamarts/1/segments/${id}` });
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Upload users' }).click();
  const sample = await downloaded(page, () =>
    dialog.getByRole('button', { name: 'Download sample file' }).click(),
  );
  await choose(page, { ...listOf(), name: sample.name, buffer: Buffer.from(sample.text) });
  await dialog.getByRole('button', { name: 'Check file' }).click();
  await dialog.getByText('3 lines would be applied, 0 would fail').waitFor();
  assert.equal((await getSegment(service, id)).user_points_count, 0);
  await dialog.getByRole('button', { name: 'Add users' }).click();
  await dialog.getByText('3 lines applied, 0 failed').waitFor();
  assert.equal((await getSegment(service, id)).user_points_count, 3);

  // another choice is checked anew
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('button', { name: 'Upload users' }).click();
  await choose(page, { ...listOf(), buffer: Buffer.from('name\nanna\n') });
  await dialog.getByRole('button', { name: 'Check file' }).click();
  await dialog.getByRole('alert').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Add users' }).count(), 0);
});

test('members are replaced by a list only after it is said who would leave, and the name is typed where half would', async (t) => {
  const service = await startService(t);
  const id = await createSegment(service, { name: 'VIP' });
  const lists = `/v1/datamarts/1/audience_segments/${id}/user_list_imports`;
  const { buffer } = listOf('a', 'b', 'c', 'd');
  await service.call('POST', lists, buffer, { 'content-type': 'text/csv' });
  const { page } = await openConsole(t, service, { path: `/datamarts/1/segments/${id}` });
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Upload users' }).click();
  await choose(page, listOf('a'));
  await dialog.getByText('Replace all members').click();
  await dialog.getByRole('button', { name: 'Check file' }).click();
  await dialog.getByText('VIP loses 3 of 4 members (75%).').waitFor();
  const replace = dialog.getByRole('button', { name: 'Replace', exact: true });
  assert.equal(await replace.isDisabled(), true);
  await dialog.getByRole('button', { name: 'Allow 75%' }).click();
  await dialog.getByLabel(/^Half or more would leave/).fill('VIP');
  await replace.click();
  await dialog.getByText('1 line applied, 0 failed').waitFor();
  assert.equal((await getSegment(service, id)).user_points_count, 1);
  await dialog.getByRole('link', { name: 'Details' }).click();
  await page.getByText('3 members left').waitFor();
  await page.getByText('VIP: 4 → 1 members (−75%)').waitFor();
});
