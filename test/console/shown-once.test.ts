import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf } from '../client.ts';
import { startService } from '../helper.ts';
import { startReceiver } from '../receiver.ts';
import { openConsole } from './browser.ts';

test('the value of a new token and the secret of a new webhook stay until they are dismissed by their button', async (t) => {
  const service = await startService(t, { webhookAllowPrivate: true });
  const receiver = await startReceiver(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/settings/tokens' });
  const dialog = page.getByRole('dialog');
  const tryToLose = async () => {
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    await page.keyboard.press('Escape');
    await page.waitForTimeout(300);
  };

  await page.getByRole('button', { name: 'New token' }).click();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'New token' }).click();
  await dialog.getByLabel('Name').fill('nightly');
  await dialog.getByRole('button', { name: 'Create token' }).click();
  await dialog.getByText('Copy it now').waitFor();
  await tryToLose();
  const value = (await dialog.locator('pre').textContent()) ?? '';
  assert.equal((await clientOf(service.baseUrl, value).call('GET', '/v1/datamarts')).status, 200);
  assert.equal(await dialog.getByRole('button', { name: 'Close' }).count(), 1, 'one button closes it');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });

  await page.goto('/datamarts/1/settings/webhooks');
  await page.getByRole('button', { name: 'New webhook' }).first().click();
  await dialog.getByLabel('URL').fill(receiver.url);
  await dialog.getByRole('button', { name: 'Create webhook' }).click();
  await dialog.getByText('Copy the secret now').waitFor();
  await tryToLose();
  assert.match((await dialog.locator('pre').textContent()) ?? '', /\S{20,}/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
});
